//! Constant texts of a template as they stand in stored entries.
//!
//! A template is made for people: blanks are one blank, colours are gone, an exception's type stands in brackets that no entry
//! holds, the message of a JSON payload has lost its key. So each run of constant words is looked up in entries of the cluster;
//! what all of them hold, letter by letter, is what a filter may ask for, and in which field.

use std::net::IpAddr;

use crate::input::EntryField;

/// Shortest text that tells a cluster from others by itself.
pub(super) const TELLING: usize = 8;
/// Longest text that is asked for.
const LONGEST: usize = 160;
/// Shortest word of which the signs around it may be left out.
const BARE: usize = 4;
/// Words that are looked up of one constant piece.
const WORDS: usize = 64;
/// Bytes that are looked at of one field.
const LOOKED_AT: usize = 65_536;
/// Texts that are asked for at most, beside the type of the exception.
const MOST: usize = 3;
/// Fields of which one may hold the text; with more of them the filter asks for any field.
const FIELDS: usize = 3;

/// The texts of one entry.
pub(super) type Texts<'a> = Vec<&'a EntryField>;

/// A text that all entries hold.
struct Literal {
    text: String,
    /// Constant blanks stand before it, and behind it.
    blanks: (bool, bool),
}

/// A string of the query language.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The constant pieces of a template, in the order they stand. What touches a placeholder is shown because some of its values
/// have it (`sku-<*>`, `<num>ms`, `[<*>]`), which says nothing of the others.
pub(super) fn pieces(template: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let (mut start, mut from) = (0, 0);
    let behind = |start: usize, piece: &'_ str| if start > 0 { piece.len() - without_front(piece).len() } else { 0 };
    while let Some(open) = template[from..].find('<').map(|at| from + at) {
        let name = template[open + 1..].find('>').map(|close| &template[open + 1..open + 1 + close]);
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'*' | b'-' | b':');
        from = match name.filter(|name| name.bytes().all(is_name)) {
            Some(name) => {
                let piece = &template[start..open];
                all.push(without_end(&piece[behind(start, piece)..]));
                start = open + name.len() + 2;
                start
            }
            None => open + 1,
        };
    }
    let piece = &template[start..];
    all.push(&piece[behind(start, piece)..]);
    all
}

/// A piece without what touches the placeholder before it: the unit of a number, a bracket.
fn without_front(piece: &str) -> &str {
    let bare = piece.trim_start_matches(char::is_alphanumeric);
    if bare.len() < piece.len() { bare } else { piece.strip_prefix([']', ')', '}', '"', '\'']).unwrap_or(piece) }
}

/// A piece without what touches the placeholder behind it: the front that several values have, a bracket.
fn without_end(piece: &str) -> &str {
    let bare = piece.trim_end_matches(|c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '#'));
    if bare.len() < piece.len() { bare } else { piece.strip_suffix(['[', '(', '{', '"', '\'']).unwrap_or(piece) }
}

/// The longest constant piece of a template, without the blanks around it.
pub(super) fn longest(template: &str) -> Option<&str> {
    let pieces = pieces(template).into_iter().map(str::trim);
    pieces.rev().max_by_key(|piece| piece.len()).filter(|piece| !piece.is_empty())
}

