//! What a line of plain text says of itself: its time, and what its format names beside it.
//!
//! Formats are told by their heads: syslog (RFC 3164 and 5424), access logs (common, combined, S3, load balancers of AWS),
//! logfmt, Docker Compose's names before lines, programs behind a time (Heroku, journals), a JSON object behind a time; all
//! others by the time that they begin with. Only what a line says in so many words is taken; the line itself stays the message,
//! but for the name of a container or program: a stack that was printed line by line is none with names in it.

use std::borrow::Cow;

use super::shape::host_and_path;
use crate::record::{Http, Severity};
use crate::time::{self, Parsed, Yearless};

/// Bytes of a line in which its format shows.
const FRONT: usize = 512;
/// Pairs of logfmt that are looked at.
const PAIRS: usize = 24;

/// What a line says.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    pub(super) time: Option<Parsed>,
    /// The same, where it lacks the year.
    pub(super) yearless: Option<Yearless>,
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
    compose(line).unwrap_or_else(|| plain(line))
}

/// The same of a line that no container's name stands before: what looks like a second name is none.
fn plain(line: &str) -> Said<'_> {
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
        // Heroku and journals write `2024-01-02T03:04:05+00:00`; behind other times the words may be any.
        let stamp = &line.as_bytes()[brackets..brackets + length];
        let has_offset = stamp.get(10) == Some(&b'T')
            && stamp.get(19..).is_some_and(|zone| zone.iter().any(|b| matches!(b, b'+' | b'-')));
        let said = Some(rest).filter(|_| has_offset).and_then(program);
        let said = said.unwrap_or_else(|| Said { http: balancer(rest), ..Said::default() });
        return Said { time: Some(parsed), begins: true, object, ..said };
    }
    let others = [bsd, klog, access, balanced, logfmt];
    others.iter().find_map(|read| read(line)).unwrap_or_default()
}

/// `app[web.1]: x` of Heroku, and `host su[1]: x` as journals are printed, behind a time.
fn program(line: &str) -> Option<Said<'_>> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b'@');
    let tag = |text: &str| -> Option<(usize, usize)> {
        let open = text.bytes().position(|b| !plain(&b)).filter(|at| *at > 0 && text[*at..].starts_with('['))?;
        let close = open + 1 + text[open + 1..].bytes().position(|b| !plain(&b)).filter(|at| *at > 0)?;
        text[close..].starts_with("]: ").then_some((open, close))
    };
    let (host, rest, (open, close)) = match tag(line) {
        Some(found) => (None, line, found),
        None => line.split_once(' ').and_then(|(host, rest)| Some((Some(host), rest, tag(rest)?)))?,
    };
    let (name, within, behind) = (&rest[..open], &rest[open + 1..close], &rest[close + 3..]);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_process = is_number(within);
    // Without a host it may be anything: `list[index]: x`.
    let is_dyno = || matches!(name, "app" | "heroku");
    // `ERROR[main]: x` and `INFO su[1]: x` name a level.
    let is_level = |word: &str| Severity::from_word(word).is_some();
    let is_host = |word: &str| {
        word.len() > 1
            && word.as_bytes()[0].is_ascii_alphanumeric()
            && word.bytes().all(|b| plain(&b))
            && word.bytes().any(|b| !b.is_ascii_uppercase())
            && !is_level(word)
    };
    let is_named = host.map_or_else(is_dyno, |host| is_process && is_host(host));
    if is_level(name) || !is_named {
        return None;
    }
    let inner = pairs(behind);
    Some(Said {
        service: Some(name),
        instance: host.or(Some(within)),
        named: Some(behind),
        level: inner.level,
        trace: inner.trace,
        http: inner.http,
        ..Said::default()
    })
}

/// A request as Elastic Load Balancing writes it behind its time: balancer, client, target, three times in seconds, the status
/// it answered with, that of the target, bytes in and out, and the request.
fn balancer(line: &str) -> Option<Http<'_>> {
    let (front, request) = line.split_once(" \"")?;
    let words: Vec<&str> = front.split(' ').take(11).collect();
    let [_, client, _, first, second, third, answered, _, _, _] = words[..] else { return None };
    client.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok())?;
    // `-1` where there was no answer.
    let is_time = |text: &str| text == "-1" || text.len() < 12 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let seconds = |text: &str| text.parse::<f64>().ok().filter(|_| is_time(text));
    let times = [seconds(first)?, seconds(second)?, seconds(third)?];
    let latency_s = times.iter().all(|time| (0.0..86_400.0).contains(time)).then(|| times.iter().sum::<f64>());
    let mut words = request.split(' ');
    let method = words.next().filter(|method| !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase()));
    let (host, path) = words.next().map_or((None, None), |target| host_and_path(target.into()));
    Some(Http {
        method: method.map(Into::into),
        host,
        path,
        status: Some(status(answered)?),
        latency_ns: latency_s.map(|time| (time * 1e9).round() as i64),
    })
}

