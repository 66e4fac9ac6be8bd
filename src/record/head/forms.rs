//! Levels in the forms of single programs and runtimes.

use super::super::Severity;
use super::bracketed_level;

/// What stands between a time and a level in the lines of two programs.
pub(super) fn behind_time(rest: &str) -> Option<Severity> {
    postgres(rest).or_else(|| sidekiq(rest))
}

/// ` UTC:10.0.0.5(4567):app@shop:[12]:ERROR:  …`, the prefix that databases of AWS have unless told otherwise.
fn postgres(rest: &str) -> Option<Severity> {
    let (who, rest) = rest.split_once(":[")?;
    let (process, level) = rest.split_once("]:")?;
    let told = who.contains('@') && process.bytes().all(|b| b.is_ascii_digit());
    let level = level.split_once(':')?.0;
    told.then(|| Severity::from_word(level)).flatten()
}

/// What AWS Lambda says of a function that did not end by itself.
pub(super) fn lambda(rest: &str) -> Option<Severity> {
    let ended = rest.ends_with(" seconds") && rest.contains(" Task timed out after ");
    let exited = rest.starts_with("RequestId: ") && rest.contains(" Error: Runtime exited");
    (ended || exited).then_some(Severity::Error)
}

/// Heads that only one program or runtime writes.
pub(super) fn named(body: &str, message: &str) -> Option<Severity> {
    let form = match body.as_bytes().first()? {
        b'P' => body.strip_prefix("PHP ").map_or_else(|| php_of_page(body), php),
        b'U' => body.starts_with("Unhandled Exception: ").then_some(Severity::Error),
        b'f' | b'd' | b't' => dotnet(body),
        b'F' if body.starts_with("Fatal") => php_of_page(body),
        b'E' if body.starts_with("Error ") => heroku(body),
        b'D' | b'I' | b'W' | b'E' | b'F' => ruby(body),
        b'n' => body.strip_prefix("nginx: ").and_then(nginx),
        b'b' | b'r' => is_aborted(body).then_some(Severity::Error),
        b'O' | b'J' => warns_of_java(body).then_some(Severity::Warning),
        b'[' => body.strip_prefix("[Nest] ").and_then(nest).or_else(|| tornado(body)),
        b'0'..=b'9' => redis(body).or_else(|| kitchen(body)),
        _ => None,
    };
    form.or_else(|| logrus(body)).or_else(|| java(body, message))
}

/// `Error R14 (Memory quota exceeded)`, as Heroku says of a dyno.
fn heroku(body: &str) -> Option<Severity> {
    let [b'H' | b'L' | b'R', d1, d2, b' ', b'(', .., b')'] = body.strip_prefix("Error ")?.trim_end().as_bytes() else {
        return None;
    };
    (d1.is_ascii_digit() && d2.is_ascii_digit()).then_some(Severity::Error)
}

/// `rake aborted!`, above the exception that ended a task.
fn is_aborted(body: &str) -> bool {
    let name = body.trim_end().strip_suffix(" aborted!");
    name.is_some_and(|name| matches!(name, "rake" | "rails" | "bin/rake" | "bin/rails"))
}

/// `OpenJDK 64-Bit Server VM warning: …`, as the virtual machine itself warns.
fn warns_of_java(body: &str) -> bool {
    let behind = ["OpenJDK ", "Java HotSpot(TM) "].iter().find_map(|name| body.strip_prefix(name));
    let machine = behind.and_then(|rest| rest.split_once(" VM warning: ")).map(|(machine, _)| machine);
    machine.is_some_and(|machine| matches!(machine, "64-Bit Server" | "Server" | "Client" | "64-Bit Client" | "Zero"))
}

/// `PHP Fatal error:  …`
fn php(rest: &str) -> Option<Severity> {
    match rest.split_once(": ")?.0 {
        "Fatal error" | "Parse error" | "Recoverable fatal error" => Some(Severity::Error),
        "Warning" => Some(Severity::Warning),
        "Notice" | "Deprecated" => Some(Severity::Notice),
        _ => None,
    }
}

/// The same as it stands in a page or on a terminal, with the place behind it: `Fatal error: … in /srv/a.php on line 3`.
fn php_of_page(body: &str) -> Option<Severity> {
    let told = body.starts_with("Fatal error: ") || body.starts_with("Parse error: ");
    let mut ends = body.match_indices(".php").map(|(at, _)| body.split_at(at));
    let is_place = |(before, rest): (&str, &str)| {
        let path = before.rsplit_once(" in ").map_or("", |(_, path)| path);
        let number = rest[4..].strip_prefix(" on line ").or_else(|| rest[4..].strip_prefix(':'));
        path.contains(['/', '\\']) && number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
    };
    (told && ends.any(is_place)).then_some(Severity::Error)
}

/// `nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)`; a lesser level counts with what failed or a file.
fn nginx(rest: &str) -> Option<Severity> {
    let severity = bracketed_level(rest)?;
    let said = rest.split_once("] ")?.1.trim();
    let is_told = if severity == Severity::Emergency { !said.is_empty() } else { said.contains(['/', '"', '(']) };
    is_told.then_some(severity)
}

