//! What the head of a text says of its severity: the forms in which loggers and runtimes write a level at the front of a line.
//!
//! This is asked of every row without a severity, and nearly all of them say nothing: a form is looked for only where the
//! first byte of the text can begin it. Behind a time a level must be in capitals, or stand between marks: prose has words
//! such as `error` anywhere.

use super::{Severity, strip_ansi};

/// Why a text is taken for an error.
const TOLD: &str = "level in the text";
const STACK: &str = "stack trace";
const EXCEPTION: &str = "exception in the text";

const TRACEBACK: &str = "Traceback (most recent call last)";

/// What stands between a time and a level at most: thread, logger, id.
const MOST_BETWEEN: usize = 3;
/// Longest of them, in bytes.
const LONGEST_BETWEEN: usize = 80;

/// The severity that a text states, and why it counts.
pub(super) fn level(message: &str) -> Option<(Severity, &'static str)> {
    let head = head_of(message);
    match strip_ansi(head) {
        None => level_of(head, message),
        Some(plain) => level_of(plain.trim_start(), message),
    }
}

fn level_of(head: &str, message: &str) -> Option<(Severity, &'static str)> {
    let behind = after_time(head);
    let body = behind.map_or(head, |behind| behind.rest.trim_start_matches([' ', '\t']));
    if let Some(severity) = bracketed_level(body) {
        return Some((severity, TOLD));
    }
    if head.starts_with(TRACEBACK) || head.starts_with("panic: ") || is_panic_of_rust(body) {
        return Some((Severity::Error, STACK));
    }
    if is_crash(head, body, message) {
        return Some((Severity::Error, STACK));
    }
    if starts_with_error_type(head) || holds_stack(message) || body.starts_with("Unhandled exception. ") {
        return Some((Severity::Error, EXCEPTION));
    }
    leading_level(body, behind.is_some())
        .or_else(|| logfmt_level(body))
        .or_else(|| klog_level(head))
        .or_else(|| level_behind(behind?))
        .or_else(|| postgres_level(behind?.rest))
        .or_else(|| lambda_level(behind.map_or(head, |behind| behind.rest)))
        .or_else(|| named_form(body))
        .map(|severity| (severity, TOLD))
}

/// The first line, at most 256 bytes of it: a level stands at the front or not at all.
fn head_of(message: &str) -> &str {
    let text = message.trim_start();
    let mut end = text.len().min(256);
    end = memchr::memchr(b'\n', &text.as_bytes()[..end]).unwrap_or(end);
    &text[..text.floor_char_boundary(end)]
}

/// A traceback that starts at a later line, or frames right below a line that opens with an exception.
fn holds_stack(message: &str) -> bool {
    let (mut start, mut framed) = (0, None);
    for at in memchr::memchr_iter(b'\n', message.as_bytes()) {
        let below = &message[at + 1..];
        if below.starts_with(TRACEBACK) {
            return true;
        }
        // The first frame tells.
        if framed.is_none() && opens_with_frame(below) {
            framed = Some(starts_with_error_type(message[start..at].trim()));
        }
        start = at + 1;
    }
    framed == Some(true)
}

/// Whether a text begins with a frame as Node, Java or .NET write it.
fn opens_with_frame(text: &str) -> bool {
    ["    at ", "\tat ", "   at "].iter().any(|frame| text.starts_with(frame))
}

/// What stands behind the time that a line opens with.
#[derive(Clone, Copy)]
struct Behind<'a> {
    rest: &'a str,
    /// The bracket before the time is still open: `[2025-01-01T10:00:00Z ERROR till] …`.
    open: bool,
}

/// Looks behind a time: `2025-01-01 10:00:00,123 `, `2025-01-01T10:00:00Z `, `10:00:00.123 `, `01-Jan-2025 10:00:00 `, each in
/// a bracket as well.
fn after_time(head: &str) -> Option<Behind<'_>> {
    match head.as_bytes().first()? {
        b'0'..=b'9' => {
            let rest = time_cut(head)?;
            rest.starts_with([' ', '\t', '|']).then_some(Behind { rest, open: false })
        }
        b'[' => {
            let rest = time_cut(&head[1..])?;
            // Nothing but a zone, such as `UTC` or `Europe/Rome`.
            let is_zone = |zone: &str| {
                let name = zone.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'/' | b'_'));
                // `ERROR/MainProcess` of Celery.
                name && Severity::from_word(zone.split('/').next().unwrap_or(zone)).is_none()
            };
            if let Some((_, rest)) = rest.split_once(']').filter(|(inner, _)| is_zone(inner.trim_start())) {
                return Some(Behind { rest, open: false });
            }
            rest.starts_with([' ', ':', '|']).then(|| Behind { rest: rest.trim_start_matches(':'), open: true })
        }
        _ => None,
    }
}

