//! Text of logs and of trackers can never act: no mention, no reference, no markup, no escape sequence.
//!
//! Three places, three rules. In Markdown a text stands in code (nothing inside is live, neither for the parser nor for the
//! filters that link names and numbers afterwards) or goes through [`inert_markdown`], which breaks every construct with an
//! escape or a zero-width entity, because a backslash does not stop a tracker from linking `@name` or `#12`. In HTML the
//! autoescape of the template engine does it, after [`visible`]. For a terminal [`terminal`] drops what a terminal obeys.
//! What is invisible in a log (control, bidirectional and zero-width characters) is shown as a JSON escape: hiding it would
//! alter the evidence, printing it would let a line lie about its own content.

use std::fmt::Write as _;

/// Breaks a word for the filters of a tracker without a visible sign. A named entity, since `&#8203;` would itself hold `#8203`.
const BREAK: &str = "&zwnj;";
/// Letters to which a text inside of an entry is cut at least, before the entry as a whole is.
const SHORTEST: usize = 60;

/// Whether a character has no shape of its own or reorders its neighbours.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

fn push_escape(out: &mut String, c: char) {
    let mut units = [0_u16; 2];
    for unit in c.encode_utf16(&mut units) {
        let _ = write!(out, "\\u{unit:04x}");
    }
}

/// The text with every hidden character shown as `\u202e`; line breaks and tabs stay, `\r\n` becomes `\n`.
///
/// The opening of an HTML comment is written `<!\u002d-` (the same text inside JSON), so that no quoted line looks like a
/// marker of ours; `{{issue:` likewise, which the filing step would take for a number that is still to come.
pub fn visible(text: &str) -> String {
    let mut out = without_hidden(text);
    // Nearly no text holds either.
    for (mark, shown) in [("<!--", "<!\\u002d-"), ("{{issue:", "{{issue\\u003a")] {
        if memchr::memmem::find(out.as_bytes(), mark.as_bytes()).is_some() {
            out = out.replace(mark, shown);
        }
    }
    out
}

fn without_hidden(text: &str) -> String {
    // What is plain ASCII, as most is, stays as it is.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t')) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' | '\t' => out.push(c),
            '\r' if rest.peek() == Some(&'\n') => {}
            _ if is_hidden(c) => push_escape(&mut out, c),
            _ => out.push(c),
        }
    }
    out
}

/// The text on one line: as [`visible`], with line breaks as `\n` and tabs as blanks.
pub fn one_line(text: &str) -> String {
    visible(text.trim_end()).replace('\n', "\\n").replace('\t', " ")
}

/// The first `limit` characters, with `…` where something was cut.
pub fn cut(text: &str, limit: usize) -> String {
    if text.char_indices().nth(limit).is_none() {
        return text.to_owned();
    }
    let end = text.char_indices().nth(limit.saturating_sub(1)).map_or(0, |(at, _)| at);
    format!("{}…", text[..end].trim_end())
}

/// The first `limit` characters of an entry. One that is JSON stays JSON where its long texts are what is cut, each with `…`.
pub fn cut_entry(text: &str, limit: usize) -> String {
    if text.char_indices().nth(limit).is_none() {
        return text.to_owned();
    }
    let mut value: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let shorter = std::iter::successors(Some(limit), |most| Some(most / 2)).take_while(|most| *most >= SHORTEST);
    let mut whole = shorter.map_while(|most| {
        shorten(value.as_mut()?, most);
        serde_json::to_string_pretty(&value).ok()
    });
    whole.find(|text| text.char_indices().nth(limit).is_none()).unwrap_or_else(|| cut(text, limit))
}

fn shorten(value: &mut serde_json::Value, most: usize) {
    match value {
        serde_json::Value::String(text) => *text = cut(text, most),
        serde_json::Value::Array(all) => all.iter_mut().for_each(|value| shorten(value, most)),
        serde_json::Value::Object(all) => all.values_mut().for_each(|value| shorten(value, most)),
        _ => {}
    }
}

fn longest_run(text: &str, wanted: char) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// The text as a code block of Markdown, in a fence longer than any run of backticks inside.
pub fn fenced(text: &str) -> String {
    fenced_as("", text)
}

/// As [`fenced`], with the name of a language; that name must come from the program, never from a log.
pub fn fenced_as(language: &str, text: &str) -> String {
    fence(language, &visible(text))
}

/// As [`fenced_as`], for a body of ours in a document for people: its markers are shown as they will be written.
pub fn fenced_body(language: &str, text: &str) -> String {
    fence(language, &without_hidden(text))
}

fn fence(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text, '`').max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}", text.trim_end_matches('\n'))
}

