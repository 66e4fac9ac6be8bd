//! Names that collectors put before what a program wrote.

use arrayvec::ArrayVec;

use super::{HEADS, Said, behind_name, is_number};
use crate::record::Severity;
use crate::time::{self, Parsed};

/// A line behind the name of a container.
pub(super) fn of(line: &str) -> Option<Said<'_>> {
    if line.starts_with("[pod/") {
        return kubectl(line);
    }
    compose(line).or_else(|| stern(line)).or_else(|| function(line))
}

/// `E      till   abc123  2024-01-02 03:04:05.678  x`, as `gcloud functions logs read` prints: the level where there is one (the three
/// most usual by a letter), name, execution (of the first generation), time in UTC and text, in columns. Source:
/// <https://cloud.google.com/sdk/gcloud/reference/functions/logs/read>.
fn function(line: &str) -> Option<Said<'_>> {
    let mut cells = ArrayVec::<&str, 3>::new();
    let mut rest = line;
    let (time, length) = loop {
        if rest.starts_with(|c: char| c.is_ascii_digit())
            && let Some(found) = time::parse_front(rest)
        {
            break found;
        }
        let (cell, behind) = rest.split_once("  ").filter(|(cell, _)| !cell.is_empty() && !cell.contains(' '))?;
        cells.try_push(cell).ok()?;
        rest = behind.trim_start_matches(' ');
    };
    let level = |word: &str| match word {
        "D" => Some(Severity::Debug),
        "I" => Some(Severity::Info),
        "E" => Some(Severity::Error),
        word if word.len() > 1 && word.bytes().all(|b| b.is_ascii_uppercase()) => Severity::from_word(word),
        _ => None,
    };
    let severity = cells.first().and_then(|cell| level(cell));
    let named = &cells[usize::from(severity.is_some())..];
    let ([name], execution) = named.split_at_checked(1)? else { return None };
    if execution.len() > 1 {
        return None;
    }
    // Other programs write columns, too: the time has its blank and three digits, names and executions are made of letters.
    let stamp = rest.as_bytes();
    let is_stamp = time.naive && length == "2024-01-02 03:04:05.678".len() && stamp[10] == b' ' && stamp[19] == b'.';
    let is_execution = |id: &&str| id.len() >= 8 && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let text = rest[length..].strip_prefix("  ")?;
    (is_stamp && is_name && execution.iter().all(is_execution)).then(|| Said {
        time: Some(Parsed { naive: false, ..time }),
        begins: true,
        severity,
        service: Some(name),
        named: Some(text),
        ..Said::default()
    })
}

/// `[pod/till-7d9c5b8f6d-x2k4q/web] x`, as kubectl writes with `--prefix`.
fn kubectl(line: &str) -> Option<Said<'_>> {
    let (name, rest) = line.strip_prefix("[pod/")?.split_once(']')?;
    let (pod, container) = name.split_once('/').filter(|(pod, container)| is_label(pod) && is_label(container))?;
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    Some(Said { service: Some(container), instance: Some(pod), ..behind_name(rest, HEADS) })
}

/// `till-7d9c5b8f6d-x2k4q web x`, as stern writes, the namespace before it where it was asked for all. Where the pod's name is
/// none of a deployment's, the line must read by itself.
fn stern(line: &str) -> Option<Said<'_>> {
    let (first, rest) = line.split_once(' ')?;
    let (second, behind) = rest.split_once(' ')?;
    let (pod, container, rest) = if Pod::of(first).is_some() {
        (first, second, behind)
    } else {
        let (third, behind) = behind.split_once(' ')?;
        (second, third, behind)
    };
    let named = Pod::of(pod)?;
    if !is_label(first) || !is_label(container) || Severity::from_word(container).is_some() {
        return None;
    }
    let said = behind_name(rest, HEADS);
    let reads = said.begins || said.object.is_some();
    let is_pods = match named {
        Pod::Deployment => true,
        Pod::Other => reads,
        // The container has the name of the set, or the beginning of it.
        Pod::Numbered => reads && pod.starts_with(container),
    };
    is_pods.then_some(Said { service: Some(container), instance: Some(pod), ..said })
}