/// A text without the time at its front.
fn time_cut(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let clock = match *bytes.first_chunk::<12>()? {
        [_, _, b':', _, _, b':', ..] => 0,
        [_, _, b'-', _, _, _, b'-', _, _, _, _, b' '] => 12,
        [y1, y2, y3, y4, b'-' | b'/', m1, m2, b'-' | b'/', d1, d2, b'T' | b' ', _] => {
            if ![y1, y2, y3, y4, m1, m2, d1, d2].iter().all(u8::is_ascii_digit) {
                return None;
            }
            11
        }
        _ => return None,
    };
    if !digit(0) || !digit(clock) {
        return None;
    }
    let is_clock = |b: &&u8| b.is_ascii_digit() || matches!(b, b':' | b'.' | b',');
    let end = clock + bytes[clock..].iter().take_while(is_clock).count();
    let rest = text[end..].trim_start_matches('Z');
    let zone = rest.trim_start_matches(' ').strip_prefix(['+', '-']).and_then(|zone| {
        let digits = zone.bytes().take_while(|b| b.is_ascii_digit() || *b == b':').count();
        matches!(digits, 4 | 5).then(|| &zone[digits..])
    });
    Some(zone.unwrap_or(rest))
}

/// `[ERROR]`, `[2025-01-01 …] [13] [WARNING] …`, `[core:error]`: a level in brackets among the leading bracketed groups.
fn bracketed_level(head: &str) -> Option<Severity> {
    let mut rest = head;
    for _ in 0..4 {
        let inside = rest.strip_prefix('[')?;
        let close = inside.find(']')?;
        let inner = &inside[..close];
        let module = || inner.split_once(':').and_then(|(_, level)| Severity::from_word(level));
        if let Some(severity) = Severity::from_word(inner).or_else(module) {
            return Some(severity);
        }
        rest = inside[close + 1..].trim_start();
    }
    None
}

/// `ERROR: …`, `WARNING - …`, `error: …` at the very front; behind a time, any level in capitals.
fn leading_level(head: &str, timed: bool) -> Option<Severity> {
    let end = head.find(|c: char| !c.is_ascii_alphabetic())?;
    let (word, rest) = head.split_at(end);
    let severity = Severity::from_word(word).filter(|severity| *severity != Severity::Default)?;
    let upper = word.bytes().all(|b| b.is_ascii_uppercase()) && word.len() > 3;
    let marked = rest.starts_with(':') || rest.starts_with(" - ") || rest.starts_with(" |") || rest.starts_with(" [");
    let timed = || timed || rest.strip_prefix(' ').is_some_and(|rest| time_cut(rest).is_some());
    let alone = rest.starts_with("  ") || rest.starts_with(' ') && timed();
    (upper && (marked || alone) || rest.starts_with(": ")).then_some(severity)
}

/// `level=error msg="…"`, as logfmt has it, among the pairs that a line begins with.
fn logfmt_level(head: &str) -> Option<Severity> {
    let pairs = head.split(' ').map_while(|word| word.split_once('='));
    let mut levels = pairs.filter(|(key, _)| matches!(*key, "level" | "lvl" | "severity"));
    levels.find_map(|(_, value)| Severity::from_word(value.trim_matches('"')))
}

/// `E0102 10:00:00.123456`, the head of Kubernetes' own components.
fn klog_level(head: &str) -> Option<Severity> {
    let [level, month_day @ .., b' ', h1, h2, b':'] = head.as_bytes().first_chunk::<9>()? else { return None };
    if !month_day.iter().chain([h1, h2]).all(u8::is_ascii_digit) {
        return None;
    }
    match level {
        b'I' => Some(Severity::Info),
        b'W' => Some(Severity::Warning),
        b'E' => Some(Severity::Error),
        b'F' => Some(Severity::Critical),
        _ => None,
    }
}

