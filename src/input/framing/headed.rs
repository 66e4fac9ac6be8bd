//! Files in which nearly every line is an object behind a head: a time, the name of a pod, what a collector wrote before it.
//!
//! One line alone may be prose that ends with an object; where the front of a file has hardly any other line, each is read as
//! the row that its object is. The front decides for the whole file, so that it may still be read in blocks.

use super::super::json::Tape;
use super::super::said;
use super::utf8;

/// Lines that are looked at.
const LINES: usize = 256;

/// Whether a line may be such a one; most files are told by their first.
pub(super) fn may_be(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.ends_with(b"}") && !line.starts_with(b"{") && memchr::memchr(b'{', line).is_some()
}

/// Whether nine lines in ten are such, of the complete ones that `front` holds.
pub(super) fn is_most(front: &[u8], last: bool) -> bool {
    let front = if last { front } else { &front[..memchr::memrchr(b'\n', front).unwrap_or(front.len())] };
    let lines = front.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).take(LINES);
    let mut tape = Tape::default();
    let (all, headed) =
        lines.fold((0, 0), |(all, headed), line| (all + 1, headed + usize::from(is_one(line, &mut tape))));
    all > 0 && headed * 10 >= all * 9
}

fn is_one(line: &[u8], tape: &mut Tape) -> bool {
    may_be(line)
        && said::headed(&said::uncoloured(utf8(line)))
            .and_then(|said| said.object)
            .is_some_and(|object| tape.parse(object).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_lines_in_ten_make_a_file_of_objects() {
        let object = "2024-01-02T03:04:05.678901234Z {\"a\":1}\n".repeat(9);
        assert!(is_most(format!("{object}no stock\n").as_bytes(), true));
        assert!(!is_most(format!("{object}no stock\nno till\n").as_bytes(), true));
        assert!(
            is_most(format!("{object}2024-01-02T03:04:05.678901234Z {{\"a\":").as_bytes(), false),
            "a line that is cut"
        );
        assert!(!is_most(b"", true));
    }

    #[test]
    fn lines_without_one_object_at_their_end_make_none() {
        for line in ["web-1 | {\"a\":1} {\"b\":2}", "{\"a\":1}", "till {a}", "till {} till"] {
            assert!(!is_most(line.as_bytes(), true), "{line}");
        }
    }
}