/// `fail: Microsoft.AspNetCore.Server.Kestrel[13]`: its words for a level are used for other things too.
fn dotnet(body: &str) -> Option<Severity> {
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
fn ruby(body: &str) -> Option<Severity> {
    let (_, rest) = body[1..].strip_prefix(", [")?.split_once("] ")?;
    Severity::from_word(rest.split_once(" -- ")?.0)
}

/// `[Nest] 7  - 01/01/2025, 10:00:00 AM   ERROR [Cart] …`, whose date is that of the machine's country.
fn nest(rest: &str) -> Option<Severity> {
    let words = rest.split_ascii_whitespace().take(8).take_while(|word| !word.starts_with('['));
    let mut levels = words.filter(|word| word.len() > 3 && word.bytes().all(|b| b.is_ascii_uppercase()));
    levels.find_map(Severity::from_word)
}

/// `[E 240102 03:04:05 web:123] x` of Tornado and, with other times, Jupyter.
fn tornado(body: &str) -> Option<Severity> {
    let [b'[', letter, b' ', d1, d2, ..] = *body.as_bytes().first_chunk::<8>()? else { return None };
    let (head, _) = body.split_once("] ")?;
    let severity = match letter {
        b'D' => Severity::Debug,
        b'I' => Severity::Info,
        b'W' => Severity::Warning,
        b'E' => Severity::Error,
        b'C' => Severity::Critical,
        _ => return None,
    };
    let clocked = head.split(' ').any(|word| matches!(word.as_bytes(), [_, _, b':', _, _, b':', _, _, ..]));
    (d1.is_ascii_digit() && d2.is_ascii_digit() && clocked).then_some(severity)
}

/// `1:M 02 Jan 2024 03:04:05.678 # x`: a sign for the level stands behind the time.
fn redis(body: &str) -> Option<Severity> {
    let mut words = body.split(' ');
    let (process, role) = words.next()?.split_once(':')?;
    let clock = words.nth(3).filter(|clock| matches!(clock.as_bytes(), [_, _, b':', _, _, b':', _, _, ..]));
    if !process.bytes().all(|b| b.is_ascii_digit()) || !matches!(role, "X" | "C" | "S" | "M") || clock.is_none() {
        return None;
    }
    match words.next()? {
        "." | "-" => Some(Severity::Debug),
        "*" => Some(Severity::Notice),
        "#" => Some(Severity::Warning),
        _ => None,
    }
}

/// `3:04AM ERR x`, as zerolog writes for people.
fn kitchen(body: &str) -> Option<Severity> {
    let mut words = body.split(' ');
    let (hour, rest) = words.next()?.split_once(':')?;
    let clock = hour.len() < 3 && matches!(rest.as_bytes(), [b'0'..=b'5', b'0'..=b'9', b'A' | b'P', b'M']);
    let level = words.next().filter(|_| clock && hour.bytes().all(|b| b.is_ascii_digit()))?;
    (level.len() == 3 && level.bytes().all(|b| b.is_ascii_uppercase())).then(|| Severity::from_word(level)).flatten()
}

/// `ERRO[0012] x`: four letters of the level, and seconds since the start.
fn logrus(body: &str) -> Option<Severity> {
    let [level @ .., b'[', d1, d2, d3, d4] = body.as_bytes().first_chunk::<9>()? else { return None };
    let digits = [d1, d2, d3, d4].iter().all(|b| b.is_ascii_digit());
    let closed = || body[9..].trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(']');
    match level {
        _ if !digits || !closed() => None,
        b"TRAC" | b"DEBU" => Some(Severity::Debug),
        b"INFO" => Some(Severity::Info),
        b"WARN" => Some(Severity::Warning),
        b"ERRO" => Some(Severity::Error),
        b"FATA" | b"PANI" => Some(Severity::Critical),
        _ => None,
    }
}

/// `Jan 2, 2024 3:04:05 AM till.Cart sell` of Java's own loggers, whose second line is `SEVERE: x`.
fn java(body: &str, message: &str) -> Option<Severity> {
    let [month @ .., b' ', day, _] = body.as_bytes().first_chunk::<6>()? else { return None };
    if !month.iter().all(u8::is_ascii_alphabetic) || !day.is_ascii_digit() {
        return None;
    }
    let half = body.split_once(", ").is_some_and(|(_, rest)| rest.contains("AM ") || rest.contains("PM "));
    let (word, _) = message.trim_start().split_once('\n').filter(|_| half)?.1.split_once(": ")?;
    if word == "CONFIG" {
        return Some(Severity::Debug);
    }
    word.bytes().all(|b| b.is_ascii_uppercase()).then(|| Severity::from_word(word)).flatten()
}

/// `pid=1 tid=2m class=Sell jid=3 INFO: x`
fn sidekiq(rest: &str) -> Option<Severity> {
    let rest = rest.trim_start_matches(' ');
    if !rest.starts_with("pid=") {
        return None;
    }
    let word = rest.split(' ').take(10).find(|word| !word.contains('='))?;
    let level = word.strip_suffix(':')?;
    level.bytes().all(|b| b.is_ascii_uppercase()).then(|| Severity::from_word(level)).flatten()
}
