//! Values of a template's variables in one message, with their names, kinds and units.

use std::borrow::Cow;

use super::dates;
use super::dictionary::Template;
use super::signature::{Form, Token};
use super::stack;
use super::token::{Kind, Scanner, Span};
use super::wordform::{is_email, is_hex, skeleton};
use super::words::is_unit;
use crate::record::strip_ansi;

/// What a value is, judged by its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ParamKind {
    /// A number, maybe signed or with a fraction.
    Num,
    /// A number with a unit of time: `12ms`.
    Duration,
    /// A number with a unit of bytes: `4KiB`.
    Size,
    /// A date or a time of day.
    Time,
    /// An IPv4 or IPv6 address, maybe with a port.
    Ip,
    /// A MAC address.
    Mac,
    /// A host name with a port.
    Host,
    /// A UUID.
    Uuid,
    /// Hexadecimal digits.
    Hex,
    /// A URL.
    Url,
    /// A path of files or of a request.
    Path,
    /// An e-mail address.
    Email,
    /// `true`, `false` or `null`.
    Bool,
    /// Anything else.
    Text,
}

impl ParamKind {
    /// The word inside a placeholder's angle brackets.
    pub const fn placeholder(self) -> &'static str {
        match self {
            Self::Num => "num",
            Self::Duration => "duration",
            Self::Size => "size",
            Self::Time => "time",
            Self::Ip => "ip",
            Self::Mac => "mac",
            Self::Host => "host",
            Self::Uuid => "uuid",
            Self::Hex => "hex",
            Self::Url => "url",
            Self::Path => "path",
            Self::Email => "email",
            Self::Bool => "bool",
            Self::Text => "*",
        }
    }

    /// Whether no constant part of such a value is worth showing.
    pub(super) const fn is_hard(self) -> bool {
        !matches!(self, Self::Text | Self::Email | Self::Num)
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Number of the variable in the template, from 0.
    pub slot: usize,
    /// Position among the template's tokens; `None` for what is said beside them (method, status, latency).
    pub position: Option<usize>,
    /// The key before `=` or `:`, or the word before.
    pub name: Option<String>,
    /// What the value is.
    pub kind: ParamKind,
    /// Unit, attached to the number or the word after it.
    pub unit: Option<String>,
    /// The value as written.
    pub text: String,
    /// The value as a number, in the unit given.
    pub number: Option<f64>,
}