/// The level behind a time and what loggers write between them: `- till.cart - ERROR - …`, `[main] ERROR c.x …`,
/// `UTC [12] ERROR: …`.
fn level_behind(behind: Behind<'_>) -> Option<Severity> {
    let mut rest = behind.rest;
    for at in 0..=MOST_BETWEEN {
        let (before, token, after) = token(rest)?;
        let marked = before.contains(['\t', '|', '-'])
            && (after.starts_with(['\t', '|']) || after.starts_with(" - ") || after.trim_start().starts_with('|'));
        if let Some(severity) = level_token(token, marked, behind.open) {
            return Some(severity);
        }
        if !stands_between(token, marked, at == 0) {
            return None;
        }
        rest = after;
    }
    None
}

/// What stands before the next word or group in brackets, the word, and what follows it.
fn token(rest: &str) -> Option<(&str, &str, &str)> {
    let mut start = 0;
    // A dash is a mark only where it stands alone.
    while let Some(byte) = rest.as_bytes().get(start) {
        match byte {
            b' ' | b'\t' | b'|' => start += 1,
            b'-' if rest[start..].starts_with("- ") => start += 2,
            _ => break,
        }
    }
    let (before, text) = rest.split_at(start);
    let end = match text.as_bytes().first()? {
        b'[' => text.find(']')? + 1,
        b'(' => text.find(')')? + 1,
        b'{' => text.find('}')? + 1,
        _ => text.find([' ', '\t', '|']).unwrap_or(text.len()),
    };
    (end <= LONGEST_BETWEEN).then(|| (before, &text[..end], &text[end..]))
}

/// The level that a word behind a time is: in capitals, or in any case between marks.
fn level_token(token: &str, marked: bool, open: bool) -> Option<Severity> {
    let is_level = |severity: &Severity| *severity != Severity::Default;
    if marked || token.starts_with('[') {
        let inner = token.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(token);
        return Severity::from_word(inner).filter(is_level);
    }
    // `production.ERROR:` names the environment before it.
    let word = token.strip_suffix(':').map_or(token, |word| word.rsplit_once('.').map_or(word, |(_, level)| level));
    let end = word.find(|c: char| !c.is_ascii_uppercase()).unwrap_or(word.len());
    let (word, rest) = word.split_at(end);
    let ends = rest.is_empty() || open && rest.starts_with(['/', ']']);
    (ends && word.len() > if open { 2 } else { 3 }).then(|| Severity::from_word(word)).flatten().filter(is_level)
}

/// Whether a word is of those that loggers write between the time and the level.
fn stands_between(token: &str, marked: bool, first: bool) -> bool {
    let bytes = token.as_bytes();
    let zone = || first && (2..=5).contains(&token.len()) && bytes.iter().all(u8::is_ascii_uppercase);
    let logger = || {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'$' | b'/');
        token.contains('.') && !token.ends_with('.') && bytes.iter().all(plain)
    };
    let id = || {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'#' | b':');
        let digits = bytes.iter().any(u8::is_ascii_digit);
        digits && (bytes[0].is_ascii_digit() || bytes.len() > 15) && bytes.iter().all(plain)
    };
    marked || matches!(bytes[0], b'[' | b'(' | b'{') || zone() || logger() || id() || token.contains('@')
}

/// ` UTC:10.0.0.5(4567):app@shop:[12]:ERROR:  …`, the prefix that databases of AWS have unless told otherwise.
fn postgres_level(rest: &str) -> Option<Severity> {
    let (who, rest) = rest.split_once(":[")?;
    let (process, level) = rest.split_once("]:")?;
    let told = who.contains('@') && process.bytes().all(|b| b.is_ascii_digit());
    let level = level.split_once(':')?.0;
    told.then(|| Severity::from_word(level)).flatten()
}

/// What AWS Lambda says of a function that did not end by itself.
fn lambda_level(rest: &str) -> Option<Severity> {
    let ended = rest.ends_with(" seconds") && rest.contains(" Task timed out after ");
    let exited = rest.starts_with("RequestId: ") && rest.contains(" Error: Runtime exited");
    (ended || exited).then_some(Severity::Error)
}

/// Heads that only one program or runtime writes.
fn named_form(body: &str) -> Option<Severity> {
    match body.as_bytes().first()? {
        b'P' => php_level(body.strip_prefix("PHP ")?),
        b'U' => body.starts_with("Unhandled Exception: ").then_some(Severity::Error),
        b'f' | b'd' | b't' => dotnet_level(body),
        b'D' | b'I' | b'W' | b'E' | b'F' => ruby_level(body),
        b'[' => nest_level(body.strip_prefix("[Nest] ")?),
        _ => None,
    }
}

