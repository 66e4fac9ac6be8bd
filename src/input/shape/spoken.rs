//! A text that is a line of a format with a head of its own, as a program wrote it and a collector left it: the request of a
//! web server's access log, the two lines of Java's own loggers.
//!
//! What a line of plain text says, the text of a row says as well; the time is the row's. Where the platform counts requests
//! itself, a server's own line of the same one is left as it is.

use std::borrow::Cow;

use super::super::said;
use super::resource;
use crate::record::{Http, Kind, LogRecord};

/// Longest text that is looked at.
const LONGEST: usize = 4096;

/// Takes what such a text says; it has quotes or line ends, so that it stands escaped in its row.
pub(super) fn lift(record: &mut LogRecord<'_>) {
    let text = &*record.message;
    let Some(first) = text.as_bytes().first() else { return };
    match first {
        b'0'..=b'9' | b'[' | b'I' | b':' | b'\x1b'
            if text.len() <= LONGEST
                && record.http.is_none()
                && record.kind == Kind::App
                && !resource::writes_requests(record) =>
        {
            record.http = asked(text);
            record.kind = if record.http.is_some() { Kind::Request } else { Kind::App };
        }
        b'A'..=b'Z' => {
            let Some((module, function, message)) = told(text) else { return };
            record.module = record.module.take().or(Some(module));
            record.function = record.function.take().or(function);
            record.message = message;
        }
        _ => {}
    }
}

/// The request that a line of an access log is about.
fn asked(text: &str) -> Option<Http<'static>> {
    let line = text.trim_ascii_end();
    if line.contains('\n') || memchr::memchr(b'"', line.as_bytes()).is_none() {
        return None;
    }
    let line = said::uncoloured(line);
    let http = said::request_of(&line)?;
    let owned = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
    Some(Http { method: owned(http.method), host: owned(http.host), path: owned(http.path), ..http })
}

/// Class, method and what stands on the line below, where a text is of Java's own loggers.
#[expect(clippy::type_complexity, reason = "three texts of one line, named where they are taken")]
fn told(text: &str) -> Option<(Cow<'static, str>, Option<Cow<'static, str>>, Cow<'static, str>)> {
    let (head, message) = text.split_once('\n')?;
    let (class, method) = said::source_of(head.trim_ascii_end(), message)?;
    let owned = |text: &str| Cow::Owned(text.to_owned());
    Some((owned(class), method.map(owned), owned(message)))
}

#[cfg(test)]
mod tests {
    use super::super::mapped_row as map;
    use crate::record::{Kind, Severity};

    fn row(text: &str, resource: &str) -> crate::record::LogRecord<'static> {
        let text = serde_json::Value::from(text);
        map(&format!(
            r#"{{"insertId":"i","timestamp":"2025-09-01T10:00:00Z","resource":{{"type":"{resource}","labels":{{"service_name":"till"}}}},"textPayload":{text}}}"#
        ))
    }

    #[test]
    fn a_line_of_an_access_log_is_the_request_that_it_is_about() {
        for line in [
            r#"10.2.3.4 - - [02/Jan/2024:03:04:05 +0000] "GET /a?b HTTP/1.1" 502 157 "-" "curl""#,
            r#"127.0.0.1 - - [02/Jan/2024 03:04:05] "GET /a HTTP/1.1" 502 -"#,
            "127.0.0.1 - - [02/Jan/2024 03:04:05] \"\u{1b}[35m\u{1b}[1mGET /a HTTP/1.1\u{1b}[0m\" 502 -\n",
            r#"INFO:     10.2.3.4:5 - "GET /a HTTP/1.1" 502 Bad Gateway"#,
            "\u{1b}[32mINFO\u{1b}[0m:     10.2.3.4:5 - \"\u{1b}[1mGET /a HTTP/1.1\u{1b}[0m\" \u{1b}[91m502 Bad Gateway\u{1b}[0m",
        ] {
            let found = row(line, "k8s_container");
            assert_eq!((found.kind, found.effective_severity), (Kind::Request, Severity::Error), "{line}");
            assert_eq!(found.ts_source.as_deref(), Some("timestamp"));
            let http = found.http.expect("http");
            assert_eq!(
                (http.method.as_deref(), http.path.as_deref(), http.status),
                (Some("GET"), Some("/a"), Some(502)),
                "{line}"
            );
            // The platform's own row of the same request counts.
            let found = row(line, "cloud_run_revision");
            assert_eq!((found.kind, found.http), (Kind::App, None));
        }
        for line in [r#"10.2.3.4 said "GET /a HTTP/1.1" 502 times"#, r#"INFO: the "GET" 502"#, "10 \"x\""] {
            assert_eq!(row(line, "k8s_container").kind, Kind::App, "{line}");
        }
    }

    #[test]
    fn the_two_lines_of_javas_loggers_are_one_message_and_its_place() {
        let found = row(
            "Jan 02, 2024 3:04:05 AM shop.till.Cart sell\nSEVERE: no stock\njava.lang.Error: x\n\tat a.b(C.java:1)",
            "k8s_container",
        );
        assert_eq!(found.message, "SEVERE: no stock\njava.lang.Error: x\n\tat a.b(C.java:1)");
        assert_eq!((found.module.as_deref(), found.function.as_deref()), (Some("shop.till.Cart"), Some("sell")));
        assert_eq!(found.effective_severity, Severity::Error);
        for prose in [
            "Mar 12, 2024 3:04:05 PM meeting minutes\n- the till is out of stock",
            "Mar 12, 2024 3:04:05 PM meeting minutes\nERROR: none",
            "Mar 12, 2024 3:04:05 PM Meeting notes\nwho: ann",
        ] {
            let found = row(prose, "k8s_container");
            assert_eq!((found.message.as_ref(), found.module), (prose, None));
        }
    }
}