/// What a filter asks of the texts of entries that have a template; all of it holds for each of the samples.
pub(super) fn restrictions(template: &str, exception: Option<&str>, samples: &[Texts<'_>]) -> Vec<String> {
    if samples.is_empty() {
        return Vec::new();
    }
    let mut found = literals(template, samples);
    let is_exception = |literal: &Literal| exception.is_some_and(|name| literal.text.contains(name));
    found.sort_by_key(|literal| (!is_exception(literal), std::cmp::Reverse(literal.text.len())));
    let telling = found.iter().filter(|literal| literal.text.len() >= TELLING).take(MOST);
    let mut texts: Vec<String> = telling.map(|literal| literal.text.clone()).collect();
    if texts.is_empty() {
        let constant = pieces(template).len() == 1;
        let whole = found.first().filter(|literal| constant && literal.text == template.trim());
        if let Some(equal) = whole.and_then(|literal| equal(&literal.text, samples)) {
            return vec![equal];
        }
        texts = found.into_iter().take(2).map(|literal| padded(literal, samples)).collect();
    }
    let mut out: Vec<String> = Vec::new();
    for text in &texts {
        // One of them may hold another.
        if !texts.iter().any(|other| other.len() > text.len() && other.contains(text.as_str())) {
            out.push(holds(text, samples));
        }
    }
    out.dedup();
    out
}

fn literals(template: &str, samples: &[Texts<'_>]) -> Vec<Literal> {
    let all = pieces(template);
    let mut found = Vec::new();
    for (number, piece) in all.iter().enumerate() {
        let words: Vec<&str> = piece.split_whitespace().take(WORDS).collect();
        let (opens, ends) = (piece.starts_with(char::is_whitespace), piece.ends_with(char::is_whitespace));
        let (is_first, is_last) = (number == 0, number + 1 == all.len());
        let mut at = 0;
        while at < words.len() {
            let (mut end, mut best) = (at, None);
            while end < words.len()
                && !is_masked(words[end])
                && let Some(text) = held(&words[at..=end], samples)
            {
                end += 1;
                best = Some(text);
            }
            // A sign may be the template's: `job failed: Error`, `[Error]`.
            if let Some(last) = words.get(end).filter(|word| !is_masked(word)) {
                let signs = |c: char| !c.is_alphanumeric();
                let bare = if best.is_none() { last.trim_matches(signs) } else { last.trim_end_matches(signs) };
                let run: Vec<&str> = words[at..end].iter().copied().chain([bare]).collect();
                let may_be = bare.len() < last.len() && bare.len() >= if best.is_none() { BARE } else { 1 };
                if let Some(text) = Some(run).filter(|_| may_be).and_then(|run| held(&run, samples)) {
                    best = Some(text);
                    end += 1;
                }
            }
            if best.is_none() {
                end = at + 1;
            }
            let blanks = (at > 0 || opens && !is_first, end < words.len() || ends && !is_last);
            found.extend(best.filter(|text| !text.is_empty()).map(|text| Literal { text: cut(text), blanks }));
            at = end;
        }
    }
    found
}

/// Whether documents do not show a word as it was logged.
fn is_masked(word: &str) -> bool {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    word.contains('@') || word.contains("<redacted") || bare.parse::<IpAddr>().is_ok()
}

/// The start of a text, up to a blank where there is one.
fn cut(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let short = &text[..text.floor_char_boundary(LONGEST)];
    short.rsplit_once(' ').map_or(short, |(front, _)| front).to_owned()
}

/// What of a field is looked at, in stretches without characters that no filter can be typed with.
fn stretches(field: &EntryField) -> impl Iterator<Item = &str> {
    let text = &field.text[..field.text.floor_char_boundary(LOOKED_AT)];
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.split(is_hidden)
}

/// Words one behind the other, as the first sample writes them, where the others write them the same way.
fn held<'a>(words: &[&str], samples: &[Texts<'a>]) -> Option<&'a str> {
    let (first, others) = samples.split_first()?;
    let in_all = |text: &&str| others.iter().all(|fields| fields.iter().any(|field| field.text.contains(*text)));
    first.iter().flat_map(|field| stretches(field)).filter_map(|stretch| run(stretch, words)).find(in_all)
}

/// The part of a text that is these words, with whatever blanks between them.
fn run<'t>(text: &'t str, words: &[&str]) -> Option<&'t str> {
    let (first, rest) = words.split_first()?;
    text.match_indices(first).find_map(|(start, _)| {
        let mut end = start + first.len();
        for word in rest {
            let behind = text[end..].trim_start();
            let blanks = text.len() - end - behind.len();
            if blanks == 0 || !behind.starts_with(word) {
                return None;
            }
            end += blanks + word.len();
        }
        Some(&text[start..end])
    })
}

/// A short text with the blanks around it, where all samples have them.
fn padded(literal: Literal, samples: &[Texts<'_>]) -> String {
    let Literal { text, blanks: (before, behind) } = literal;
    let with = |before: bool, behind: bool| {
        let blank = |is: bool| if is { " " } else { "" };
        format!("{}{text}{}", blank(before), blank(behind))
    };
    let all = |text: &String| {
        samples.iter().all(|fields| fields.iter().any(|field| stretches(field).any(|own| own.contains(text.as_str()))))
    };
    let forms = [with(before, behind), with(before, false), with(false, behind)];
    forms.into_iter().find(all).unwrap_or(text)
}

/// Asks for a field that holds just this text.
fn equal(text: &str, samples: &[Texts<'_>]) -> Option<String> {
    let path = common(samples, |field| field.text == text)?;
    Some(format!("{path}={}", quoted(text)))
}

/// Asks for a text in the field that holds it, in one of the fields that hold it, or in any.
fn holds(text: &str, samples: &[Texts<'_>]) -> String {
    let is = |field: &EntryField| field.text.contains(text);
    let paths = match common(samples, is) {
        Some(path) => vec![path],
        None => one_each(samples, is),
    };
    any_of(&paths, &quoted(text))
}

/// `path:value`, for one of several paths; a value alone is looked for in all fields.
fn any_of(paths: &[&str], value: &str) -> String {
    match paths {
        [path] if !path.is_empty() => format!("{path}:{value}"),
        paths if paths.is_empty() || paths.contains(&"") || paths.len() > FIELDS => value.to_owned(),
        paths => format!("({})", paths.iter().map(|path| format!("{path}:{value}")).collect::<Vec<_>>().join(" OR ")),
    }
}

/// The field of which all samples say yes; the one with the shortest name of several.
pub(super) fn common<'a>(samples: &[Texts<'a>], is: impl Fn(&EntryField) -> bool) -> Option<&'a str> {
    let (first, others) = samples.split_first()?;
    let in_all = |path: &str| others.iter().all(|fields| fields.iter().any(|field| field.path == path && is(field)));
    let paths = first.iter().filter(|field| is(field)).map(|field| field.path.as_str());
    paths.filter(|path| !path.is_empty() && in_all(path)).min_by_key(|path| (path.len(), *path))
}

