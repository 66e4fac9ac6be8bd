//! What a line of plain text says of itself: its time, and what its format names beside it.
//!
//! Formats are told by their heads: syslog (RFC 3164 and 5424), access logs (common and combined), logfmt, Docker Compose's
//! names before lines, a JSON object behind a time; all others by the time that they begin with. Only what a line says in
//! so many words is taken; the line itself stays the message.

use std::borrow::Cow;

use super::shape::host_and_path;
use crate::record::{Http, Severity};
use crate::time::{self, Parsed};

/// Bytes of a line in which its format shows.
const FRONT: usize = 512;
/// Pairs of logfmt that are looked at.
const PAIRS: usize = 24;

/// What a line says.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    pub(super) time: Option<Parsed>,
    /// It begins an entry, with or without a time.
    pub(super) begins: bool,
    /// What syslog states.
    pub(super) severity: Option<Severity>,
    /// What a key of the line states.
    pub(super) level: Option<Severity>,
    pub(super) service: Option<&'a str>,
    pub(super) instance: Option<&'a str>,
    pub(super) trace: Option<&'a str>,
    pub(super) http: Option<Http<'a>>,
    /// What a service wrote, where the line begins with its name.
    pub(super) named: Option<&'a str>,
    /// The object that makes up the rest of the line.
    pub(super) object: Option<&'a str>,
}

/// Whether a line has a time.
pub(super) fn has_time(line: &str) -> bool {
    of(&uncoloured(line)).time.is_some()
}

/// Whether a line is the first one of an entry.
pub(super) fn has_own_head(line: &str) -> bool {
    of(&uncoloured(line)).begins
}

/// A line without its colours.
pub(super) fn uncoloured(line: &str) -> Cow<'_, str> {
    crate::record::strip_ansi(line).map_or(Cow::Borrowed(line), Cow::Owned)
}

/// Reads one line.
pub(super) fn of(line: &str) -> Said<'_> {
    let line = line.trim_ascii_start();
    let Some(first) = line.as_bytes().first() else { return Said::default() };
    if *first == b'<'
        && let Some(said) = syslog(line)
    {
        return said;
    }
    if let Some((parsed, length)) = time::parse_front(line.trim_start_matches('[')) {
        let brackets = line.len() - line.trim_start_matches('[').len();
        let rest = line[brackets + length..].trim_start_matches([']', ' ', '\t']);
        let object = Some(rest).filter(|rest| rest.starts_with('{') && rest.ends_with('}'));
        return Said { time: Some(parsed), begins: true, object, ..Said::default() };
    }
    bsd(line).or_else(|| access(line)).or_else(|| compose(line)).or_else(|| logfmt(line)).unwrap_or_default()
}

/// `<165>1 2024-01-01T00:00:00.003Z host app 1 - - x` (RFC 5424), `<34>Oct 11 22:14:15 host su[1]: x` (RFC 3164).
fn syslog(line: &str) -> Option<Said<'_>> {
    let (priority, rest) = line[1..].split_once('>').filter(|(priority, _)| (1..=3).contains(&priority.len()))?;
    let priority = priority.parse::<usize>().ok().filter(|priority| *priority < 192)?;
    let severity = Severity::from_syslog(priority % 8);
    let named = |text: &str| !text.is_empty() && text != "-";
    if let Some(rest) = rest.strip_prefix("1 ") {
        let mut words = rest.split(' ');
        let time = time::parse(words.next()?).filter(|_| rest.as_bytes()[0].is_ascii_digit());
        let instance = words.next().filter(|host| named(host));
        let service = words.next().filter(|app| named(app));
        return Some(Said { time, begins: true, severity, instance, service, ..Said::default() });
    }
    Some(Said { severity, ..bsd(rest)? })
}

/// `Oct 11 22:14:15 host su[1]: x`: the year is not there, and no other line says it.
fn bsd(line: &str) -> Option<Said<'_>> {
    let b = line.as_bytes();
    let head = b.first_chunk::<16>()?;
    let month = time::month_named(&head[..3]).is_some();
    let day = matches!(head[4], b' ' | b'1'..=b'3') && head[5].is_ascii_digit();
    let clock = [7, 8, 10, 11, 13, 14].iter().all(|at| head[*at].is_ascii_digit());
    let signs = [(3, b' '), (6, b' '), (9, b':'), (12, b':'), (15, b' ')];
    if !(month && day && clock && signs.iter().all(|(at, sign)| head[*at] == *sign)) {
        return None;
    }
    let mut said = Said { begins: true, ..Said::default() };
    if let Some((host, rest)) = line[16..].split_once(' ') {
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '@')));
        let (tag, rest) = rest.split_at(end.unwrap_or(rest.len()));
        // A tag ends with a colon, its process behind it or not; without one it is a word of the text.
        if !host.is_empty()
            && !tag.is_empty()
            && (rest.starts_with(':') || rest.starts_with('[') && rest.contains("]:"))
        {
            (said.instance, said.service) = (Some(host), Some(tag));
        }
    }
    Some(said)
}

