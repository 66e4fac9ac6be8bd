//! Room for rows to come, as others before them needed it.

use super::{DictCol, IntCol, Rows, TextCol};

/// Bytes from which a row is read at least, where room is made for rows: shorter ones find more of it as they come.
const LEAST_ROW_BYTES: usize = 64;

/// How much room rows took.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Room {
    /// Bytes of the text that the rows were read from.
    read: usize,
    rows: usize,
    ints: [bool; IntCol::ALL.len()],
    dicts: [bool; DictCol::ALL.len()],
    texts: [usize; TextCol::ALL.len()],
}

impl Rows {
    /// The room that was needed for what was read from so many bytes.
    pub(in crate::store) fn room(&self, read: usize) -> Room {
        Room {
            read,
            rows: self.len(),
            ints: std::array::from_fn(|at| !self.ints[at].is_empty()),
            dicts: std::array::from_fn(|at| !self.dicts[at].is_empty()),
            texts: std::array::from_fn(|at| self.texts[at].text.len()),
        }
    }

    /// Rows to come from so many bytes, which are likely to need as much room for each of them as others did, or somewhat
    /// more: growing would copy them again and again, and room that nothing is written into costs none.
    pub(in crate::store) fn with_room(room: &Room, read: usize) -> Self {
        // What was packed within the others may have been more than all that is to be read.
        let share = 1.25 * read as f64 / room.read.max(1) as f64;
        let more = |used: usize| ((used as f64 * share).ceil() as usize).min(2 * read);
        let rows = more(room.rows).min(read / LEAST_ROW_BYTES + 1);
        let mut out = Self::default();
        out.ts_ns.reserve(rows);
        out.files.reserve(rows);
        out.roles.reserve(rows);
        out.aside.reserve(rows);
        out.ints.iter_mut().zip(room.ints).filter(|(_, used)| *used).for_each(|(ints, _)| ints.0.reserve(rows));
        out.dicts.iter_mut().zip(room.dicts).filter(|(_, used)| *used).for_each(|(dict, _)| dict.codes.reserve(rows));
        for (texts, bytes) in out.texts.iter_mut().zip(room.texts).filter(|(_, bytes)| *bytes > 0) {
            texts.ends.reserve(rows);
            texts.text.reserve(more(bytes));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::Texts;
    use super::*;
    use crate::mine::RowRole;
    use crate::record::LogRecord;

    fn rows(count: usize, message: &str) -> Rows {
        let mut rows = Rows::default();
        for _ in 0..count {
            rows.push(0, &LogRecord { message: message.into(), ..LogRecord::default() }, &[], RowRole::Plain);
        }
        rows
    }

    fn message(rows: &Rows) -> &Texts {
        rows.texts(TextCol::Message)
    }

    #[test]
    fn room_grows_with_what_is_read_and_stays_within_it() {
        let before = rows(100, "some text").room(10_000);
        for (read, rows, bytes) in [(10_000, 125, 1_125), (640, 8, 72), (40_000, 500, 4_500)] {
            let made = Rows::with_room(&before, read);
            assert!(made.ts_ns.capacity() >= rows && made.ts_ns.capacity() < rows + 9, "{read}");
            let room = message(&made).text.capacity();
            assert!(room >= bytes && room < bytes + 9, "{read}: {room}");
            assert_eq!(made.texts(TextCol::Trace).text.capacity(), 0, "nothing was needed there");
        }
        // One row that was packed a thousand times over says nothing of what comes next.
        let packed = rows(1, &"x".repeat(100_000)).room(100);
        assert!(message(&Rows::with_room(&packed, 4_000)).text.capacity() <= 8_000);
        let short = rows(1_000, "x").room(10_000);
        assert!(Rows::with_room(&short, 1 << 20).ts_ns.capacity() <= (1 << 20) / LEAST_ROW_BYTES + 9);
        let none = Rows::with_room(&Room::default(), 4_000);
        assert_eq!((none.ts_ns.capacity(), message(&none).text.capacity()), (0, 0));
    }
}
