//! One file in blocks that are walked at the same time, with the result of one walk from end to end.
//!
//! A batch of blocks is filled (read, decompressed) while the one before it is walked. Blocks begin at guessed cuts, in a
//! guessed state; joining them checks both against the walk before, and walks again what was guessed wrong. Fork and join
//! only: nothing waits for a free place in a queue, so files may be read from within a pool without a deadlock, and no more
//! than two batches are held, and beside them what was made of a third: it is handed on while the next one is walked.

use rayon::prelude::*;

use super::codec::Decoded;
use super::framing::{Counts, Framer, Profile, Sink, State, Window};
use super::held::Held;

/// How a file is divided.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Most bytes of a block, about.
    pub(crate) block: usize,
    /// And the least: blocks become smaller towards the end of a batch, so that threads are done with it at the same time.
    pub(crate) least: usize,
    /// Blocks of a batch, were all as large as they may be; with one, nothing is done at the same time.
    pub(crate) blocks: usize,
    /// Largest row in bytes.
    pub(crate) limit: usize,
}

impl Plan {
    /// Bytes of the next block of a batch of which so many are left.
    fn next(&self, left: usize) -> usize {
        (left / self.blocks).clamp(self.least, self.block)
    }
}

/// What a whole file came to.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    pub(crate) counts: Counts,
    /// Bytes of decoded text.
    pub(crate) decoded: u64,
}

impl Walked {
    /// What so many bytes come to of which none is looked at.
    pub(crate) fn unread(bytes: u64) -> Self {
        let mut walked = Self { decoded: bytes, ..Self::default() };
        walked.counts.refuse(bytes);
        walked
    }
}

/// Walks over a text that is held whole, with one sink of `make`, which is told its bytes. `limit`: largest row in bytes.
pub(crate) fn walk_whole<S: Sink + Send>(
    text: &[u8],
    limit: usize,
    make: &(dyn Fn(usize) -> S + Sync),
    done: &mut (dyn FnMut(S) + Send),
) -> Walked {
    let plan = Plan { block: text.len(), least: text.len(), blocks: 1, limit };
    let window = Window { bytes: text, base: 0, last: true };
    let chained = chain(window, Framer::new(State::START, limit), None, plan, make);
    chained.sinks.into_iter().for_each(done);
    Walked { counts: chained.counts, decoded: chained.at as u64 }
}

/// Walks over a file as it is decoded. Sinks come from `make`, which is told about how many bytes they will walk over, one or
/// more a batch, and go to `done` in the order of the file; answers also how the decoding failed, if it did.
pub(crate) fn walk<S: Sink + Send>(
    mut text: Decoded<'_>,
    plan: Plan,
    make: &(dyn Fn(usize) -> S + Sync),
    done: &mut (dyn FnMut(S) + Send),
) -> (Walked, Option<String>) {
    let mut walked = Walked::default();
    let (mut batch, mut next) = (Held::default(), Held::default());
    let most = plan.block * plan.blocks;
    let mut more = text.fill(&mut batch, most);
    let mut framer = Framer::new(State::START, plan.limit);
    let (mut profile, mut look) = (None, plan.blocks > 1);
    let mut made: Vec<S> = Vec::new();
    loop {
        if look && framer.is_between_rows() {
            profile = Profile::of(batch.bytes(), framer.state, plan.limit);
            look = profile.is_none();
        }
        // The row that the batch cuts in two belongs to the next one.
        let bytes = batch.bytes();
        let tail = bytes.len().saturating_sub(plan.block);
        if more && let Some(cut) = profile.as_ref().and_then(|profile| profile.last(bytes, tail)) {
            next.put_before(&bytes[cut..]);
            batch.truncate(cut);
        }
        let window = Window { bytes: batch.bytes(), base: walked.decoded, last: !more };
        let mut fill = || more && text.fill(&mut next, most);
        let work = || chain(window, framer, profile.as_ref(), plan, make);
        let mut hand_on = || made.drain(..).for_each(&mut *done);
        let (still_more, chained) = if plan.blocks > 1 {
            let (still_more, (chained, ())) = rayon::join(fill, || rayon::join(work, hand_on));
            (still_more, chained)
        } else {
            hand_on();
            (fill(), work())
        };
        made.extend(chained.sinks);
        walked.counts.add(&chained.counts);
        walked.decoded += chained.at as u64;
        look |= plan.blocks > 1 && chained.wrong;
        framer = chained.framer.next();
        if !more {
            break;
        }
        if chained.at < batch.bytes().len() {
            next.put_before(&batch.bytes()[chained.at..]);
        }
        more = still_more;
        std::mem::swap(&mut batch, &mut next);
        next.clear();
    }
    made.into_iter().for_each(done);
    (walked, text.broken)
}