/// The text as inline code of Markdown, on one line.
pub fn inline_code(text: &str) -> String {
    let text = one_line(text);
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let fence = "`".repeat(longest_run(&text, '`') + 1);
    // Markdown takes one blank off both ends, and a backtick at an end would join the fence.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// As [`inline_code`], for a cell of a table: the table is cut at `|` before code is seen.
pub fn cell_code(text: &str) -> String {
    inline_code(text).replace('|', "\\|")
}

/// The text as plain words in Markdown: shown as it is, on one line, with nothing in it alive.
pub fn inert_markdown(text: &str) -> String {
    let line = visible(text.trim()).replace(['\n', '\t'], " ");
    let chars: Vec<char> = line.chars().collect();
    let mut out = String::with_capacity(line.len() + 16);
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|i| chars[i]);
        let after = chars.get(at + 1).copied();
        let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        match c {
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' | '$' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' if after.is_some_and(|c| c.is_ascii_alphabetic() || c == '#') => out.push_str("&amp;"),
            '_' if !(before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric)) => {
                out.push_str("\\_");
            }
            '@' if word(after) => out.extend(["@", BREAK]),
            '#' if word(after) => out.extend(["#", BREAK]),
            '#' | '-' | '+' | '=' if before.is_none() && after.is_none_or(|a| a == c || a == ' ') => {
                out.extend(['\\', c]);
            }
            '.' | ')' if at > 0 && after.is_none_or(|a| a == ' ') && chars[..at].iter().all(char::is_ascii_digit) => {
                out.extend(['\\', c]);
            }
            '-' if word(after) && ends_with_word(&chars[..at], "gh") => out.extend(["-", BREAK]),
            ':' if after == Some('/')
                || !before.is_some_and(|c| c.is_ascii_digit()) && is_shortcode(&chars[at + 1..]) =>
            {
                out.extend([":", BREAK]);
            }
            'w' | 'W' if ends_with_word(&chars[..at], "ww") && after == Some('.') => {
                out.push_str(BREAK);
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// Whether `before` ends with `word`, in any case, and not in the middle of a longer one.
fn ends_with_word(before: &[char], word: &str) -> bool {
    let start = before.len().saturating_sub(word.len());
    before.len() >= word.len()
        && before[start..].iter().zip(word.chars()).all(|(a, b)| a.eq_ignore_ascii_case(&b))
        && start.checked_sub(1).is_none_or(|i| !before[i].is_alphanumeric())
}

/// Whether what follows a colon closes as `name:`, which trackers turn into a picture.
fn is_shortcode(rest: &[char]) -> bool {
    let name = rest.iter().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-')).count();
    rest.get(name) == Some(&':') && rest[..name].iter().any(char::is_ascii_alphabetic)
}

/// The text for a terminal, on one line: escape sequences, control, bidirectional and zero-width characters are dropped.
pub fn terminal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => skip_sequence(&mut rest),
            // The same introducer as one character, which some terminals obey.
            '\u{9b}' => skip_parameters(&mut rest),
            '\n' | '\t' => out.push(' '),
            _ if is_hidden(c) => {}
            _ => out.push(c),
        }
    }
    out
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn skip_sequence(rest: &mut Chars<'_>) {
    match rest.next() {
        Some('[') => skip_parameters(rest),
        // Operating system commands, device strings and the like run to BEL or ESC \.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = rest.next() {
                if c == '\u{7}' || c == '\u{9c}' || (c == '\u{1b}' && rest.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        _ => {}
    }
}

fn skip_parameters(rest: &mut Chars<'_>) {
    while rest.next_if(|c| ('\u{20}'..='\u{3f}').contains(c)).is_some() {}
    rest.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
}

/// The address, when it is a plain web address, with everything percent-encoded that could end it in Markdown or HTML.
pub fn web_address(text: &str) -> Option<String> {
    let text = text.trim();
    if !(text.starts_with("https://") || text.starts_with("http://")) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&*+,;=%".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    Some(out)
}

/// The text as one word of a POSIX shell, in single quotes.
pub fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Collapses blank lines outside code blocks to one and ends the text with one line break.
pub(crate) fn tidy_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut fence: Option<usize> = None;
    let mut blank = true;
    for line in text.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            Some(open) if ticks >= open && line[ticks..].trim().is_empty() => fence = None,
            None if ticks >= 3 => fence = Some(ticks),
            _ => {}
        }
        let inside = fence.is_some();
        let line = if inside { line } else { line.trim_end() };
        if line.is_empty() && blank && !inside {
            continue;
        }
        blank = line.is_empty();
        out.push_str(line);
        out.push('\n');
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    out
}