/// Kind, unit and number of a value.
pub(super) fn kind_of(value: &str) -> (ParamKind, Option<&str>, Option<f64>) {
    let plain = |kind| (kind, None, None);
    let b = value.as_bytes();
    let Some(&first) = b.first() else {
        return plain(ParamKind::Text);
    };
    if memchr::memchr_iter(b':', b).any(|at| b[at..].starts_with(b"://")) {
        return plain(ParamKind::Url);
    }
    if b.len() == 36 && super::mask::uuid(b, 0) == Some(36) {
        return plain(ParamKind::Uuid);
    }
    if first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.' | b'/') {
        if let Some((unit, number)) = number_with_unit(value) {
            let kind = match unit {
                "" | "%" => ParamKind::Num,
                u if u.ends_with('B') || u.starts_with("byte") || u.ends_with("iB") => ParamKind::Size,
                "ms" | "s" | "us" | "µs" | "ns" | "m" | "h" | "min" | "sec" | "secs" | "seconds" => {
                    ParamKind::Duration
                }
                _ => {
                    return plain(if is_hex(b) { ParamKind::Hex } else { ParamKind::Text });
                }
            };
            return (kind, Some(unit).filter(|u| !u.is_empty()), Some(number));
        }
        if let Some(seconds) = compound_duration(value) {
            return (ParamKind::Duration, Some("s"), Some(seconds));
        }
        if [dates::date, dates::clock, dates::day, dates::spaced].iter().any(|mask| mask(b, 0) == Some(b.len())) {
            return plain(ParamKind::Time);
        }
        if super::mask::ipv4(b, 0) == Some(b.len()) {
            return plain(ParamKind::Ip);
        }
    }
    if super::mask::mac(b, 0) == Some(b.len()) {
        return plain(ParamKind::Mac);
    }
    if super::mask::ipv6(b, 0) == Some(b.len()) {
        return plain(ParamKind::Ip);
    }
    if dates::weekday(b, 0) == Some(b.len()) || dates::month(b, 0) == Some(b.len()) {
        return plain(ParamKind::Time);
    }
    if super::mask::hex_literal(b, 0) == Some(b.len()) || is_hex(b) {
        return plain(ParamKind::Hex);
    }
    if super::mask::drive_path(b, 0).is_some() || first == b'/' || value.starts_with("./") || value.starts_with("~/") {
        // The target of a quoted request line is masked with its version.
        let target = value.split(" HTTP/").next().unwrap_or(value);
        return plain(if target.contains(' ') { ParamKind::Text } else { ParamKind::Path });
    }
    if ["true", "false", "null"].iter().any(|w| value.eq_ignore_ascii_case(w)) {
        return plain(ParamKind::Bool);
    }
    if memchr::memrchr(b':', b)
        .is_some_and(|c| !b.iter().any(u8::is_ascii_uppercase) && super::mask::host_port(b, 0, c) == Some((0, b.len())))
    {
        return plain(ParamKind::Host);
    }
    if is_email(value) { plain(ParamKind::Email) } else { plain(ParamKind::Text) }
}

/// `-12.5ms` as ("ms", -12.5).
fn number_with_unit(value: &str) -> Option<(&str, f64)> {
    let digits = value.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-'))).unwrap_or(value.len());
    let (number, unit) = value.split_at(digits);
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    let known = unit.is_empty() || matches!(unit, "%" | "m" | "h" | "min" | "µs") || is_unit(unit);
    number.parse().ok().filter(|_| known).map(|n| (unit, n))
}

/// `1m30.5s` in seconds.
fn compound_duration(value: &str) -> Option<f64> {
    let (mut rest, mut sum, mut parts) = (value, 0.0, 0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).filter(|&d| d > 0)?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail.find(|c: char| c.is_ascii_digit()).map_or(tail, |end| &tail[..end]);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * seconds;
        parts += 1;
        rest = &tail[unit.len()..];
    }
    (parts > 1).then_some(sum)
}

/// The values of `template`'s variables in `message`, in the order of the text.
///
/// The message must belong to the template; where it does not, the result is cut short. Of a JSON
/// message only the mined text is read; for requests see [`extract_request`].
pub fn extract(template: &Template, message: &str) -> Vec<Param> {
    let mut params = Vec::new();
    Extractor::new(template).each(message, |value| params.push(value.own()));
    params
}

/// A value where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Value<'a> {
    /// Number of the variable in the template, from 0.
    pub slot: usize,
    /// Position among the template's tokens.
    pub position: usize,
    /// The key before `=` or `:`, or the word before.
    pub name: Option<&'a str>,
    /// What the value is.
    pub kind: ParamKind,
    /// Unit, attached to the number or the word after it.
    pub unit: Option<&'a str>,
    /// The value as written.
    pub text: &'a str,
    /// The value as a number, in the unit given.
    pub number: Option<f64>,
}

impl Value<'_> {
    fn own(self) -> Param {
        Param {
            slot: self.slot,
            position: Some(self.position),
            name: self.name.map(str::to_owned),
            kind: self.kind,
            unit: self.unit.map(str::to_owned),
            text: self.text.to_owned(),
            number: self.number,
        }
    }
}

/// Reads the values of one template out of many messages.
pub struct Extractor<'a> {
    template: &'a Template,
    /// Tokens of the mined text, and how many stand before it.
    tokens: &'a [Token],
    before: usize,
    /// Names of the variables.
    names: Vec<Option<&'a str>>,
    scanner: Scanner,
}

