//! Pub/Sub envelopes, pushed (`{"message":{"data":…},"subscription":…}`) and pulled (`{"ackId":…,"message":…}`), and messages that
//! stand alone, as a subscription writes them to BigQuery (`{"data":…,"message_id":…,"publish_time":…}`).
//!
//! Beside them, what subscriptions of CloudWatch Logs carry, which is packed the same way.
//!
//! The entry, or a list of them, is base64 inside `data`, sometimes compressed. Delivery is at least once, so identity is the
//! inner entry's, never the message's. Source: <https://cloud.google.com/pubsub/docs/push>.

use std::io::Read;

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};

use super::super::json::Value;
use super::Row;

/// Padding may be left out.
const LAX: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LAX);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LAX);

/// The bytes inside an envelope: `None` when the object is none, an error when its data cannot be decoded.
pub(crate) fn data(row: &Row<'_>, limit: usize) -> Option<Result<Vec<u8>, &'static str>> {
    if row.may_be_packed {
        if let Some(data) = subscribed(row.value(), limit) {
            return Some(data);
        }
        if row.message().is_none() {
            return alone(row.value(), limit);
        }
    }
    let message = row.message().filter(|message| message.is_object())?;
    let object = row.value();
    let encoded = message.some("data")?.as_str()?;
    let envelope = object.get("subscription").is_some()
        || object.get("ackId").is_some()
        || ["messageId", "message_id"].iter().any(|key| message.get(key).is_some());
    if !envelope {
        return None;
    }
    Some(decoded(encoded.into_owned(), limit))
}

/// What a subscription of CloudWatch Logs handed to a function, or to a stream of Kinesis. Source:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>.
fn subscribed(row: Value<'_>, limit: usize) -> Option<Result<Vec<u8>, &'static str>> {
    const OF_KINESIS: [&[u8]; 8] = [
        b"kinesis",
        b"eventSource",
        b"eventVersion",
        b"eventID",
        b"eventName",
        b"invokeIdentityArn",
        b"awsRegion",
        b"eventSourceARN",
    ];
    let mut keys = row.fields().map(|(key, _)| key);
    // Entries of functions hold what they were called with beside what they say.
    let key = match row.some("kinesis") {
        Some(_) if keys.all(|key| OF_KINESIS.contains(&key)) => "kinesis",
        None if keys.all(|key| key == b"awslogs") => "awslogs",
        _ => return None,
    };
    let data = row.some(key).filter(|inner| inner.is_object())?.some("data")?.as_str()?;
    // Any program may put anything into a stream.
    let decoded = decoded(data.into_owned(), limit);
    decoded.as_ref().is_ok_and(|bytes| carries(bytes)).then_some(decoded)
}

/// Whether bytes begin an object or a list.
fn carries(bytes: &[u8]) -> bool {
    matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// The bytes of a message that stands alone. Its column may be of bytes, of text or of JSON, and may hold anything: only what
/// carries an object or a list is told from a row that happens to have such keys.
fn alone(row: Value<'_>, limit: usize) -> Option<Result<Vec<u8>, &'static str>> {
    const COLUMNS: [&[u8]; 10] = [
        b"data",
        b"message_id",
        b"messageId",
        b"publish_time",
        b"publishTime",
        b"attributes",
        b"ordering_key",
        b"orderingKey",
        b"subscription_name",
        b"subscriptionName",
    ];
    let named = ["messageId", "message_id"].iter().any(|key| row.get(key).is_some());
    if !named || !row.fields().all(|(key, _)| COLUMNS.contains(&key)) {
        return None;
    }
    let data = row.some("data")?;
    if data.is_object() {
        return Some(Ok(data.raw().into()));
    }
    let text = data.as_str()?;
    if carries(text.as_bytes()) {
        return Some(Ok(text.into_owned().into_bytes()));
    }
    let decoded = decoded(text.into_owned(), limit);
    decoded.as_ref().is_ok_and(|bytes| carries(bytes)).then_some(decoded)
}

/// The bytes of base64, unpacked where they are packed.
fn decoded(mut encoded: String, limit: usize) -> Result<Vec<u8>, &'static str> {
    // Some tools wrap its lines.
    encoded.retain(|c| !c.is_ascii_whitespace());
    let Ok(bytes) = STANDARD.decode(&encoded).or_else(|_| URL_SAFE.decode(&encoded)) else {
        return Err("the data of the envelope is not base64");
    };
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        let most = limit as u64 + 1;
        if flate2::read::MultiGzDecoder::new(bytes.as_slice()).take(most).read_to_end(&mut plain).is_err() {
            return Err("the data of the envelope is a damaged gzip stream");
        }
        if plain.len() > limit {
            return Err("the data of the envelope is larger than the limit of row-bytes");
        }
        plain
    } else {
        bytes
    };
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::super::json::Tape;
    use super::*;

    fn of(text: &str) -> Option<Result<Vec<u8>, &'static str>> {
        data(&Row::of(Tape::default().parse(text).expect("valid")), 1_000)
    }

    #[test]
    fn decodes_what_an_envelope_carries_and_nothing_else() {
        for data in ["eyJhIjoxfQ==", "eyJhIjoxfQ", "eyJh\\nIjox\\r\\nfQ==\\n"] {
            let text = format!(r#"{{"message":{{"data":"{data}","messageId":"1"}},"subscription":"s"}}"#);
            assert_eq!(of(&text), Some(Ok("{\"a\":1}".into())));
        }
        assert_eq!(of(r#"{"ackId":"x","message":{"data":"!!"}}"#), Some(Err("the data of the envelope is not base64")));
        assert_eq!(of(r#"{"message":{"data":"eyJhIjoxfQ=="}}"#), None, "a row that happens to have such keys");
        assert_eq!(of(r#"{"message":"text","subscription":"s"}"#), None);
    }

    #[test]
    fn decodes_what_a_subscription_of_cloudwatch_carries() {
        let carried = Some(Ok("{\"a\":1}".into()));
        assert_eq!(of(r#"{"awslogs":{"data":"eyJhIjoxfQ=="}}"#), carried);
        assert_eq!(
            of(r#"{"kinesis":{"data":"eyJhIjoxfQ==","partitionKey":"p"},"eventSource":"aws:kinesis"}"#),
            carried
        );
        for row in [
            r#"{"awslogs":{"data":"!"}}"#,
            r#"{"level":"error","message":"put failed","awslogs":{"data":"eyJhIjoxfQ=="}}"#,
            r#"{"level":"error","msg":"put failed","kinesis":{"data":"eyJhIjoxfQ=="}}"#,
            r#"{"kinesis":{"data":"dGlsbCBpcyB1cA=="}}"#,
            r#"{"kinesis":"up","msg":"m"}"#,
            r#"{"awslogs":"up","message":"m"}"#,
        ] {
            assert_eq!(of(row), None, "{row}");
        }
    }

    #[test]
    fn a_message_alone_is_one_where_its_data_carries_rows() {
        for data in [r#""eyJhIjoxfQ==""#, r#""{\"a\":1}""#, r#"{"a":1}"#] {
            let text = format!(
                r#"{{"subscription_name":"s","message_id":"1","publish_time":"2025-09-01 10:00:00 UTC","data":{data}}}"#
            );
            assert_eq!(of(&text), Some(Ok("{\"a\":1}".into())), "{data}");
        }
        for data in [r#""plain text""#, r#""aGVsbG8=""#, "7", "null"] {
            assert_eq!(of(&format!(r#"{{"message_id":"1","publish_time":"x","data":{data}}}"#)), None, "{data}");
        }
        assert_eq!(of(r#"{"publish_time":"x","data":"eyJhIjoxfQ=="}"#), None);
    }
}