/// `https 2024-01-02T03:04:05.678901Z app/till/50dc6c49 …`: an application load balancer names the protocol first.
fn balanced(line: &str) -> Option<Said<'_>> {
    let (protocol, rest) = line.split_once(' ')?;
    if !matches!(protocol, "http" | "https" | "h2" | "grpcs" | "ws" | "wss") {
        return None;
    }
    let (parsed, length) = time::parse_front(rest)?;
    let http = balancer(rest[length..].trim_start_matches(' '))?;
    Some(Said { time: Some(parsed), begins: true, http: Some(http), ..Said::default() })
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
    let (yearless, length) = Yearless::front(line)?;
    let rest = line[length..].strip_prefix(' ')?;
    // Some write the year behind the clock: no other must be taken for it.
    let stated = rest.split(' ').next().is_some_and(|word| {
        word.len() == 4 && matches!(&word.as_bytes()[..2], b"19" | b"20") && word.bytes().all(|b| b.is_ascii_digit())
    });
    let mut said = Said { yearless: Some(yearless).filter(|_| !stated), begins: true, ..Said::default() };
    if let Some((host, rest)) = rest.split_once(' ') {
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

/// `E0914 10:59:24.465123       1 main.go:42] x`, as Kubernetes' own programs write: no year either.
fn klog(line: &str) -> Option<Said<'_>> {
    let level = match line.as_bytes().first()? {
        b'I' => Severity::Info,
        b'W' => Severity::Warning,
        b'E' => Severity::Error,
        b'F' => Severity::Critical,
        _ => return None,
    };
    let (yearless, length) = Yearless::digits_front(&line[1..])?;
    let (thread, rest) = line[1 + length..].trim_start_matches(' ').split_once(' ')?;
    let (place, _) = rest.split_once("] ")?;
    let (_, number) = place.rsplit_once(':')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (digits(thread) && digits(number) && !place.contains(' ')).then_some(Said {
        yearless: Some(yearless),
        begins: true,
        level: Some(level),
        ..Said::default()
    })
}

/// `1.2.3.4 - - [02/Jan/2024:03:04:05 +0100] "GET /a HTTP/1.1" 502 157`; Amazon S3 has more words before the request.
fn access(line: &str) -> Option<Said<'_>> {
    let front = &line.as_bytes()[..line.len().min(FRONT)];
    let open = memchr::memchr_iter(b'[', front).find(|at| front.get(at + 3) == Some(&b'/'))?;
    let (parsed, length) = time::parse_front(line.get(open + 1..)?)?;
    let rest = line[open + 1 + length..].strip_prefix("] ")?;
    let rest = rest.strip_prefix('"').or_else(|| Some(rest.split_once(" \"")?.1).filter(|rest| is_answered(rest)))?;
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

/// Whether a status stands behind the request that a text begins with.
fn is_answered(rest: &str) -> bool {
    rest.split_once("\" ").is_some_and(|(_, rest)| rest.split(' ').next().and_then(status).is_some())
}

fn status(text: &str) -> Option<i32> {
    text.parse().ok().filter(|status| (100..600).contains(status))
}

/// `till-1  | 2024-01-02T03:04:05Z x`, as Docker Compose writes the lines of a service's container. Where no time follows, it
/// may be a cell of a table: a container's name ends with its number, and two blanks at least stand behind it.
fn compose(line: &str) -> Option<Said<'_>> {
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let (name, rest) = line.split_at(line.find(|c: char| !named(c))?);
    let behind =
        rest.trim_start_matches(' ').strip_prefix("| ").filter(|_| !name.is_empty() && rest.starts_with(' '))?;
    let said = plain(behind);
    let number = |(service, number): &(&str, &str)| {
        service.starts_with(|c: char| c.is_ascii_alphabetic())
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    };
    let numbered = name.rsplit_once(['-', '_']).filter(number);
    if said.time.is_none() && (numbered.is_none() || !rest.starts_with("  ")) {
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
    let said = pairs(line);
    said.begins.then_some(said)
}