/// `PHP Fatal error:  …`
fn php_level(rest: &str) -> Option<Severity> {
    match rest.split_once(": ")?.0 {
        "Fatal error" | "Parse error" | "Recoverable fatal error" => Some(Severity::Error),
        "Warning" => Some(Severity::Warning),
        "Notice" | "Deprecated" => Some(Severity::Notice),
        _ => None,
    }
}

/// `fail: Microsoft.AspNetCore.Server.Kestrel[13]`: its words for a level are used for other things too.
fn dotnet_level(body: &str) -> Option<Severity> {
    let (word, rest) = body.split_once(": ")?;
    let severity = match word {
        "fail" => Severity::Error,
        "dbug" | "trce" => Severity::Debug,
        _ => return None,
    };
    let category = rest.split(' ').next()?;
    (category.contains('.') && !category.ends_with('.') || category.ends_with(']')).then_some(severity)
}

/// `E, [2025-01-01T10:00:00.123456 #12] ERROR -- : …`
fn ruby_level(body: &str) -> Option<Severity> {
    let (_, rest) = body[1..].strip_prefix(", [")?.split_once("] ")?;
    Severity::from_word(rest.split_once(" -- ")?.0)
}

/// `[Nest] 7  - 01/01/2025, 10:00:00 AM   ERROR [Cart] …`, whose date is that of the machine's country.
fn nest_level(rest: &str) -> Option<Severity> {
    let words = rest.split_ascii_whitespace().take(8).take_while(|word| !word.starts_with('['));
    let mut levels = words.filter(|word| word.len() > 3 && word.bytes().all(|b| b.is_ascii_uppercase()));
    levels.find_map(Severity::from_word)
}

/// `thread 'main' panicked at …`, the thread's number behind its name in newer ones.
fn is_panic_of_rust(head: &str) -> bool {
    head.strip_prefix("thread '").is_some_and(|rest| {
        rest.split_once("' ").is_some_and(|(_, rest)| {
            let numbered = rest.strip_prefix('(').and_then(|rest| rest.split_once(") ")).map(|(_, rest)| rest);
            numbered.unwrap_or(rest).starts_with("panicked at ")
        })
    })
}

/// The heads of stacks that do not open with an exception and its message: an exception without one, or with a code behind
/// its name; Node's place, source line and caret; what Go's runtime and its server say.
fn is_crash(head: &str, body: &str, message: &str) -> bool {
    match head.as_bytes().first() {
        Some(b'/' | b'f' | b'n') if is_place(head) => message.contains("^\n") && message.contains("\n    at "),
        Some(b'(') => head.starts_with("(node:") && head.contains(") UnhandledPromiseRejectionWarning: "),
        Some(b'f') if head.starts_with("fatal error: ") => message.contains("\ngoroutine "),
        _ if body.starts_with("http: panic serving ") => true,
        Some(byte) if byte.is_ascii_alphabetic() => {
            let head = head
                .strip_prefix("Exception in thread ")
                .and_then(|rest| Some(rest.split_once("\" ")?.1))
                .unwrap_or(head);
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '$' | ':');
            let (name, rest) = head.split_at(head.find(|c| !is_name(c)).unwrap_or(head.len()));
            let typed = name.len() > 5 && (name.ends_with("Error") || name.ends_with("Exception"));
            let coded = || {
                let code = rest.strip_prefix(" [").and_then(|rest| rest.split_once("]: "));
                let code = code.or_else(|| rest.strip_prefix(" (").and_then(|rest| rest.split_once("): ")));
                code.is_some_and(|(code, _)| !code.is_empty() && !code.contains(' '))
                    // As Rails says it.
                    || rest.starts_with(" (") && rest.ends_with("):")
            };
            let framed = || message.split('\n').skip(1).any(opens_with_frame);
            typed && (rest.is_empty() && framed() || coded())
        }
        _ => false,
    }
}

/// `/srv/cart.js:3`, `file:///srv/cart.mjs:3`, `node:internal/process/promises:288`: where a program in JavaScript stopped.
fn is_place(head: &str) -> bool {
    let (path, line) = head.rsplit_once(':').unwrap_or_default();
    !line.is_empty()
        && line.bytes().all(|b| b.is_ascii_digit())
        && (path.starts_with('/') || path.starts_with("file:///") || path.starts_with("node:"))
}

/// The exception type that a line opens with: `TypeError: …`, `java.io.IOException: …`, `Uncaught Error: …`.
pub fn error_type(line: &str) -> Option<&str> {
    let head = line.trim_start();
    starts_with_error_type(head).then(|| {
        let front = head.split(':').next().unwrap_or(head);
        front.rsplit(' ').next().unwrap_or(front)
    })
}

