//! `stern -o json`: lines of containers with the names of their pods, and without a time of their own.
//!
//! The time is the line's: the one that `--timestamps` put before it, or that of the JSON that it is. Source:
//! <https://github.com/stern/stern#templates>.

use super::super::said;
use super::generic::fill;
use super::{Row, Shape, first_text, part};
use crate::record::LogRecord;

/// See the module.
pub(super) struct Stern;

impl Shape for Stern {
    fn keys(&self) -> &'static [&'static str] {
        &["podName"]
    }

    fn knows(&self, row: &Row<'_>) -> bool {
        const KEYS: [&[u8]; 7] =
            [b"message", b"nodeName", b"namespace", b"podName", b"containerName", b"labels", b"annotations"];
        let value = row.value();
        ["message", "namespace", "containerName"].iter().all(|key| value.get(key).is_some())
            && value.fields().all(|(key, _)| KEYS.contains(&key))
    }

    fn map<'a>(&self, row: &Row<'a>, record: &mut LogRecord<'a>) {
        let value = row.value();
        fill(value, record);
        let said = |keys: &[&str]| first_text(value, keys);
        record.service = said(&["labels.app", "labels.app.kubernetes.io/name", "containerName"]);
        record.instance = said(&["podName"]);
        record.project = said(&["namespace"]);
        if record.ts_ns.is_some() {
            return;
        }
        let Some((parsed, end)) = said::front_time(&record.message) else { return };
        record.ts_ns = Some(parsed.ns);
        record.ts_naive = parsed.naive;
        record.ts_source = Some("message".into());
        // Kubernetes writes more digits than programs do.
        let fraction = record.message[..end].split_once('.').map_or("", |(_, fraction)| fraction);
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 6 && record.message.as_bytes().get(end) == Some(&b' ') {
            record.message = part(std::mem::take(&mut record.message), |text| &text[end + 1..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::Severity;
    use crate::time::rfc3339_short;

    #[test]
    fn prose_that_begins_with_a_date_is_no_head_of_a_line() {
        let of = |message: &str| {
            map(&format!(
                r#"{{"message":"{message}","nodeName":"n","namespace":"shop","podName":"till-1","containerName":"till"}}"#
            ))
        };
        assert_eq!(of("Mar 12, 2024 3:04:05 PM meeting with the team").ts_ns, None);
        for head in ["Mar 12, 2024 3:04:05 PM till.Cart sell", "Mar 12, 2024 3:04:05 PM ERROR no stock"] {
            assert_eq!(of(head).ts_ns.map(rfc3339_short).as_deref(), Some("2024-03-12T15:04:05Z"), "{head}");
        }
    }

    #[test]
    fn a_line_of_a_container_has_its_own_time() {
        let row = map(
            r#"{"message":"2024-01-02T03:04:05.123456789Z no stock","nodeName":"n","namespace":"shop","podName":"till-1","containerName":"till"}"#,
        );
        assert_eq!(row.ts_ns.map(rfc3339_short).as_deref(), Some("2024-01-02T03:04:05.123456789Z"));
        assert_eq!(
            (row.message.as_ref(), row.service.as_deref(), row.instance.as_deref(), row.project.as_deref()),
            ("no stock", Some("till"), Some("till-1"), Some("shop"))
        );
        let row = map(
            r#"{"message":"2024-01-02 03:04:05,678 ERROR no stock","namespace":"shop","podName":"till-1","containerName":"till"}"#,
        );
        assert!(row.message.starts_with("2024") && row.ts_ns.is_some());
        let row = map(
            r#"{"message":"{\"level\":\"error\",\"time\":\"2024-01-02T03:04:05.678Z\",\"msg\":\"no stock\"}","namespace":"shop","podName":"till-1","containerName":"c","labels":{"app":"till"}}"#,
        );
        assert_eq!(row.ts_ns.map(rfc3339_short).as_deref(), Some("2024-01-02T03:04:05.678Z"));
        assert_eq!(
            (row.message.as_ref(), row.effective_severity, row.service.as_deref()),
            ("no stock", Severity::Error, Some("till"))
        );
    }
}