impl std::fmt::Debug for Extractor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Extractor").field("names", &self.names).finish_non_exhaustive()
    }
}

impl<'a> Extractor<'a> {
    /// For the messages of a template.
    pub fn new(template: &'a Template) -> Self {
        let (before, tokens) = mined_tokens(template);
        let variables = (0..tokens.len()).filter(|at| tokens[*at] == Token::Var);
        let names = variables.map(|at| name_before(&tokens[..at])).collect();
        Self { template, tokens, before, names, scanner: Scanner::default() }
    }

    /// Gives the values in a message, in the order of the text.
    pub fn each(&mut self, message: &str, take: impl FnMut(Value<'_>)) {
        let clean = strip_ansi(message);
        let message: &str = clean.as_deref().unwrap_or(message);
        let lines = stack::unescape(message);
        let message: &str = lines.as_deref().unwrap_or(message);
        if let Some(line) = mined_line(self.template, message) {
            align(self.before, self.tokens, &self.names, self.scanner.scan(&line), &line, take);
        }
    }
}

/// As [`extract`] for a request without text: the masked segments of its route, then method, status and latency (seconds),
/// as far as known. The latter have numbers after those of the template's variables, always in this order.
pub fn extract_request(
    template: &Template,
    method: &str,
    route: &str,
    status: Option<u16>,
    latency_s: Option<f64>,
) -> Vec<Param> {
    let variables: Vec<usize> = (0..template.tokens.len()).filter(|&i| template.tokens[i] == Token::Var).collect();
    let mut params = Vec::new();
    let path = super::request::scan(&mut Vec::new(), route);
    let mut segments = path.split('/').skip(1);
    for (i, token) in template.tokens.iter().enumerate() {
        let slash = matches!(token, Token::Text(t) if &**t == "/");
        let (true, Some(text)) = (slash, if slash { segments.next() } else { None }) else {
            continue;
        };
        let Ok(slot) = variables.binary_search(&(i + 1)) else {
            continue;
        };
        // The last variable of a long route is all that follows.
        let rest =
            variables.len() == slot + 1 && segments.clone().count() > template_segments(&template.tokens[i + 1..]);
        let text = if rest { &path[text.as_ptr() as usize - path.as_ptr() as usize..] } else { text };
        let (kind, unit, number) = kind_of(text);
        let name = template.tokens[..i].iter().rev().find(|t| t.is_word());
        let name = name.filter(|_| i > 2).and_then(|t| if let Token::Text(t) = t { Some(t.to_string()) } else { None });
        let (unit, text) = (unit.map(str::to_owned), text.to_owned());
        params.push(Param { slot, position: Some(i + 1), name, kind, unit, text, number });
    }
    let mut beside = |n: usize, name: &str, kind, unit: Option<&str>, text: String, number| {
        let (slot, unit, name) = (variables.len() + n, unit.map(str::to_owned), Some(name.to_owned()));
        params.push(Param { slot, position: None, name, kind, unit, text, number });
    };
    if !method.trim().is_empty() {
        beside(0, "method", ParamKind::Text, None, method.trim().to_owned(), None);
    }
    if let Some(status) = status {
        beside(1, "status", ParamKind::Num, None, status.to_string(), Some(f64::from(status)));
    }
    if let Some(latency) = latency_s {
        beside(2, "latency", ParamKind::Duration, Some("s"), latency.to_string(), Some(latency));
    }
    params
}

/// Segments of a route among the tokens of its template.
fn template_segments(tokens: &[Token]) -> usize {
    tokens.iter().filter(|t| matches!(t, Token::Text(t) if &**t == "/")).count()
}

/// The line of a message that was mined.
fn mined_line<'a>(template: &Template, message: &'a str) -> Option<Cow<'a, str>> {
    match template.form {
        Form::Text if memchr::memchr(b'\n', message.trim().as_bytes()).is_some() => {
            Some(super::telling::telling(message.trim()))
        }
        Form::Text => Some(message.trim().into()),
        Form::Exception => {
            let parsed = stack::parse_stack(message)?;
            let (_, text) = parsed.exceptions.last().copied()?;
            let first = text.lines().map(str::trim).find(|l| !l.is_empty());
            parsed.head.map(str::trim).or(first).map(Cow::Borrowed)
        }
        Form::Json => {
            let text = super::json::parse(message.trim())?.message;
            text.lines().map(str::trim).find(|l| !l.is_empty()).map(|l| l.to_owned().into())
        }
        Form::Request | Form::Empty => None,
    }
}

