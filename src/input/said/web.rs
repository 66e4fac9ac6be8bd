//! Requests as servers and balancers write them.

use super::super::shape::http_status;
use super::{FRONT, Said, host_and_path, is_number};
use crate::record::Http;
use crate::time;

/// A request as Elastic Load Balancing writes it behind its time: balancer, client, target, three times in seconds, the status
/// it answered with, that of the target, bytes in and out, and the request.
pub(super) fn balancer(line: &str) -> Option<Http<'_>> {
    let (front, request) = line.split_once(" \"")?;
    let words: Vec<&str> = front.split(' ').take(11).collect();
    let [_, client, _, first, second, third, answered, _, _, _] = words[..] else { return None };
    client.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok())?;
    // `-1` where there was no answer.
    let is_time = |text: &str| text == "-1" || text.len() < 12 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let seconds = |text: &str| text.parse::<f64>().ok().filter(|_| is_time(text));
    let times = [seconds(first)?, seconds(second)?, seconds(third)?];
    let latency_s = times.iter().all(|time| (0.0..86_400.0).contains(time)).then(|| times.iter().sum::<f64>());
    let latency_ns = latency_s.map(|time| (time * 1e9).round() as i64);
    Some(Http { status: Some(status(answered)?), latency_ns, ..asked(request) })
}

/// `GET 200 https://shop.example/cart`, as gcloud prints the requests of a service behind their times.
pub(super) fn answered(rest: &str) -> Option<Http<'_>> {
    let mut words = rest.trim_ascii_end().split(' ');
    let (method, answered, url) = (words.next()?, words.next()?, words.next()?);
    let is_one = (url.starts_with("https://") || url.starts_with("http://")) && words.next().is_none();
    let is_method = (3..8).contains(&method.len()) && method.bytes().all(|b| b.is_ascii_uppercase());
    let (host, path) = host_and_path(url.into());
    let status = status(answered).filter(|_| is_one && is_method)?;
    Some(Http { method: Some(method.into()), host, path, status: Some(status), latency_ns: None })
}

/// `https 2024-01-02T03:04:05.678901Z app/till/50dc6c49 …`: an application load balancer names the protocol first.
pub(super) fn balanced(line: &str) -> Option<Said<'_>> {
    let (protocol, rest) = line.split_once(' ')?;
    if !matches!(protocol, "http" | "https" | "h2" | "grpcs" | "ws" | "wss") {
        return None;
    }
    let (parsed, length) = time::parse_front(rest)?;
    let http = balancer(rest[length..].trim_start_matches(' '))?;
    Some(Said { time: Some(parsed), begins: true, http: Some(http), ..Said::default() })
}

/// Method and target that a text begins with.
fn asked(request: &str) -> Http<'_> {
    let mut words = request.split(' ');
    let method = words.next().filter(|method| !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase()));
    let (host, path) = words.next().map_or((None, None), |target| host_and_path(target.into()));
    Http { method: method.map(Into::into), host, path, status: None, latency_ns: None }
}

/// `1.2.3.4 - - [02/Jan/2024:03:04:05 +0100] "GET /a HTTP/1.1" 502 157`; Amazon S3 and HAProxy have more words before the request.
pub(super) fn access(line: &str) -> Option<Said<'_>> {
    let front = &line.as_bytes()[..line.len().min(FRONT)];
    let open = memchr::memchr_iter(b'[', front).find(|at| front.get(at + 3) == Some(&b'/'))?;
    let (parsed, length) = time::parse_front(line.get(open + 1..)?)?;
    let rest = line[open + 1 + length..].strip_prefix("] ")?;
    let said = Said { time: Some(parsed), begins: true, ..Said::default() };
    let http = match rest.strip_prefix('"') {
        Some(rest) => request(rest),
        None => Some(proxied(rest).or_else(|| request(rest.split_once(" \"")?.1))?),
    };
    Some(Said { http, ..said })
}

/// `INFO:     1.2.3.4:5 - "GET /a HTTP/1.1" 502 Bad Gateway`, as Uvicorn writes without a time.
pub(super) fn untimed(line: &str) -> Option<Said<'_>> {
    let (client, rest) = line.strip_prefix("INFO: ")?.trim_start_matches(' ').split_once(" - \"")?;
    let http =
        request(rest).filter(|_| client.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()))?;
    Some(Said { http: Some(http), ..Said::default() })
}

/// The request behind a quote, and the status that it was answered with.
pub(super) fn request(rest: &str) -> Option<Http<'_>> {
    let (request, rest) = rest.split_once("\" ")?;
    let http = asked(request);
    (http.method.is_some() && request.contains(' '))
        .then_some(Http { status: Some(rest.split(' ').next().and_then(status)?), ..http })
}

/// `web till/s1 0/0/1/2/3 503 12 - - ---- 1/1/0/0/0 0/0 "GET /a HTTP/1.1"`, as HAProxy writes behind client and time: front end,
/// back end and server, milliseconds of each step, status and bytes.
fn proxied(rest: &str) -> Option<Http<'_>> {
    let mut words = rest.split(' ');
    let (_, server, times, answered) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let is_time = |text: &str| text == "-1" || is_number(text);
    // `+` where a client had not read all of it.
    let mut steps = times.split('/').map(|text| text.strip_prefix('+').unwrap_or(text));
    if !server.contains('/') || times.matches('/').count() < 4 || !steps.clone().all(is_time) {
        return None;
    }
    let all: Option<i64> = steps.next_back().and_then(|text| text.parse().ok()).filter(|ms| *ms >= 0);
    let (_, request) = rest.rsplit_once(" \"")?;
    Some(Http {
        status: Some(status(answered)?),
        latency_ns: all.and_then(|ms| ms.checked_mul(1_000_000)),
        ..asked(request)
    })
}

pub(super) fn status(text: &str) -> Option<i32> {
    http_status(text.parse().ok()?)
}
