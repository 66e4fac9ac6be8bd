//! A row whose top-level keys were read once: what its shape is, and where the common fields stand.
//!
//! Asking a row for one key after the other reads all of its keys each time; with dozens of keys that any shape may have, that
//! was most of the time a row took. One pass sets a slot for every key of a Cloud Logging entry and a mark for the keys that
//! tell wrappers from rows. Shapes of other systems ask for the few keys they are known by.

use super::super::json::{Spot, Value};
use super::gcp::Slots;
use super::{Memory, nodejs};

/// Most members of which it is said that they repeat: resource, labels, and what may stand beside them.
pub(crate) const MOST_REPEATS: usize = 4;

/// A JSON object, and what one pass over its keys told.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and all combinations occur")]
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    value: Value<'a>,
    /// The fields of a Cloud Logging entry.
    pub(super) cloud: Slots,
    /// `message`, in which Pub/Sub carries an entry.
    message: Spot,
    /// It has a key that only an entry has.
    pub(super) is_entry: bool,
    /// It has a message, as an entry has one, or an answer around entries.
    pub(super) says: bool,
    /// It has a key under which wrappers put their rows.
    pub(super) may_wrap: bool,
    /// It has a key that only a wrapper has.
    pub(super) is_wrapper: bool,
    /// It has a key that rows cut in pieces have.
    pub(crate) may_go_on: bool,
    /// It has a time at which Pub/Sub took a message, or what a subscription of CloudWatch Logs carries.
    pub(super) may_be_packed: bool,
    /// Members that stood in earlier rows byte by byte.
    repeats: [Spot; MOST_REPEATS],
    /// What earlier rows of its tape were read as.
    pub(super) memory: Option<&'a Memory>,
}

impl<'a> Row<'a> {
    /// Reads the keys of an object; a value that is no object has none.
    pub(crate) fn of(value: Value<'a>) -> Self {
        let mut row = Self {
            value,
            cloud: Slots::default(),
            message: Spot::default(),
            is_entry: false,
            says: false,
            may_wrap: false,
            is_wrapper: false,
            may_go_on: false,
            may_be_packed: false,
            repeats: [Spot::default(); _],
            memory: None,
        };
        let mut met = 0;
        for (key, member) in value.fields() {
            if member.repeat().is_some() && met < MOST_REPEATS {
                row.repeats[met] = member.spot();
                met += 1;
            }
            row.offer(key, member);
        }
        row
    }

    /// With what earlier rows of the same tape were read as, and with no other's.
    pub(crate) fn remember(&mut self, memory: &'a Memory) {
        self.memory = Some(memory);
    }