/// The template's tokens without the exception type or key paths that stand around the mined text, and how many stand before.
fn mined_tokens(template: &Template) -> (usize, &[Token]) {
    let tokens = &template.tokens[..];
    if template.form == Form::Json {
        return (2, tokens.get(2..).unwrap_or_default());
    }
    let Some(exception) = template.exception.as_deref() else {
        return (0, tokens);
    };
    let is = |t: &Token| matches!(t, Token::Text(text) if **text == *exception);
    match tokens {
        [first, rest @ ..] if is(first) => (3, rest.get(2..).unwrap_or_default()),
        [rest @ .., _, _, last, _] if is(last) => (0, rest),
        _ => (0, tokens),
    }
}

/// Walks template and message side by side.
fn align(
    before: usize,
    tokens: &[Token],
    names: &[Option<&str>],
    spans: &[Span],
    line: &str,
    mut take: impl FnMut(Value<'_>),
) {
    let same = |token: &Token, span: &Span| match token {
        Token::Var => false,
        Token::Space => span.kind == Kind::Space,
        Token::Text(text) => {
            let found = span.text(line);
            **text == *found || (!text.is_ascii() && skeleton(text) == skeleton(found))
        }
    };
    let (mut at, mut slot) = (0, 0);
    for (i, token) in tokens.iter().enumerate() {
        if *token != Token::Var {
            // An optional parenthesis of the message, absent in the template, is passed over.
            if let Some(ahead) = spans.get(at..).and_then(|rest| rest.iter().position(|s| same(token, s))) {
                at += ahead + 1;
            }
            continue;
        }
        let Some(first) = spans.get(at) else { break };
        let rest = &tokens[i + 1..];
        let mut end = at + 1;
        if rest.is_empty() {
            end = spans.len();
        } else if rest.len() != spans.len() - end {
            // A variable may hold several tokens: up to the next constant of the template.
            while spans.get(end).is_some_and(|s| !same(&rest[0], s)) {
                end += 1;
            }
        }
        let last = spans.get(end - 1).unwrap_or(first);
        let text = line.get(first.start..last.end).unwrap_or_default();
        let (kind, attached, number) = kind_of(text);
        // The message's unit: the template's may have been taken for a part of the value.
        let after = match spans.get(end..) {
            Some([space, word, ..]) if space.kind == Kind::Space && is_unit(word.text(line)) => Some(word.text(line)),
            _ => None,
        };
        let (position, name, unit) = (before + i, names.get(slot).copied().flatten(), attached.or(after));
        take(Value { slot, position, name, kind, unit, text, number });
        (at, slot) = (end, slot + 1);
    }
}

/// The key or word before a variable.
fn name_before(before: &[Token]) -> Option<&str> {
    let passable = |t: &Token| {
        matches!(t, Token::Space)
            || matches!(t, Token::Text(t) if matches!(&**t, "=" | ":" | "\"" | "'" | "(" | "[" | "#"))
    };
    let word = before.iter().rev().find(|t| !passable(t))?;
    match word {
        Token::Text(text) if word.is_word() => Some(text),
        _ => None,
    }
}