fn starts_with_error_type(head: &str) -> bool {
    let head = head.strip_prefix("Uncaught ").unwrap_or(head);
    let head = head
        .strip_prefix("Exception in thread ")
        .map_or(head, |rest| rest.split_once(' ').map_or(rest, |(_, tail)| tail));
    let end = head.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '$'))).unwrap_or(head.len());
    let (name, rest) = head.split_at(end);
    rest.starts_with(':')
        && name.len() > 5
        && (name.ends_with("Error") || name.ends_with("Exception"))
        && name.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Severity {
        level(text).map_or(Severity::Default, |found| found.0)
    }

    #[test]
    fn a_stack_is_an_error_also_where_its_head_names_no_message() {
        for text in [
            "a.b.NullPointerException\n\tat a.B.c(B.java:3)",
            "Exception in thread \"main\" a.b.NullPointerException\n\tat a.B.c(B.java:3)",
            "/srv/cart.js:3\n    throw new Error('no');\n    ^\n\nError: no\n    at f (/srv/cart.js:3:9)\n\nNode.js v20.11.0",
            "node:internal/process/promises:288\n    trigger(e);\n    ^\n\nError: no\n    at f (/srv/cart.js:3:9)",
            "(node:1) UnhandledPromiseRejectionWarning: Error: no\n    at f (/srv/cart.js:3:9)",
            "TypeError [ERR_INVALID_ARG_TYPE]: The argument is none\n    at f (/srv/cart.js:3:9)",
            "A.B.SqlException (0x80131904): late\n   at A.B()",
            "NoMethodError (undefined method 'f' for nil):\n  app/cart.rb:3:in 'g'",
            "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()",
            "http: panic serving 10.0.0.1:1: no\ngoroutine 5 [running]:",
            "cart is lost\nTypeError: no\n    at f (/srv/cart.js:3:9)",
            "cart is lost\na.b.NoneException: no\n\tat a.B.c(B.java:3)",
            "2024/01/02 03:04:05 http: panic serving 10.0.0.1:1: no\ngoroutine 5 [running]:",
        ] {
            assert_eq!(of(text), Severity::Error, "{text}");
        }
        for text in [
            "/srv/cart.js:3",
            "who is\n    at home",
            "KeyError",
            "NoSuchException is a class",
            "fatal error: is a word",
            "TypeError (and others) are counted",
            "node:internal is a module",
        ] {
            assert_eq!(of(text), Severity::Default, "{text}");
        }
    }

    #[test]
    fn a_level_is_found_behind_time_thread_logger_and_id() {
        for text in [
            "2024-01-02 03:04:05,678 - till.cart - ERROR - no stock",
            "2024-01-02 03:04:05,678 - root - ERROR - no stock",
            "[2024-01-02 03:04:05,678] ERROR in app: no stock",
            "[2024-01-02 03:04:05,678: ERROR/ForkPoolWorker-1] no stock",
            "2024-01-02 03:04:05.678 | ERROR    | m:f:1 - no stock",
            "2024-01-02 03:04:05.678 [main] ERROR c.x - no stock",
            "03:04:05.001 [main] ERROR c.x - no stock",
            "2024-01-02 03:04:05.6789|ERROR|Till.Cart|no stock",
            "[2024-01-02 03:04:05,678: ERROR/MainProcess] no stock",
            "ERROR 2024-01-02 03:04:05,678 cart 7 140 no stock",
            "[2024-01-02T03:04:05.678+0000] {cart.py:18} ERROR - no stock",
            "2024-01-02 03:04:05 UTC:10.0.0.5(4567):app@shop:[12]:ERROR:  no stock",
            "2024-01-02T03:04:05.678Z 8b1c5f0e-8d7c-4f4e-9a51-0d6c2f3f4a5b Task timed out after 3.00 seconds",
            "RequestId: 8b1c5f0e-8d7c-4f4e-9a51-0d6c2f3f4a5b Error: Runtime exited with error: signal: killed",
            "03:04:05,001 ERROR [c.x] (main) no stock",
            "2024-01-02 03:04:05,678 till.cart ERROR no stock",
            "2024-01-02 03:04:05.678 UTC [12] ERROR:  no stock",
            "2024-01-02 03:04:05.678 CET [12] till@shop ERROR:  no stock",
            "[2024-01-02 03:04:05] production.ERROR: no stock",
            "2024-01-02T03:04:05.678901Z 0 [ERROR] [MY-010119] [Server] Aborting",
            "2024-01-02T03:04:05.124Z\treqid\tERROR\tno stock",
            "2024-01-02T03:04:05.124Z\t8b1c5f0e-8d7c-4f4e-9a51-0d6c2f3f4a5b\tERROR\tno stock",
            "2024-01-02T03:04:05.124+0100\tERROR\ttill/cart.go:7\tno stock",
            "2024-01-02T03:04:05.124+0100\terror\ttill/cart.go:7\tno stock",
            "[2024-01-02T03:04:05Z ERROR till] no stock",
            "[03:04:05 ERR] no stock",
            "[Nest] 7  - 01/02/2024, 3:04:05 AM   ERROR [Cart] no stock",
            "02-Jan-2024 03:04:05.678 SEVERE [main] org.apache.Cart.f no stock",
            "[Tue Jan 02 03:04:05.678901 2024] [core:error] [pid 7:tid 8] no stock",
            "2024/01/02 03:04:05 [error] 7#7: *1 no stock",
            "E, [2024-01-02T03:04:05.678901 #12] ERROR -- : no stock",
            "fail: Microsoft.AspNetCore.Server.Kestrel[13]\n      no stock",
            "PHP Fatal error:  no stock in /srv/a.php on line 7",
            "[02-Jan-2024 03:04:05 UTC] PHP Parse error:  no stock",
            "thread 'main' panicked at src/main.rs:7:5:\nno stock",
            "thread 'main' (7) panicked at src/main.rs:7:5:",
            "Unhandled exception. System.InvalidOperationException: no stock",
            "Unhandled Exception: System.InvalidOperationException: no stock",
            "\u{1b}[31mERROR\u{1b}[0m  no stock",
            "\u{1b}[90m03:04:05\u{1b}[0m \u{1b}[31mERROR\u{1b}[0m no stock",
            "\u{1b}[32m[Nest] 7  - \u{1b}[39m01/02/2024, 3:04:05 AM \u{1b}[31m  ERROR\u{1b}[39m [Cart] no stock",
        ] {
            assert_eq!(of(text), Severity::Error, "{text}");
        }
        assert_eq!(of("2024-01-02 03:04:05.678 [main] WARN  c.x - slow"), Severity::Warning);
        assert_eq!(of("[03:04:05 INF] up"), Severity::Info);
        assert_eq!(of("[2024-01-02 03:04:05] local.INFO: up"), Severity::Info);
        assert_eq!(of("dbug: Microsoft.Extensions.Hosting[1]"), Severity::Debug);
        assert_eq!(of("PHP Deprecated:  f() is old"), Severity::Notice);
        assert_eq!(of("2024-01-02 03:04:05.678 UTC [12] FATAL:  no"), Severity::Critical);
    }

    #[test]
    fn prose_with_a_level_in_it_states_none() {
        for text in [
            "2024-01-02 03:04:05 connection ERROR rate is 0",
            "2024-01-02 03:04:05 the ERROR rate is 0",
            "2024-01-02 03:04:05 [main] no ERROR today",
            "2024-01-02 03:04:05 done. ERROR rate is 0",
            "2024-01-02 03:04:05 a b c ERROR",
            "2024-01-02 03:04:05 - sync of errors - error - done",
            "2024-01-02 03:04:05 till.cart Error rates are fine",
            "2024-01-02 03:04:05 till.cart ERRORS: 0",
            "2024-01-02 03:04:05 UTC [12] LOG:  ERROR is a word",
            "03:04:05 is when the ERROR came",
            "[main] ERROR rates are fine",
            "[a] [b] ERROR",
            "[12:30] ERROR rates are fine",
            "fail: expected three",
            "fail:",
            "PHP 8.3 is out: ERROR",
            "E, [x] y",
            "thread 'main' is up",
            "Unhandled exceptions are counted",
            "[Nest] 7  - 01/02/2024, 3:04:05 AM     LOG [Cart] ERROR rate is 0",
            "\u{1b}[32mup\u{1b}[0m",
            "2024-01-02 03:04:05 -",
            "2024-01-02 03:04:05 [",
            "2024-01-02 03:04:05 ö ERROR",
            "[",
            "[2024-01-02 03:04:05",
        ] {
            assert_eq!(of(text), Severity::Default, "{text}");
        }
    }
}