/// A stretch between two cuts.
struct Run<S> {
    start: usize,
    stop: usize,
    /// Where the walk stands.
    at: usize,
    guess: State,
    framer: Framer,
    sink: S,
}

impl<S: Sink> Run<S> {
    fn go(&mut self, window: Window<'_>, stop: usize) {
        self.at = self.framer.run(window, self.at, stop, &mut self.sink);
    }
}

struct Chained<S> {
    /// In the order of the file.
    sinks: Vec<S>,
    counts: Counts,
    framer: Framer,
    /// Up to where the batch was walked.
    at: usize,
    /// A cut was guessed wrong.
    wrong: bool,
}

/// Walks over a batch in blocks and joins them.
fn chain<S: Sink + Send>(
    window: Window<'_>,
    framer: Framer,
    profile: Option<&Profile>,
    plan: Plan,
    make: &(dyn Fn(usize) -> S + Sync),
) -> Chained<S> {
    let length = window.bytes.len();
    let profile = profile.filter(|_| framer.is_between_rows());
    let mut starts = vec![0];
    if let Some(profile) = profile {
        let mut from = plan.next(length);
        while let Some(cut) = profile.first(window.bytes, from).filter(|cut| *cut < length) {
            starts.push(cut);
            from = cut + plan.next(length - cut);
        }
    }
    let stop = |at: usize| starts.get(at).copied().unwrap_or(length);
    let guess = profile.map_or(framer.state, Profile::state);
    let run = |(at, framer): (usize, Framer)| Run {
        start: stop(at),
        stop: stop(at + 1),
        at: stop(at),
        guess,
        framer,
        sink: make(stop(at + 1) - stop(at)),
    };
    let framers = (1..starts.len()).map(|_| Framer::new(guess, plan.limit));
    let mut runs: Vec<Run<S>> = std::iter::once(framer).chain(framers).enumerate().map(run).collect();
    // A wrong guess may look for an end as far as it is let: one block further, not to the end of the batch.
    let reach = |at: usize| stop(at + 2);
    let go = |(at, run): (usize, &mut Run<S>)| {
        let bytes = &window.bytes[..reach(at)];
        run.go(Window { bytes, last: window.last && bytes.len() == length, ..window }, run.stop);
    };
    if runs.len() > 1 {
        // In turn, the large ones first.
        runs.iter_mut().enumerate().par_bridge().for_each(go);
    } else {
        runs.iter_mut().enumerate().for_each(go);
    }

    let (mut sinks, mut counts, mut wrong) = (Vec::with_capacity(runs.len()), Counts::default(), false);
    let mut runs = runs.into_iter();
    let Some(mut current) = runs.next() else { unreachable!("a batch has a first block") };
    for next in runs {
        current.go(window, next.start);
        let meets = current.at == next.start && current.framer.state == next.guess && current.framer.is_between_rows();
        if meets {
            counts.add(&current.framer.counts);
            sinks.push(current.sink);
            current = next;
        } else {
            wrong = true;
        }
    }
    current.go(window, length);
    counts.add(&current.framer.counts);
    sinks.push(current.sink);
    Chained { sinks, counts, framer: current.framer, at: current.at, wrong }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::framing::{End, Front, Opened, Taken, Verdict, gap};
    use super::super::json::Tape;
    use super::super::pieces::{Part, follow};
    use super::super::repair;
    use super::*;

    /// Everything a sink is told.
    #[derive(Debug, Default, PartialEq)]
    struct Log {
        rows: Vec<(u64, String)>,
        bad: Vec<(u64, u64, String, Vec<u8>)>,
        /// Where rows stand in wrappers that are read as streams: the wrapper of each.
        inside: Vec<(u64, u64)>,
        within: u64,
        /// Rows read at once, where they may be.
        at_once: u64,
    }

    impl Log {
        fn keep(&mut self, offset: u64, text: &str) {
            self.rows.push((offset, text.to_owned()));
            if self.within != 0 {
                self.inside.push((offset, self.within));
            }
        }
    }

    impl Sink for Log {
        fn rows(&mut self, offset: u64, text: &str, until: usize, comma: bool) -> Option<Taken> {
            let (mut taken, mut start) = (Taken::default(), 0);
            while taken.rows < self.at_once && start < until {
                let (mut tape, text) = (Tape::default(), &text[start..]);
                let Ok((_, length)) = tape.parse_front(text) else { break };
                if length > LIMIT || Part::of(tape.parsed(text)).is_some_and(|part| part.open) {
                    break;
                }
                self.keep(offset + start as u64, &text[..length]);
                taken.rows += 1;
                taken.entries += length as u64;
                taken.multi_line += u64::from(tape.multi_line);
                taken.structure += u64::from(comma && taken.rows > 1);
                (taken.last, taken.length) = (start, start + length);
                let Some(gap) = gap(&text.as_bytes()[length..], comma) else { break };
                start += length + gap;
            }
            (taken.rows > 0).then_some(taken)
        }
        fn front(&mut self, offset: u64, text: &str) -> Front {
            let mut tape = Tape::default();
            match tape.parse_front(text).map(|(_, length)| length) {
                Ok(length) if length <= LIMIT => {
                    if Part::of(tape.parsed(text)).is_some_and(|part| part.open) {
                        return Front::Piece;
                    }
                    self.keep(offset, &text[..length]);
                    Front::Read { length, entries: length as u64, wrapper: false, multi_line: tape.multi_line }
                }
                Err(refused) if refused.may_be_cut(text) => Front::Short,
                Ok(_) | Err(_) => Front::Refused,
            }
        }
        fn wrapper(&mut self, _: u64, text: &str, _: bool) -> Option<Opened> {
            let groups = text.contains("\"by\":{\"") && text.ends_with("[]}}");
            // The last bits say how deep it is.
            let id = (self.within << 8) + text.len() as u64 % 255 + 1;
            (groups || text.ends_with("\"rows\":[]}")).then_some(Opened { id, groups })
        }
        fn within(&mut self, wrapper: u64) {
            self.within = wrapper;
        }
        fn outer(&mut self) -> u64 {
            self.within >> 8
        }
        fn pieces(&mut self, offset: u64, bytes: &[u8], end: End) -> Option<Taken> {
            let run = follow(bytes, end)?;
            let entries = run.entries.iter().map(|entry| entry.bytes as u64).sum();
            let (length, rows, multi_line, last) = (run.length, run.rows, run.multi_line, run.last);
            for entry in run.entries {
                self.keep(offset + entry.range.start as u64, &entry.text);
            }
            Some(Taken { length, entries, structure: run.commas, rows, multi_line, last, ..Taken::default() })
        }
        fn row(&mut self, offset: u64, bytes: &[u8]) -> Verdict {
            let text = repair::repair(bytes);
            if let Err(refused) = Tape::default().parse(&text) {
                return Verdict::Refused(refused.reason);
            }
            self.keep(offset, &String::from_utf8_lossy(bytes));
            Verdict::Read { entries: bytes.len() as u64, wrapper: false }
        }
        fn converted(&mut self, offset: u64, length: u64, text: &str) -> Verdict {
            self.rows.push((offset, text.to_owned()));
            Verdict::Read { entries: length, wrapper: false }
        }
        fn malformed(&mut self, offset: u64, length: u64, reason: &str, shown: &[u8]) {
            assert!(length > 0);
            self.bad.push((offset, length, reason.to_owned(), shown.to_vec()));
        }
    }

    const LIMIT: usize = 600;

    fn read(text: &[u8], block: usize, blocks: usize, at_once: u64) -> (Log, Walked) {
        let mut all = Log::default();
        let decoded = Decoded::new(Box::new(text), text.len() as u64, 1_000).expect("opens");
        let mut done = |log: Log| {
            all.rows.extend(log.rows);
            all.bad.extend(log.bad);
            all.inside.extend(log.inside);
        };
        let plan = Plan { block, least: block.div_ceil(4), blocks, limit: LIMIT };
        let (walked, broken) = walk(decoded, plan, &|_| Log { at_once, ..Log::default() }, &mut done);
        assert_eq!(broken, None);
        assert_eq!(walked.decoded, text.len() as u64);
        assert_eq!(walked.counts.by.total(), text.len() as u64, "every byte is accounted for");
        (all, walked)
    }

    fn agree(text: &[u8]) {
        let (whole, walked) = read(text, 1 << 20, 1, 0);
        for (block, blocks) in [(1 << 20, 1), (1, 1), (7, 1), (64, 1), (64, 4), (33, 3), (200, 8)] {
            for at_once in [0, 1, 3] {
                let (log, parts) = read(text, block, blocks, at_once);
                assert_eq!(log, whole, "{block} x {blocks}, {at_once} rows at once");
                assert_eq!(parts.counts, walked.counts, "{block} x {blocks}, {at_once} rows at once");
                assert_eq!(parts.counts.framing(), walked.counts.framing());
            }
        }
    }

    fn piece() -> impl Strategy<Value = Vec<u8>> {
        let fixed: Vec<&[u8]> = vec![
            b"[",
            b"]",
            b"[\n",
            b"\n]\n",
            b",",
            b",\n",
            b"\n",
            b"\r\n",
            b"  ",
            b"}",
            b"{",
            b"{\"a\":1}",
            b"{\"a\":1}\n",
            b"  {\n    \"a\": {\"b\": [1, 2]}\n  },\n",
            b"{\n \"a\": {\n  \"b\": 1\n }\n}\n",
            b"{\"a\":\"}{][\\\"\\\\\"}\n",
            b"{\"b\":\"open}\n",
            b"{\"c\":\n",
            b"WARNING: a banner, so\n",
            b"web-1  | {\"a\":1}\n",
            b"web-1  | {\"a\":\"cut\n",
            b"  {\n    \"a\": {\n      \"b\": 1\n  },\n",
            b"  {\n    \"a\": [\n  },\n",
            b"[null, 1, {\"a\":1},",
            b",[",
            b"\x1e{\"a\":1}\n",
            b"{\"m\":\"a\tb\"}\n",
            b"{\"m\":\"a\nb\"}\n",
            b"{\"m\":NaN}\n",
            b"{\"m\":\"\xff\"}\n",
            b"7,",
            b"\"x\",",
            b"null",
            b"\0",
            b"{\"a\":1},{\"a\":2},{\"a\":3},",
            b"\xef\xbb\xbf",
            b"---\n",
            b"{\"log\":\"cut \",\"stream\":\"stdout\",\"time\":\"t\"}\n",
            b"{\"log\":\"off\\n\",\"stream\":\"stdout\",\"time\":\"t\"}\n",
            b"{\"log\":\"x\",\"stream\":\"stderr\",\"time\":\"t\"},",
            b"{\"log\":\"one \",\"_p\":\"P\"}\n",
            b"{\"log\":\"two\",\"_p\":\"F\"}",
            b"2024-01-02T03:04:05Z stdout P cut \n",
            b"2024-01-02T03:04:05Z stdout F off\r\n",
            b"2024-01-02T03:04:05Z stderr P \xff\n",
            b"timestamp,severity,textPayload\n",
            b"1,INFO,\"a\n\"\"b\"\"\"\n",
            b"sep=,\r\n",
            b",timestamp,severity,textPayload\r0,1,INFO,a\r",
            "{\"a\":\"größe 😀\"}\n".as_bytes(),
        ];
        prop_oneof![
            8 => proptest::sample::select(fixed).prop_map(<[u8]>::to_vec),
            1 => (1_usize..900).prop_map(|n| format!("{{\"long\":\"{}\"}}\n", "x".repeat(n)).into_bytes()),
            1 => (1_usize..900).prop_map(|n| format!("{{\"torn\":\"{}\n", "x".repeat(n)).into_bytes()),
            1 => proptest::collection::vec(any::<u8>(), 0..40),
            1 => "[ -~\\n]{0,40}".prop_map(String::into_bytes),
        ]
    }

    /// Many rows of one style, so that guesses are made and hold.
    fn stretch() -> impl Strategy<Value = Vec<u8>> {
        (0_u8..12, 2_usize..40, 1_usize..60).prop_map(|(style, n, size)| {
            let row = |i: usize| format!("{{\"id\":\"{i}\",\"m\":\"{}\"}}", "y}".repeat(size));
            let pretty = |i: usize| format!("{{\n    \"id\": \"{i}\",\n    \"in\": {{\n      \"m\": 1\n    }}\n  }}");
            let join = |rows: Vec<String>, by: &str| rows.join(by);
            let rows: Vec<String> = (0..n).map(row).collect();
            let text = match style {
                0 => join(rows, "\n") + "\n",
                1 => format!("[{}]\n", join(rows, ",")),
                2 => format!("[\n  {}\n]\n", join((0..n).map(pretty).collect(), ",\n  ")),
                3 => join((0..n).map(pretty).collect(), "\n"),
                4 => join(rows, ""),
                5 => format!("{{\"n\":[1],\"rows\":[{}],\"next\":{{\"x\":\"}}\"}}}}\n", join(rows, ",")),
                6 => format!("{{\"out\":{{}},\"rows\":[{{\"rows\":[\n{}\n]}},{{\"a\":1}}]}}\n", join(rows, ",\n")),
                7 => {
                    let groups = format!("{{\"A\":[{}],\"B\" : [{}]}}", join(rows.clone(), ","), join(rows, ",\n"));
                    format!("{{\"out\":[],\"by\":{groups},\"next\":[{{}}]}}\n")
                }
                8 | 9 => {
                    // Some in pieces, and now and then one that is never ended.
                    let end =
                        |i: usize| if i.is_multiple_of(2 + size % 5) || style == 9 && i % 7 < 3 { "" } else { "\\n" };
                    let name = |i: usize| if i % (1 + size % 3) == 1 { "stderr" } else { "stdout" };
                    let docker =
                        |i: usize| format!("{{\"log\":\"{i}{}\",\"stream\":\"{}\",\"time\":\"t\"}}", end(i), name(i));
                    join((0..n).map(docker).collect(), if size % 2 == 0 { "\n" } else { ",\n " })
                }
                10 => {
                    let tag = |i: usize| if i.is_multiple_of(1 + size % 4) { "F" } else { "P" };
                    let name = |i: usize| if i % (1 + size % 3) == 1 { "stderr" } else { "stdout" };
                    let line = |i: usize| format!("2024-01-02T03:04:05.{i}Z {} {} text {i}", name(i), tag(i));
                    join((0..n).map(line).collect(), "\n") + "\n"
                }
                _ => format!("[{}]\n", join(rows, ",\n ")),
            };
            text.into_bytes()
        })
    }

    #[test]
    fn blocks_of_a_regular_file_are_all_taken_as_guessed() {
        for (open, by, close) in [("", "\n", "\n"), ("[", ",", "]"), ("[\n  ", ",\n  ", "\n]\n")] {
            let rows: Vec<String> = (0..500).map(|i| format!("{{\"id\":{i},\"m\":\"}},{{\"}}")).collect();
            let text = format!("{open}{}{close}", rows.join(by));
            let bytes = text.as_bytes();
            let profile = Profile::of(bytes, State::START, LIMIT);
            assert!(profile.is_some(), "{by:?}");
            let plan = Plan { block: 512, least: 64, blocks: 8, limit: LIMIT };
            let window = Window { bytes, base: 0, last: true };
            let framer = Framer::new(State::START, LIMIT);
            let sizes = std::sync::Mutex::new(Vec::new());
            let make = |bytes: usize| {
                sizes.lock().expect("no panic").push(bytes);
                Log::default()
            };
            let chained = chain(window, framer, profile.as_ref(), plan, &make);
            assert!(!chained.wrong, "{by:?}");
            assert!(chained.sinks.len() > 10);
            // Cut at the next row: a few bytes more than planned.
            let sizes = sizes.into_inner().expect("no panic");
            assert_eq!(sizes.iter().sum::<usize>(), text.len(), "each is told its bytes");
            assert!((512..540).contains(&sizes[0]), "{sizes:?}");
            let (_, but_last) = sizes.split_last().expect("blocks");
            assert!((64..92).contains(but_last.last().expect("blocks")), "small ones end a batch: {sizes:?}");
            assert!(sizes.windows(2).all(|two| two[1] < two[0] + 28), "{sizes:?}");
            assert_eq!(chained.sinks.iter().map(|log| log.rows.len()).sum::<usize>(), 500);
        }
    }

    #[test]
    fn a_torn_row_in_the_middle_costs_no_other() {
        let row = |i: usize| format!("{{\"id\":{i},\"m\":\"text\"}}\n");
        let text: String =
            (0..300).map(|i| if i % 50 == 7 { row(i)[..12 + i % 5].to_owned() + "\n" } else { row(i) }).collect();
        let (log, _) = read(text.as_bytes(), 256, 4, 3);
        assert_eq!((log.rows.len(), log.bad.len()), (294, 6));
        agree(text.as_bytes());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn blocks_give_what_one_walk_gives(parts in proptest::collection::vec(prop_oneof![3 => piece(), 1 => stretch()], 0..24)) {
            let bytes = parts.concat();
            // What looks compressed or like UTF-16 is another test's matter.
            prop_assume!(super::super::codec::is_plain(&bytes));
            agree(&bytes);
        }

        #[test]
        fn any_bytes_are_accounted_for(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            // What looks compressed or like UTF-16 is another test's matter.
            prop_assume!(super::super::codec::is_plain(&bytes));
            agree(&bytes);
        }
    }
}
