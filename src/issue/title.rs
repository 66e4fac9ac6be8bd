//! Titles: how a new issue is called, and the key by which a title is recognised again.
//!
//! The key drops what changes while the problem stays (category, priority, emoji, numbers), so that an issue whose
//! priority was raised in its title is still the same one.

/// Longest title that is written.
pub const MAX_TITLE_CHARS: usize = 120;
/// Keys with fewer words name too many problems to be an identity.
const MIN_KEY_WORDS: usize = 2;

/// The comparable form of a title; `None` when too little is left to identify anything.
///
/// Lower case, without a leading `GCP-x | Pn |` or `GCP-x-Pn-` or `Pn CRITICAL:`, without emoji, numbers, placeholders and
/// punctuation.
pub fn title_key(title: &str) -> Option<String> {
    let lower = skimmable(title).to_lowercase();
    let mut rest = lower.as_str();
    while let Some((head, tail)) = rest.split_once('|') {
        let head = head.trim_matches(|letter: char| !letter.is_alphanumeric());
        if !(head.is_empty() || head.starts_with("gcp-") || is_rank(head)) {
            break;
        }
        rest = tail;
    }
    let mut words: Vec<&str> =
        rest.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.first() == Some(&"gcp") && rest.trim_start().starts_with("gcp-") {
        // `gcp-active-dev-p1-…`: the category may have a dash of its own; the rank ends the prefix.
        if let Some(at) = words.iter().take(4).position(|word| is_rank(word)) {
            words.drain(..=at);
        }
    }
    words.retain(|word| !word.chars().all(|letter| letter.is_ascii_digit()));
    while words.first().is_some_and(|word| is_rank(word)) {
        words.remove(0);
    }
    (words.len() >= MIN_KEY_WORDS).then(|| words.join(" "))
}

/// `p0` … `p10`, or a word that trackers use for the same.
fn is_rank(word: &str) -> bool {
    rank_number(word).is_some() || matches!(word, "critical" | "high" | "medium" | "low")
}

/// The number of `p0` … `p10`, in either case.
pub fn rank_number(word: &str) -> Option<u8> {
    let digits = word.strip_prefix(['p', 'P'])?;
    let plain = !digits.is_empty() && digits.len() <= 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| plain && *number <= 10)
}

/// The title of a new issue: one line, at most 120 characters, in which nothing of a log can act.
///
/// `pattern` holds `{category}`, `{priority}`, `{name}`. A name that is too long ends in `…`.
pub fn make_title(pattern: &str, category: &str, priority: &str, name: &str) -> String {
    let name = plain_line(&skimmable(name));
    let frame = pattern.replace("{category}", category).replace("{priority}", priority);
    let room = MAX_TITLE_CHARS.saturating_sub(frame.replace("{name}", "").chars().count());
    let name = if name.chars().count() > room {
        let cut: String = name.chars().take(room.saturating_sub(1)).collect();
        format!("{}…", cut.trim_end())
    } else {
        name
    };
    frame.replace("{name}", &name)
}

/// The text with each placeholder of a template (`<*>`, `<num>`) as `…`.
pub(super) fn skimmable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let inner = rest[at + 1..].split('>').next().unwrap_or_default();
        let is_placeholder = rest.len() > at + 1 + inner.len()
            && (inner == "*" || (!inner.is_empty() && inner.bytes().all(|byte| byte.is_ascii_lowercase())));
        out.push_str(&rest[..at]);
        if is_placeholder {
            out.push('…');
            rest = &rest[at + inner.len() + 2..];
        } else {
            out.push('<');
            rest = &rest[at + 1..];
        }
    }
    out + rest
}

/// One line without control characters, mentions, references and comment marks.
fn plain_line(text: &str) -> String {
    let calm: String = text
        .chars()
        .filter(|letter| !is_invisible(*letter))
        .map(|letter| if letter.is_control() || letter.is_whitespace() { ' ' } else { letter })
        .collect();
    let calm = calm.replace("<!--", " ").replace("-->", " ");
    let mut out = String::with_capacity(calm.len());
    let mut letters = calm.chars().peekable();
    while let Some(letter) = letters.next() {
        // `@name` would be a mention and `#12` a reference wherever the title is quoted.
        if matches!(letter, '@' | '#') && letters.peek().is_some_and(|next| next.is_alphanumeric()) {
            out.push(' ');
        } else {
            out.push(letter);
        }
    }
    let words: Vec<&str> = out.split_whitespace().collect();
    let words: Vec<String> = words.iter().map(|word| break_reference(word)).collect();
    words.join(" ")
}

/// `GH-12` is a reference; `GH 12` is not.
fn break_reference(word: &str) -> String {
    match word.split_once('-') {
        Some((head, tail))
            if head.eq_ignore_ascii_case("gh") && tail.starts_with(|letter: char| letter.is_ascii_digit()) =>
        {
            format!("{head} {tail}")
        }
        _ => word.to_owned(),
    }
}

/// Zero-width and direction characters, which make text look like other text.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