/// What a pod's name says of who made it.
#[derive(PartialEq, Eq)]
enum Pod {
    /// `till-7d9c5b8f6d-x2k4q`
    Deployment,
    /// `till-x2k4q`: other things have such names, too.
    Other,
    /// `till-0`: many things are numbered so.
    Numbered,
}

impl Pod {
    fn of(name: &str) -> Option<Self> {
        let (front, last) = name.rsplit_once('-').filter(|_| is_label(name))?;
        // Names are made of letters and digits that spell no word, and are not taken for one another.
        let made = |b: u8| b"bcdfghjklmnpqrstvwxz2456789".contains(&b);
        let numbered = |text: &str| text.bytes().any(|b| b.is_ascii_digit());
        if last.len() == 5
            && let Some((_, hash)) = front.rsplit_once('-')
            && (6..=10).contains(&hash.len())
            && numbered(hash)
            && hash.bytes().all(made)
        {
            return Some(Self::Deployment);
        }
        let ordinal = is_number(last);
        let other = (last.len() == 5 && numbered(last)).then_some(Self::Other);
        if ordinal { Some(Self::Numbered) } else { other }
    }
}

/// Whether a word is a name as Kubernetes allows it.
fn is_label(word: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    word.starts_with(|c: char| c.is_ascii_alphanumeric()) && word.len() <= 253 && word.bytes().all(plain)
}

/// `till-1  | 2024-01-02T03:04:05Z x`, as Docker Compose writes the lines of a service's container. Where no time follows, it
/// may be a cell of a table: a container's name ends with its number, and two blanks at least stand behind it.
fn compose(line: &str) -> Option<Said<'_>> {
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    let (name, rest) = line.split_at(line.find(|c: char| !named(c))?);
    let behind =
        rest.trim_start_matches(' ').strip_prefix("| ").filter(|_| !name.is_empty() && rest.starts_with(' '))?;
    let said = behind_name(behind, HEADS);
    let numbered = numbered(name);
    let is_other = name.contains('@') || Severity::from_word(name).is_some();
    if numbered.is_none() && (is_other || !said.begins) || !said.begins && !rest.starts_with("  ") {
        return None;
    }
    let service = numbered.unwrap_or(name);
    Some(Said {
        service: said.service.or(Some(service).filter(|service| !service.is_empty())),
        instance: said.instance.or(Some(name)),
        ..said
    })
}

/// The service in the name of a container, which ends with its number: `till-1`, of a swarm `till.1.x2k4q0abc@node`.
fn numbered(name: &str) -> Option<&str> {
    let (service, number) = match name.split_once('@') {
        Some((task, node)) => {
            let (replica, id) = task.rsplit_once('.').filter(|_| !node.is_empty() && !node.contains('@'))?;
            let is_id = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric());
            replica.rsplit_once('.').filter(|_| is_id)?
        }
        None => name.rsplit_once(['-', '_'])?,
    };
    (service.starts_with(|c: char| c.is_ascii_alphabetic()) && is_number(number)).then_some(service)
}

/// Service and name of the container that stand before an object: `till-1  | `. A level, a thread, a file or a person may
/// stand so, too: a name ends with its number, or is padded as Compose pads it, and then is no level.
pub(in super::super) fn container(head: &str) -> Option<(&str, &str)> {
    let padded = head.trim_ascii().strip_suffix('|')?;
    let name = padded.trim_ascii_end();
    // PM2 numbers what it runs.
    let numbered_before = name.split_once('|').filter(|(number, _)| number.bytes().all(|b| b.is_ascii_digit()));
    let name = numbered_before.map_or(name, |(_, name)| name);
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'@');
    let is_name = name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(plain);
    let bare = || {
        (numbered_before.is_some() || padded.ends_with("  "))
            && !name.contains('@')
            && Severity::from_word(name).is_none()
    };
    let service = numbered(name).or_else(|| bare().then_some(name))?;
    is_name.then_some((service, name))
}