/// `1.2.3.4 - - [02/Jan/2024:03:04:05 +0100] "GET /a HTTP/1.1" 502 157`
fn access(line: &str) -> Option<Said<'_>> {
    let front = &line.as_bytes()[..line.len().min(FRONT)];
    let open = memchr::memchr_iter(b'[', front).find(|at| front.get(at + 3) == Some(&b'/'))?;
    let (parsed, length) = time::parse_front(line.get(open + 1..)?)?;
    let rest = line[open + 1 + length..].strip_prefix("] \"")?;
    let said = Said { time: Some(parsed), begins: true, ..Said::default() };
    let Some((request, rest)) = rest.split_once("\" ") else { return Some(said) };
    let mut words = request.split(' ');
    let (method, target) = (words.next()?, words.next());
    let status = rest.split(' ').next().and_then(status);
    let verb = !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase());
    let http = target.filter(|target| verb && !target.is_empty()).map(|target| {
        let (host, path) = host_and_path(target.into());
        Http { method: Some(method.into()), host, path, status, latency_ns: None }
    });
    Some(Said { http: http.filter(|http| http.status.is_some()), ..said })
}

fn status(text: &str) -> Option<i32> {
    text.parse().ok().filter(|status| (100..600).contains(status))
}

/// `till-1  | 2024-01-02T03:04:05Z x`, as Docker Compose writes the lines of a service's container. A name without a number,
/// or without a dash before it, may be a cell of a table: it is one where a time follows.
fn compose(line: &str) -> Option<Said<'_>> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let (name, rest) = line.split_at(line.find(|c: char| !plain(c))?);
    let behind =
        rest.trim_start_matches(' ').strip_prefix("| ").filter(|_| !name.is_empty() && rest.starts_with(' '))?;
    let said = of(behind);
    let number = |(service, number): &(&str, &str)| {
        service.starts_with(|c: char| c.is_ascii_alphabetic())
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    };
    let numbered = name.rsplit_once(['-', '_']).filter(number);
    if said.time.is_none() && numbered.is_none() {
        return None;
    }
    let service = numbered.map_or(name, |(service, _)| service);
    Some(Said {
        service: said.service.or(Some(service).filter(|service| !service.is_empty())),
        instance: said.instance.or(Some(name)),
        named: Some(behind),
        ..said
    })
}

/// `time=… level=error msg="…"`, in any order.
fn logfmt(line: &str) -> Option<Said<'_>> {
    let mut said = Said::default();
    let (mut method, mut path, mut code, mut rest) = (None, None, None, line);
    for _ in 0..PAIRS {
        let Some((key, value, behind)) = pair(rest) else { break };
        match key {
            "time" | "ts" | "timestamp" | "t" | "@timestamp" => {
                said.time = said.time.or_else(|| time::parse(value).filter(|_| value.len() > 9));
            }
            "level" | "lvl" | "severity" => said.level = said.level.or_else(|| Severity::from_word(value)),
            "service" | "app" => said.service = said.service.or(Some(value)),
            "trace_id" | "traceID" | "trace" => said.trace = said.trace.or(Some(value)),
            "method" => method = Some(value),
            "path" => path = Some(value),
            "status" => code = status(value),
            _ => {}
        }
        rest = behind;
    }
    if let (Some(method), Some(path), Some(_)) = (method, path, code) {
        let (host, path) = host_and_path(path.into());
        let method = Some(method.to_ascii_uppercase().into());
        said.http = Some(Http { method, host, path, status: code, latency_ns: None });
    }
    said.begins = said.time.is_some();
    said.begins.then_some(said)
}