/// For each sample a field of which it says yes, each name once.
fn one_each<'a>(samples: &[Texts<'a>], is: impl Fn(&EntryField) -> bool) -> Vec<&'a str> {
    let of = |fields: &Texts<'a>| {
        let paths = fields.iter().filter(|field| is(field)).map(|field| field.path.as_str());
        paths.min_by_key(|path| (path.len(), *path))
    };
    let mut paths: Vec<&str> = samples.iter().filter_map(of).collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(path: &str, text: &str) -> EntryField {
        EntryField { path: path.into(), text: text.into(), is_text: true }
    }

    fn asked(template: &str, exception: Option<&str>, samples: &[&[EntryField]]) -> Vec<String> {
        restrictions(template, exception, &samples.iter().map(|fields| fields.iter().collect()).collect::<Vec<_>>())
    }

    #[test]
    fn pieces_stand_between_placeholders_only() {
        assert_eq!(pieces("a <num> long <= text <*> x"), ["a ", " long <= text ", " x"]);
        assert_eq!(pieces("<*>"), ["", ""]);
        assert_eq!(
            pieces("for sku-<*> in <num>ms at x[<*>], a.b.<*>=\"<*>\""),
            ["for ", " in ", " at x", ", ", "=", ""]
        );
        assert_eq!((longest("ab <num> abc def <*> abc"), longest("<*>")), (Some("abc def"), None));
    }

    #[test]
    fn words_are_asked_for_as_entries_write_them() {
        let php = [field("textPayload", "PHP Fatal error:  Uncaught X: refused in /a.php:7\nStack trace:")];
        assert_eq!(
            asked("PHP Fatal error: Uncaught X: refused in <path>", None, &[&php]),
            [r#"textPayload:"PHP Fatal error:  Uncaught X: refused in""#]
        );
        let coloured = [field("textPayload", "\u{1b}[31mERROR\u{1b}[0m disk is nearly full, 5 left")];
        assert_eq!(
            asked("ERROR disk is nearly full, <num> left", None, &[&coloured]),
            [r#"textPayload:"disk is nearly full,""#]
        );
        let other = [field("textPayload", "ERROR disk is  nearly full, 7 left")];
        assert_eq!(
            asked("ERROR disk is nearly full, <num> left", None, &[&coloured, &other]),
            [r#"textPayload:"nearly full,""#],
            "what one of them writes otherwise is left out"
        );
    }

    #[test]
    fn what_a_template_invents_is_looked_for_where_it_came_from() {
        let entry = [
            field("jsonPayload.\"@mt\"", "Unhandled exception"),
            field("jsonPayload.\"@x\"", "System.TimeoutException: no\n   at A.b()"),
        ];
        assert_eq!(
            asked("Unhandled exception [System.TimeoutException]", Some("System.TimeoutException"), &[&entry]),
            [r#"jsonPayload."@x":"System.TimeoutException""#, r#"jsonPayload."@mt":"Unhandled exception""#]
        );
        let elixir = [field("textPayload", "** (Ecto.ConstraintError) constraint error")];
        assert_eq!(
            asked("Ecto.ConstraintError: constraint error", Some("Ecto.ConstraintError"), &[&elixir]),
            [r#"textPayload:"Ecto.ConstraintError""#, r#"textPayload:"constraint error""#]
        );
    }

    #[test]
    fn fields_that_differ_between_entries_are_alternatives() {
        let (a, b) = ([field("jsonPayload.msg", "it is lost")], [field("textPayload", "it is lost")]);
        assert_eq!(
            asked("it is lost", None, &[&a, &b]),
            [r#"(jsonPayload.msg:"it is lost" OR textPayload:"it is lost")"#]
        );
        let any = [field("", "it is lost")];
        assert_eq!(asked("it is lost", None, &[&any]), [r#""it is lost""#]);
    }

    #[test]
    fn short_texts_are_asked_for_with_their_blanks_or_as_a_whole() {
        let end = [field("textPayload", "XXX end 5")];
        assert_eq!(asked("<*> end <num>", None, &[&end]), [r#"textPayload:" end ""#]);
        let dash = [field("textPayload", "-")];
        assert_eq!(asked("-", None, &[&dash]), [r#"textPayload="-""#]);
        assert!(asked("<num>", None, &[&dash]).is_empty());
    }

    #[test]
    fn what_documents_mask_is_not_asked_for() {
        let entry = [field("textPayload", "could not reach ann@example.com behind 10.0.0.7 from here at all")];
        assert_eq!(
            asked("could not reach ann@example.com behind 10.0.0.7 from here at all", None, &[&entry]),
            [r#"textPayload:"from here at all""#, r#"textPayload:"could not reach""#]
        );
    }

    #[test]
    fn quotes_cannot_end_a_string() {
        assert_eq!(quoted("a\"b\\c\n"), "\"a\\\"b\\\\c \"");
    }
}