/// `2024-01-02 03:04:05 +0000 till.web: {…}`, as Fluentd prints events to its own output.
pub(super) fn printed<'a>(stamp: &str, behind: &'a str) -> Option<Said<'a>> {
    let has_zone = stamp.rsplit_once(' ').is_some_and(|(_, zone)| zone.len() == 5 && zone.starts_with(['+', '-']));
    let (tag, object) = behind.strip_prefix(' ').filter(|_| has_zone)?.split_once(": ")?;
    let object = object.trim_ascii();
    // Levels and words of programs may stand so, too; tags have parts.
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/' | b':');
    let is_tag = tag.contains('.') && !tag.starts_with('.') && !tag.ends_with('.') && tag.bytes().all(plain);
    (is_tag && super::is_object(object)).then(|| Said {
        service: Some(tag),
        named: Some(object),
        object: Some(object),
        ..Said::default()
    })
}

/// `app[web.1]: x` of Heroku, and `host su[1]: x` as journals are printed, behind a time.
pub(super) fn program(line: &str, heads: u8) -> Option<Said<'_>> {
    // Words of a sentence are no hosts.
    let is_made = |word: &str| word.bytes().any(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.'));
    // The one that has no process.
    if let Some((host, behind)) = line
        .split_once(" kernel: ")
        .filter(|(host, behind)| !host.contains(' ') && (is_made(host) || !host.is_empty() && behind.starts_with('[')))
    {
        return Some(Said { service: Some("kernel"), instance: Some(host), ..behind_name(behind, heads) });
    }
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
    let (name, inside, behind) = (&rest[..open], &rest[open + 1..close], &rest[close + 3..]);
    let is_process = is_number(inside);
    // Without a host it may be anything: `list[index]: x`.
    let is_dyno = || matches!(name, "app" | "heroku");
    // `ERROR[main]: x` and `INFO su[1]: x` name a level.
    let is_level = |word: &str| Severity::from_word(word).is_some();
    let is_host = |word: &str| {
        word.len() > 1
            && word.as_bytes()[0].is_ascii_alphanumeric()
            && word.bytes().all(|b| plain(&b))
            && (word.as_bytes()[0].is_ascii_lowercase() || is_made(word))
            && !is_level(word)
    };
    let is_named = host.map_or_else(is_dyno, |host| is_process && is_host(host));
    if is_level(name) || !is_named {
        return None;
    }
    Some(Said { service: Some(name), instance: host.or(Some(inside)), ..behind_name(behind, heads) })
}

/// `app[148e4d5a] ams [info]x`, as Fly prints it behind a time: who wrote it, the machine, the region, the level.
pub(super) fn machine(line: &str, heads: u8) -> Option<Said<'_>> {
    let (name, rest) = line.split_once('[')?;
    let (machine, rest) = rest.split_once("] ")?;
    let (region, rest) = rest.split_once(" [")?;
    let (level, rest) = rest.split_once(']')?;
    let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase());
    let hex = machine.len() > 6 && machine.bytes().all(|b| b.is_ascii_hexdigit());
    let level = Severity::from_word(level).filter(|_| word(name) && hex && word(region) && region.len() == 3)?;
    let said = behind_name(rest.strip_prefix(' ').unwrap_or(rest), heads);
    Some(Said { service: Some(name), instance: Some(machine), level: said.level.or(Some(level)), ..said })
}

/// `web/till/0a1b… x`, `2024/01/02/[$LATEST]0a1b… x`: the stream of a log group, as the command line of AWS prints it behind
/// a time.
pub(super) fn streamed(line: &str, heads: u8) -> Option<Said<'_>> {
    let (stream, rest) = line.split_once(' ').filter(|(stream, _)| stream.contains('/'))?;
    let id = stream.rsplit(['/', ']']).next()?;
    // Of a function, or of a container of a task.
    let parts = stream.split('/').filter(|part| !part.is_empty()).count();
    let named = stream.contains("/[") || parts == 3 && stream.bytes().filter(|b| *b == b'/').count() == 2;
    let made = named && id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit());
    made.then(|| Said { instance: Some(stream), ..behind_name(rest, heads) })
}
