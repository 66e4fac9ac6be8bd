//! What a line's tokens become after the scan, in place: values of keys, lists, the cap on long lines.

use super::{Kind, Scanner, Span, TOKENS_MAX, WORDS_MAX};
use crate::mine::wordform::{is_event_key, is_redacted};

impl Scanner {
    /// Values after `key=` are soft variables; an empty value or ` ()` is an empty soft variable.
    pub(super) fn key_values(&mut self, message: &str) {
        let s = message.as_bytes();
        let is = |t: &Span, b: u8| t.end == t.start + 1 && t.kind == Kind::Delim && s[t.start] == b;
        let res = &self.raw;
        let out = &mut self.spare;
        out.clear();
        // Where the last `=` went in `out`.
        let mut equals = usize::MAX;
        for (i, &token) in res.iter().enumerate() {
            let mut token = token;
            let n = out.len();
            let after_key = n > 1 && equals == n - 1 && out[n - 2].kind.is_key();
            if token.kind == Kind::Word {
                let spaced = n > 2
                    && equals == n - 2
                    && out[n - 1].kind == Kind::Space
                    && (out[n - 3].kind.is_key()
                        || (n > 3 && out[n - 3].kind == Kind::Space && out[n - 4].kind.is_key()));
                let apart = n > 2 && equals == n - 1 && out[n - 2].kind == Kind::Space && out[n - 3].kind.is_key();
                let holds = after_key || spaced || apart;
                // What `msg = …` begins with is said, not held.
                let said = || {
                    let key = out[..equals].iter().rfind(|t| t.kind != Kind::Space);
                    key.is_some_and(|key| is_event_key(key.text(message)))
                };
                if holds && !said() && !is_redacted(token.text(message)) {
                    token.kind = Kind::Soft;
                }
            }
            let space = token.kind == Kind::Space;
            if after_key && (space || is(&token, b',') || is(&token, b';')) {
                let value_follows = space
                    && res.get(i + 1).is_some_and(|t| t.kind.is_value())
                    && res.get(i + 2).is_none_or(|t| !is(t, b'='));
                if !value_follows {
                    out.push(Span::new(Kind::Soft, token.start, token.start));
                }
            }
            if n > 1 && is(&token, b')') && is(&out[n - 1], b'(') && out[n - 2].kind == Kind::Space {
                out.push(Span::new(Kind::Soft, token.start, token.start));
            }
            if is(&token, b'=') {
                equals = out.len();
            }
            // `name=window:3f`: what colons join without a space is one value.
            if n > 2
                && token.kind.is_value()
                && equals == n - 3
                && is(&out[n - 1], b':')
                && out[n - 2].kind.is_variable()
                && n > 3
                && out[n - 4].kind.is_key()
            {
                out.pop();
                let value = &mut out[n - 2];
                value.kind = if value.kind == Kind::Hard || token.kind == Kind::Hard { Kind::Hard } else { Kind::Soft };
                value.end = token.end;
                continue;
            }
            out.push(token);
        }
        let n = out.len();
        if n > 1 && equals == n - 1 && out[n - 2].kind.is_key() {
            let end = out[n - 1].end;
            out.push(Span::new(Kind::Soft, end, end));
        }
    }

    /// `v,v,v` and `v:v` are one variable.
    pub(super) fn lists(&mut self, message: &str) {
        let s = message.as_bytes();
        let is = |t: &Span, b: u8| t.end == t.start + 1 && t.kind == Kind::Delim && s[t.start] == b;
        let out = &mut self.spare;
        out.clear();
        for &token in &self.raw {
            let n = out.len();
            if n >= 2 && token.kind.is_variable() {
                let comma = is(&out[n - 1], b',') && out[n - 2].kind.is_variable() && !token.is_empty();
                let colon = token.kind == Kind::Hard && is(&out[n - 1], b':') && out[n - 2].kind == Kind::Hard;
                if comma || colon {
                    out.pop();
                    out[n - 2].kind = Kind::Hard;
                    out[n - 2].end = token.end;
                    continue;
                }
            }
            out.push(token);
        }
        std::mem::swap(&mut self.raw, &mut self.spare);
    }

    /// Cuts after [`WORDS_MAX`] words and lets the rest be one variable.
    pub(super) fn cap(&mut self, message_end: usize, cut: bool) {
        let mut words = 0;
        let over = self.raw.iter().position(|t| {
            words += usize::from(t.kind == Kind::Word);
            words > WORDS_MAX
        });
        let limit = over.unwrap_or(self.raw.len()).min(TOKENS_MAX);
        if limit == self.raw.len() && !cut {
            return;
        }
        self.irregular = true;
        self.raw.truncate(limit);
        while self.raw.last().is_some_and(|t| t.kind != Kind::Space) && limit == TOKENS_MAX {
            self.raw.pop();
        }
        let from = self.raw.last().map_or(0, |t| t.end);
        if from < message_end {
            self.raw.push(Span::new(Kind::Hard, from, message_end));
        }
    }
}