    /// The object itself.
    pub(crate) fn value(&self) -> Value<'a> {
        self.value
    }

    /// Members that stood in earlier rows of its tape byte by byte, and a number of each: the same number, the same bytes.
    #[inline]
    pub(crate) fn repeats(&self) -> impl Iterator<Item = (u16, &'a str)> {
        let members = self.repeats.iter().map_while(|spot| self.value.at(*spot));
        members.filter_map(|member| Some((member.repeat()?, member.raw())))
    }

    /// Whether it has an `insertId`.
    pub(super) fn has_insert_id(&self) -> bool {
        self.value.at(self.cloud.insert_id).is_some()
    }

    /// What its `message` is.
    pub(super) fn message(&self) -> Option<Value<'a>> {
        self.value.at(self.message)
    }

    #[inline]
    fn offer(&mut self, key: &[u8], value: Value<'a>) {
        let cloud = &mut self.cloud;
        let spot = if value.is_null() { Spot::default() } else { value.spot() };
        match key {
            b"insertId" | b"insert_id" => cloud.insert_id = spot,
            b"timestamp" => {
                cloud.timestamp = spot;
                self.is_entry = true;
                return;
            }
            b"severity" => {
                cloud.severity = spot;
                self.is_entry = true;
                return;
            }
            b"logName" | b"log_name" => cloud.log_name = spot,
            b"jsonPayload" | b"json_payload" => cloud.json = spot,
            b"textPayload" | b"text_payload" => cloud.text = spot,
            b"protoPayload" | b"proto_payload" => cloud.proto = spot,
            b"receiveTimestamp" | b"receive_timestamp" => {
                cloud.own += 1;
                cloud.receive = spot;
                return;
            }
            b"httpRequest" | b"http_request" => {
                cloud.shared += 1;
                cloud.http = spot;
                self.is_entry = true;
                return;
            }
            b"resource" => {
                cloud.shared += 1;
                cloud.resource = spot;
                return;
            }
            b"labels" => return cloud.labels = spot,
            b"trace" => return cloud.trace = spot,
            b"spanId" | b"span_id" => return cloud.span = spot,
            b"sourceLocation" | b"source_location" => return cloud.source = spot,
            b"split" => return cloud.split = spot,
            b"message" => {
                cloud.foreign = true;
                self.message = spot;
                self.says = true;
                return;
            }
            b"time" | b"ts" | b"@timestamp" | b"msg" | b"level" | b"MESSAGE" => {
                cloud.foreign = true;
                self.is_entry = true;
                return;
            }
            b"payload" => {
                cloud.foreign = true;
                cloud.payload = spot;
                return;
            }
            b"log" => {
                cloud.foreign = true;
                self.may_go_on = true;
                self.is_entry = true;
                return;
            }
            b"publish_time" | b"publishTime" | b"awslogs" | b"kinesis" => {
                cloud.foreign = true;
                self.may_be_packed = true;
                return;
            }
            b"logtag" | b"_p" => return self.may_go_on = true,
            b"CONTAINER_PARTIAL_MESSAGE" => {
                cloud.foreign = true;
                self.may_go_on = true;
                return;
            }
            b"specversion" => {
                cloud.foreign = true;
                self.is_wrapper = true;
                return;
            }
            b"raw_logs" => {
                self.is_wrapper = true;
                self.may_wrap = true;
                return;
            }
            b"entries" | b"logEntries" | b"log_entries" | b"logs" | b"events" | b"Events" | b"records" | b"Records"
            | b"results" | b"result" | b"items" | b"data" | b"value" | b"rows" | b"values" | b"datarows"
            | b"messages" | b"logEvents" | b"receivedMessages" | b"received_messages" | b"DEFAULT" | b"DEBUG"
            | b"index" | b"create" | b"update" | b"delete" | b"doc" | b"upsert" | b"INFO" | b"NOTICE" | b"WARNING"
            | b"ERROR" | b"CRITICAL" | b"ALERT" | b"EMERGENCY" => {
                return self.may_wrap = true;
            }
            b"resourceLogs"
            | b"resource_logs"
            | b"logs_by_severity"
            | b"entries_by_severity"
            | b"by_severity"
            | b"detailed_by_severity"
            | b"hits"
            | b"_source"
            | b"scopeLogs"
            | b"scope_logs"
            | b"instrumentationLibraryLogs"
            | b"instrumentation_library_logs"
            | b"logRecords"
            | b"log_records"
            | b"tables"
            | b"streams" => return self.is_wrapper = true,
            b"metadata" => return self.is_entry |= nodejs::is_entry(value),
            b"operation" | b"traceSampled" | b"trace_sampled" | b"errorGroups" => return,
            // BigQuery names the column after the payload's type.
            _ if key.len() > 12 && key[..12].eq_ignore_ascii_case(b"jsonPayload_") => cloud.json = spot,
            _ if key.eq_ignore_ascii_case(b"protoPayload_auditLog") => cloud.audit = spot,
            _ => {
                cloud.foreign = true;
                cloud.special |= key.starts_with(b"logging.googleapis.com");
                return;
            }
        }
        cloud.own += 1;
        self.is_entry = true;
    }
}