/// Key and value of the pair at the front, which are not empty, and what follows it.
fn pair(text: &str) -> Option<(&str, &str, &str)> {
    let (key, rest) = text.split_once('=')?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'@');
    if key.is_empty() || !key.bytes().all(plain) {
        return None;
    }
    let (value, behind) = match rest.strip_prefix('"') {
        Some(quoted) => {
            let mut escaped = false;
            let end = quoted.bytes().position(|b| {
                let closes = b == b'"' && !escaped;
                escaped = b == b'\\' && !escaped;
                closes
            })?;
            (&quoted[..end], &quoted[end + 1..])
        }
        None => rest.split_at(rest.find(' ').unwrap_or(rest.len())),
    };
    Some((key, if value.is_empty() { "-" } else { value }, behind.trim_start_matches(' ')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(said: &Said<'_>) -> Option<String> {
        said.time.map(|parsed| time::rfc3339_short(parsed.ns))
    }

    fn time_of(line: &str) -> Option<String> {
        at(&of(&uncoloured(line)))
    }

    #[test]
    fn the_time_of_every_usual_format_is_read() {
        for line in [
            "<165>1 2024-01-02T03:04:05Z host app 1 - - x",
            "1.2.3.4 - - [02/Jan/2024:04:04:05 +0100] \"GET /a HTTP/1.1\" 502 157",
            "2024/01/02 03:04:05 [error] 7#7: x",
            "[Tue Jan 02 03:04:05 2024] [core:error] [pid 7] x",
            "2024/01/02 03:04:05 x",
            "level=error ts=2024-01-02T03:04:05Z msg=\"no stock\"",
            "msg=\"no \\\"stock\\\"\" time=\"2024-01-02T03:04:05Z\" level=info",
            "till-1  | 2024-01-02T03:04:05Z x",
            "\u{1b}[90m2024-01-02T03:04:05Z\u{1b}[0m \u{1b}[31mERROR\u{1b}[0m x",
            "2024-01-02T03:04:05Z {\"level\":\"error\"}",
        ] {
            assert_eq!(time_of(line).as_deref(), Some("2024-01-02T03:04:05Z"), "{line}");
            assert!(has_time(line) && has_own_head(line), "{line}");
        }
        for line in
            ["", "x", "<34>", "<999>1 2024-01-02T03:04:05Z", "t=1", "a | b", "time=soon", "a=\"b", "[", "[1/2/3] x"]
        {
            assert_eq!(time_of(line), None, "{line}");
        }
    }

    #[test]
    fn syslog_says_severity_host_and_program() {
        let said = of("<165>1 2024-01-01T00:00:00.003Z host app 1 - - x");
        assert_eq!((said.severity, said.instance, said.service), (Some(Severity::Notice), Some("host"), Some("app")));
        let said = of("<34>Oct 11 22:14:15 host su[1]: x");
        assert_eq!((said.severity, said.instance, said.service), (Some(Severity::Critical), Some("host"), Some("su")));
        assert!(said.begins && said.time.is_none(), "no year, no time");
        let said = of("Oct  1 22:14:15 host kernel: x");
        assert_eq!((said.severity, said.service, said.begins), (None, Some("kernel"), true));
        assert_eq!(of("<13>1 - - - - - x").service, None);
    }

    #[test]
    fn requests_services_and_levels_are_taken_where_a_line_names_them() {
        let said = of("1.2.3.4 - - [02/Jan/2024:03:04:05 +0100] \"GET /a?b HTTP/1.1\" 502 157 \"-\" \"curl\"");
        let http = said.http.expect("a request");
        assert_eq!((http.method.as_deref(), http.path.as_deref(), http.status), (Some("GET"), Some("/a"), Some(502)));
        let said = of("1.2.3.4 - - [02/Jan/2024:03:04:05 +0100] \"-\" 408 0");
        assert!(said.http.is_none() && said.time.is_some());
        let said = of("time=2024-01-02T03:04:05Z msg=\"no stock\" level=warn app=till method=get path=/a status=500");
        assert_eq!((said.level, said.service), (Some(Severity::Warning), Some("till")));
        assert_eq!(said.http.and_then(|http| http.status), Some(500));
        let said = of("till-web-12  | [2024-01-02 03:04:05] local.ERROR: x");
        assert_eq!((said.service, said.instance), (Some("till-web"), Some("till-web-12")));
        let said = of("till_2 |     raise OutOfStock");
        assert_eq!(
            (said.service, said.instance, said.named),
            (Some("till"), Some("till_2"), Some("    raise OutOfStock"))
        );
        assert!(said.time.is_none() && !said.begins);
        for cell in ["till | x", "1-2 | x", "till- | x", "till-1| x"] {
            assert_eq!(of(cell).service, None, "{cell}");
        }
        assert_eq!(of("2024-01-02T03:04:05Z {\"a\":1}").object, Some("{\"a\":1}"));
    }
}
