//! Files in which nearly every line is an object behind a head: a time, the name of a pod, what a collector wrote before it.
//!
//! One line alone may be prose that ends with an object; where the front of a file has hardly any other line, each is read as
//! the row that its object is. The front decides for the whole file, so that it may still be read in blocks.

use super::super::json::Tape;
use super::super::said;
use super::utf8;

/// Lines that are looked at.
const LINES: usize = 256;

/// Lines at the front that may say so: a banner may stand before the others.
const FIRST: usize = 8;

/// Whether a file may be such a one, by the first lines of `front`; `None`: only more bytes say it.
pub(super) fn may_open(front: &[u8], whole: bool) -> Option<bool> {
    let mut rest = front;
    let mut seen = 0;
    while seen < FIRST {
        let line = match memchr::memchr(b'\n', rest) {
            Some(end) => &rest[..end],
            None if whole => rest,
            None => return None,
        };
        if may_be(line) {
            return Some(true);
        }
        seen += usize::from(!line.trim_ascii().is_empty());
        rest = match rest.get(line.len() + 1..) {
            Some(rest) => rest,
            None => break,
        };
    }
    Some(false)
}

/// Whether a line may be such a one.
fn may_be(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.ends_with(b"}") && !line.starts_with(b"{") && memchr::memchr(b'{', line).is_some()
}

/// Whether nine lines in ten are such, of the complete ones that `front` holds; a banner before them and fewer bare objects
/// than headed ones are not counted.
pub(super) fn is_most(front: &[u8], last: bool) -> bool {
    let front = if last { front } else { &front[..memchr::memrchr(b'\n', front).unwrap_or(front.len())] };
    let lines = front.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).take(LINES);
    let mut tape = Tape::default();
    let (mut headed, mut bare, mut others) = (0, 0, 0);
    for (at, line) in lines.enumerate() {
        match () {
            () if is_one(line, &mut tape) => headed += 1,
            () if line.trim_ascii().starts_with(b"{") && tape.parse(utf8(line.trim_ascii())).is_ok() => bare += 1,
            () => others += usize::from(at > 0),
        }
    }
    headed > bare && headed >= others * 9
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
        assert!(is_most(format!("Attaching\n{object}no stock\n").as_bytes(), true), "a banner");
        let bare = "{\"a\":1}\n";
        assert!(is_most(format!("{}{object}", bare.repeat(8)).as_bytes(), true));
        assert!(!is_most(format!("{}{object}", bare.repeat(9)).as_bytes(), true), "a file of bare objects");
    }

    #[test]
    fn one_of_the_first_lines_says_that_a_file_may_be_one() {
        let line = "till: {\"a\":1}\n";
        for (text, whole, may) in [
            (line.to_owned(), false, Some(true)),
            (format!("Attaching\n\n{line}"), false, Some(true)),
            (format!("{}{line}", "x\n".repeat(7)), false, Some(true)),
            (format!("{}{line}", "x\n".repeat(8)), false, Some(false)),
            ("x\n".repeat(7), false, None),
            ("x\n".repeat(7), true, Some(false)),
            (format!("x\n{}", line.trim_ascii_end()), false, None),
            (format!("x\n{}", line.trim_ascii_end()), true, Some(true)),
            ("{\"a\":1}\n".repeat(8), false, Some(false)),
        ] {
            assert_eq!(may_open(text.as_bytes(), whole), may, "{text}");
        }
    }

    #[test]
    fn lines_without_one_object_at_their_end_make_none() {
        for line in ["web-1 | {\"a\":1} {\"b\":2}", "{\"a\":1}", "till {a}", "till {} till"] {
            assert!(!is_most(line.as_bytes(), true), "{line}");
        }
    }
}
