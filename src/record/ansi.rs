//! Terminal escapes, which progress bars and coloured logs leave in exports.

/// The text without terminal escapes; `None` when there are none.
pub fn strip_ansi(text: &str) -> Option<String> {
    memchr::memchr(0x1b, text.as_bytes())?;
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('[') => {
                for c in chars.by_ref() {
                    if ('\u{40}'..='\u{7e}').contains(&c) {
                        break;
                    }
                }
            }
            Some(']') => {
                while let Some(c) = chars.next() {
                    if c == '\u{7}' {
                        break;
                    }
                    if c == '\u{1b}' {
                        chars.next_if_eq(&'\\');
                        break;
                    }
                }
            }
            // Two-character escapes (charset, keypad) carry one more character.
            Some('(' | ')') => {
                chars.next();
            }
            _ => {}
        }
    }
    Some(out)
}