/// What the pairs at the front of a text say.
fn pairs(line: &str) -> Said<'_> {
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
    said
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
            assert!(has_own_head(line), "{line}");
        }
        for line in
            ["", "x", "<34>", "<999>1 2024-01-02T03:04:05Z", "t=1", "a | b", "time=soon", "a=\"b", "[", "[1/2/3] x"]
        {
            assert_eq!(time_of(line), None, "{line}");
        }
    }

    #[test]
    fn programs_are_named_behind_a_time() {
        fn named(line: &str) -> (Option<&str>, Option<&str>, Option<&str>) {
            let said = of(line);
            (said.service, said.instance, said.named)
        }
        assert_eq!(
            named("2024-01-02T03:04:05.678+00:00 app[web.1]:     at f (a.js:1:2)"),
            (Some("app"), Some("web.1"), Some("    at f (a.js:1:2)"))
        );
        assert_eq!(named("2024-01-02T03:04:05+0000 box su[12]: no"), (Some("su"), Some("box"), Some("no")));
        for line in [
            "ERROR[main]: x",
            "INFO su[1]: x",
            "[main] su[1]: x",
            "su[1]: x",
            "box su[a]: x",
            "list[index]: x",
            "values[0.5]: x",
            "- su[1]: x",
            "CET su[1]: x",
            "a[b] x",
            "a[]: x",
            "a[: x",
        ] {
            assert_eq!(named(&format!("2024-01-02T03:04:05+00:00 {line}")), (None, None, None), "{line}");
        }
        for time in ["2024-01-02T03:04:05Z", "2024-01-02 03:04:05", "2024-01-02 03:04:05+00:00"] {
            assert_eq!(of(&format!("{time} failed row[17]: bad value")).named, None, "{time}");
        }
        let said =
            of("2024-01-02T03:04:05+00:00 heroku[router]: at=error code=H12 method=GET path=\"/a\" host=till.example \
            dyno=web.1 service=30000ms status=503 bytes=0");
        let http = said.http.expect("a request");
        assert_eq!((http.method.as_deref(), http.path.as_deref(), http.status), (Some("GET"), Some("/a"), Some(503)));
        assert_eq!((said.service, said.instance), (Some("heroku"), Some("router")));
    }

    #[test]
    fn requests_of_load_balancers_and_buckets_are_read() {
        let behind = "app/till/50dc 192.0.2.1:2817 10.0.0.1:80 0.086 0.048 0.037 502 200 0 57 \
            \"GET https://till.example:443/a?b HTTP/1.1\" \"curl/7.46.0\" - -";
        for line in
            [format!("https 2024-01-02T03:04:05.678901Z {behind}"), format!("2024-01-02T03:04:05.678901Z {behind}")]
        {
            let said = of(&line);
            assert_eq!(at(&said).as_deref(), Some("2024-01-02T03:04:05.678901Z"), "{line}");
            let http = said.http.expect("a request");
            assert_eq!((http.method.as_deref(), http.path.as_deref()), (Some("GET"), Some("/a")));
            assert_eq!((http.status, http.latency_ns), (Some(502), Some(171_000_000)));
        }
        let failed =
            of("h2 2024-01-02T03:04:05Z app/till/50dc 192.0.2.1:2817 - -1 -1 -1 503 - 0 57 \"GET / HTTP/1.1\" \"-\"");
        assert_eq!(failed.http.map(|http| (http.status, http.latency_ns)), Some((Some(503), None)));
        assert!(of("2024-01-02T03:04:05Z x 192.0.2.1:1 z inf 1 1 200 a b c \"GET /a HTTP/1.1\"").http.is_none());
        for other in ["h2 soon app/till/50dc", "http 2024-01-02T03:04:05Z x \"y\"", "ftp 2024-01-02T03:04:05Z x"] {
            assert!(of(other).http.is_none(), "{other}");
        }
        let bucket = of("79a5 till [02/Jan/2024:03:04:05 +0000] 192.0.2.3 79a5 3E57 REST.GET.VERSIONING - \
            \"GET /till?versioning HTTP/1.1\" 403 - 113 - 7 - \"-\" \"S3Console/0.4\" -");
        assert_eq!(
            (at(&bucket).as_deref(), bucket.http.and_then(|http| http.status)),
            (Some("2024-01-02T03:04:05Z"), Some(403))
        );
        assert!(of("a [02/Jan/2024:03:04:05 +0000] b \"c\" d").time.is_none());
    }

    #[test]
    fn syslog_says_severity_host_and_program() {
        let said = of("<165>1 2024-01-01T00:00:00.003Z host app 1 - - x");
        assert_eq!((said.severity, said.instance, said.service), (Some(Severity::Notice), Some("host"), Some("app")));
        let said = of("<34>Oct 11 22:14:15 host su[1]: x");
        assert_eq!((said.severity, said.instance, said.service), (Some(Severity::Critical), Some("host"), Some("su")));
        assert!(said.begins && said.time.is_none() && said.yearless.is_some(), "no year, no time");
        assert_eq!(of("Oct 11 22:14:15 2023 host su[1]: x").yearless, None, "its year is another's");
        let said = of("E0914 10:59:24.465123       1 main.go:42] no stock");
        assert_eq!((said.level, said.begins, said.yearless.is_some()), (Some(Severity::Error), true, true));
        for other in [
            "E0914 10:59:24 x main.go:42] no",
            "E0914 10:59:24 1 main.go] no",
            "E0914 is late",
            "X0914 10:59:24 1 a:1] x",
        ] {
            assert!(!of(other).begins, "{other}");
        }
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
        let said = of("till_2  |     raise OutOfStock");
        assert_eq!(
            (said.service, said.instance, said.named),
            (Some("till"), Some("till_2"), Some("    raise OutOfStock"))
        );
        assert!(said.time.is_none() && !said.begins);
        let names = "till-1  | ".repeat(1 << 17);
        assert_eq!(of(&names).named, Some(&names[10..]), "one name, however many there are");
        for cell in ["till | x", "till-1 | x", "1-2  | x", "till- | x", "till-1| x"] {
            assert_eq!(of(cell).service, None, "{cell}");
        }
        assert_eq!(of("2024-01-02T03:04:05Z {\"a\":1}").object, Some("{\"a\":1}"));
    }
}