/// Drops blank lines and blanks at line ends that template tags leave, except in preformatted text.
pub(crate) fn tidy_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for line in text.lines() {
        let was = inside;
        inside = match (line.rfind("<pre"), line.rfind("</pre>")) {
            (Some(open), Some(close)) => open > close,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => inside,
        };
        if was || inside {
            out.push_str(line);
        } else if line.trim().is_empty() {
            continue;
        } else {
            out.push_str(line.trim());
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "<script>alert(1)</script> @team closes #1 ![x](http://e/x.png) ``` \u{1b}[31mred\u{1b}[0m \u{202e}txt GH-7 www.e.com :boom: a|b";

    #[test]
    fn markdown_words_lose_every_way_to_act() {
        let text = inert_markdown(HOSTILE);
        let mut bare = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            bare.push(if c == '\\' { chars.next().map_or(c, |_| '.') } else { c });
        }
        for live in ["<script", "@team", "#1", "![", "](", "://", "```", "GH-7", "www.", ":boom:", "\u{1b}", "\u{202e}"]
        {
            assert!(!bare.contains(live), "{live} in {text}");
        }
        assert!(text.contains("a\\|b") && text.contains("\\u202etxt"));
        assert_eq!(inert_markdown("# a"), "\\# a");
        assert_eq!(inert_markdown("- a"), "\\- a");
        assert_eq!(inert_markdown("12. a"), "12\\. a");
        assert_eq!(
            inert_markdown("7.0 days, +30 load_user at 12:30:44Z: -1, 5 %"),
            "7.0 days, +30 load_user at 12:30:44Z: -1, 5 %"
        );
        assert_eq!(inert_markdown("owner/repo#5 a@b.example &lt;"), "owner/repo#&zwnj;5 a@&zwnj;b.example &amp;lt;");
    }

    #[test]
    fn a_fence_is_longer_than_every_run_of_backticks_inside() {
        assert_eq!(fenced("a"), "```\na\n```");
        let text = fenced("x ````` y\n```\nz");
        assert!(text.starts_with("``````\n") && text.ends_with("\n``````"));
        assert_eq!(inline_code("a``b`"), "``` a``b` ```");
        assert_eq!(inline_code("a\nb"), "`a\\nb`");
        assert_eq!(cell_code("a|b"), "`a\\|b`");
        assert_eq!(inline_code(" "), "(empty)");
    }

    #[test]
    fn no_quoted_line_looks_like_a_marker() {
        for text in [fenced("<!-- log-gardener:fp=lgfp1:0 -->"), inline_code("<!-- x"), inert_markdown("<!-- x -->")] {
            assert!(!text.contains("<!--"), "{text}");
        }
        let number = "{{issue:act_00}}";
        for text in [fenced(number), inline_code(number), inert_markdown(number)] {
            assert!(!text.contains("{{issue:"), "{text}");
        }
    }

    #[test]
    fn a_terminal_sees_neither_sequences_nor_hidden_characters() {
        assert_eq!(
            terminal("\u{1b}[1;31mred\u{1b}[0m \u{1b}]0;title\u{7}x\u{9b}2Jy\u{202e}\u{200b}z\r\n."),
            "red xyz ."
        );
        assert_eq!(terminal("\u{1b}]8;;http://e\u{1b}\\link\u{1b}(B"), "linkB");
        assert_eq!(terminal("\u{1b}"), "");
    }

    #[test]
    fn only_plain_web_addresses_become_links() {
        assert_eq!(web_address("javascript:alert(1)"), None);
        assert_eq!(web_address("https://e/a(b) \"<"), Some("https://e/a%28b%29%20%22%3C".into()));
    }

    #[test]
    fn an_entry_that_is_cut_stays_json_where_a_text_is_what_is_long() {
        let entry =
            serde_json::json!({"insertId": "a1", "message": "x".repeat(900), "labels": {"b": ["y".repeat(90)]}});
        let text = serde_json::to_string_pretty(&entry).expect("json");
        assert_eq!(cut_entry(&text, 2_000), text);
        for limit in [1_000, 400, 300] {
            let short = cut_entry(&text, limit);
            let value: serde_json::Value = serde_json::from_str(&short).expect("still JSON");
            assert!(short.chars().count() <= limit && value["insertId"] == "a1", "{short}");
            assert!(value["message"].as_str().is_some_and(|message| message.ends_with('…')), "{short}");
        }
        assert_eq!(cut_entry(&text, 20), cut(&text, 20), "many keys cannot be kept in so little");
        assert_eq!(cut_entry("plain text", 6), "plain…");
    }

    #[test]
    fn cuts_at_characters_and_says_so() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("äöüabc", 4), "äöü…");
    }

    #[test]
    fn blank_lines_collapse_outside_code_only() {
        assert_eq!(tidy_markdown("\n\na  \n\n\nb\n````\n\n\n```\n````\n\n\n"), "a\n\nb\n````\n\n\n```\n````\n");
    }
}
