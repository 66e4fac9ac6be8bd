//! Values behind names: where they end, and what tells a secret from the rest of what logs write there.

/// Least length of the value of a name.
pub(super) const LEAST: usize = 6;
/// How much of a value is judged, in characters: enough to tell, however long it is.
pub(super) const JUDGED: usize = 64;
/// Longest number, and longest name of a pair, that is looked for.
pub(super) const NUMBER: usize = 40;

/// What stands between the parts of a name.
pub(super) const PARTING: &str = "-_/.:#=+@[]|!?";

/// Where a value ends: before a blank, a quote and what else parts values, and before an escape of those.
pub(super) fn value_end(text: &str, from: usize) -> usize {
    let is_value = |c: char| !c.is_whitespace() && !r#""'\,;&{}()<>"#.contains(c);
    let mut at = from;
    while let Some(c) = text[at..].chars().next() {
        if is_value(c) {
            at += c.len_utf8();
            continue;
        }
        let slashes = text[at..].bytes().take_while(|b| *b == b'\\').count();
        let escaped = text[at + slashes..].chars().next();
        match escaped {
            Some('u') if slashes > 0 && escape(&text[at + slashes..]).is_some() => at += slashes + 5,
            Some(c) if slashes > 0 && is_value(c) && !matches!(c, 'b' | 'f' | 'n' | 'r' | 't' | 'u') => {
                at += slashes + c.len_utf8();
            }
            _ => break,
        }
    }
    at
}

/// The character of a value that `uXXXX` stands for.
fn escape(text: &str) -> Option<char> {
    let code = u32::from_str_radix(text.get(1..5)?, 16).ok()?;
    // Halves of a pair are no characters, but stand for one that is none of ASCII.
    (code >= 0x80 || code == 0x3d).then(|| char::from_u32(code).unwrap_or('\u{fffd}'))
}

/// The start of a value as it was before it was escaped.
pub(super) fn unescaped(value: &str) -> String {
    let mut plain = String::new();
    let mut rest = value;
    for _ in 0..JUDGED {
        let unslashed = rest.trim_start_matches('\\');
        let escaped = (unslashed.len() < rest.len() && unslashed.starts_with('u')).then(|| escape(unslashed)).flatten();
        let Some(next) = unslashed.chars().next() else { break };
        plain.push(escaped.unwrap_or(next));
        rest = &unslashed[if escaped.is_some() { 5 } else { next.len_utf8() }..];
    }
    plain
}

/// Whether a value goes on with words of prose.
pub(super) fn goes_on(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix(' ') else { return false };
    let word = rest.trim_start().split(|c: char| c.is_whitespace() || r#""\,;"#.contains(c)).next().unwrap_or("");
    word.starts_with(|c: char| c.is_alphabetic()) && !word.contains(['=', ':'])
}

/// Whether a value reads as words, a name, a path, a number with its unit, or an id.
pub(super) fn reads_as_text(value: &str) -> bool {
    let inner = value.trim_matches(['[', ']', '?', '.', ':']);
    let parts: Vec<&str> = inner.split(|c| PARTING.contains(c)).filter(|part| !part.is_empty()).collect();
    !inner.contains(char::is_alphabetic)
        || parts.iter().all(|part| part.chars().all(char::is_alphabetic))
        || inner.starts_with(['/', '~', '$'])
        || inner.contains("://")
        || is_measure(inner)
        || is_id(inner.strip_prefix("0x").unwrap_or(inner))
        || inner.split_once('@').is_some_and(|(_, host)| host.contains('.'))
        || !inner.contains('@') && parts.len() > 1 && parts.iter().all(|part| is_part(part))
}

/// Whether a text is a part of a name: a word and a number, an id, or a short hash.
fn is_part(text: &str) -> bool {
    let number = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    number.len() <= 3 && number.bytes().all(|b| b.is_ascii_digit()) && is_word(&text[..text.len() - number.len()])
        || is_id(text)
        || text.len() <= 10 && text.bytes().all(|b| b.is_ascii_alphanumeric()) && is_of_one_case(text)
}

/// Whether a text is digits, or an id in hex as tools write it: in one case.
fn is_id(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') && is_of_one_case(text)
}

fn is_of_one_case(text: &str) -> bool {
    !(text.bytes().any(|b| b.is_ascii_uppercase()) && text.bytes().any(|b| b.is_ascii_lowercase()))
}

/// Whether letters have capitals as words do: all, none, or first ones of which few follow another.
fn is_word(text: &str) -> bool {
    let capitals = text.bytes().filter(u8::is_ascii_uppercase).count();
    capitals == 0 || capitals == text.len() || capitals * 3 <= text.len() + 2
}

/// Whether a text is a number with a unit.
fn is_measure(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let rest = unit.trim_start_matches(|c: char| c.is_alphabetic() || c == '%');
    let unit = &unit[..unit.len() - rest.len()];
    let units = [
        "ns", "us", "\u{b5}s", "\u{3bc}s", "ms", "s", "sec", "m", "min", "h", "d", "b", "kb", "mb", "gb", "kib", "mib",
        "gib", "%",
    ];
    unit.len() < text.len() - rest.len()
        && units.contains(&unit.to_ascii_lowercase().as_str())
        && (unit.len() > 1 || rest.is_empty() || rest.starts_with(['-', '/']))
}

/// Least length of what [`looks_random`].
pub(super) const RANDOM: usize = 12;

/// Whether a text looks drawn by lot: long, and of letters and digits that alternate more often than in words, versions and
/// times.
pub(super) fn looks_random(text: &str) -> bool {
    let class = |b: u8| match b {
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 3,
        _ => 0,
    };
    let classes: Vec<u8> = text.bytes().map(class).collect();
    // A capital begins a word: what follows it is no change.
    let changes = classes.windows(2).filter(|two| !matches!(two, [0, _] | [_, 0] | [2, 1]) && two[0] != two[1]).count();
    let mixed = classes.contains(&3) && (classes.contains(&1) || classes.contains(&2));
    mixed && text.len() >= RANDOM && 5 * changes >= text.len()
}

/// What an exporter, this tool, or a configuration's placeholder put there instead of a secret; of several cookies, of each.
pub(super) fn masked_already(secret: &str) -> bool {
    let value = |part: &str| part.split_once('=').map_or(0, |(name, _)| name.len() + 1);
    secret.split(';').enumerate().all(|(at, part)| is_mask(part[if at == 0 { 0 } else { value(part) }..].trim()))
}

fn is_mask(secret: &str) -> bool {
    let lower = secret.to_ascii_lowercase();
    let mask = lower.trim_matches(|c: char| "<>[](){}_*-.".contains(c));
    let is_note = |rest: &str| rest.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b':' | b'-' | b'_'));
    secret.starts_with("***")
        || mask.strip_prefix("redacted").is_some_and(is_note)
        || secret.bytes().all(|b| matches!(b, b'*' | b'x' | b'X' | b'.' | b'?'))
        || ["$", "%", "none", "null", "true", "false", "missing", "projects/", "required", "not"]
            .iter()
            .any(|word| lower.starts_with(word))
}
