//! Panics of Go and Rust.

use super::{Stack, head_of, lines, split_once};

/// What stands above the frames of Go's runtime itself, where it could not go on.
const RUNTIME: &str = "runtime stack:";

/// Whether a trimmed line is a frame of either runtime.
pub(super) fn is_frame(line: &str) -> bool {
    go_file(line).is_some()
        || line.strip_prefix("created by ").is_some_and(is_go_function)
        || (line.starts_with("goroutine ") && line.ends_with("]:"))
        || line == RUNTIME
        || is_elided(line)
        || rust_function(line).is_some()
}

/// Whether a trimmed line is the first of a panic of Rust, which says what happened on the next: `thread 'main' panicked at
/// src/main.rs:3:5:`.
pub(super) fn is_opener(line: &str) -> bool {
    let rest = line.strip_prefix("thread '").and_then(|rest| split_once(rest, " panicked at "));
    let place = rest.and_then(|(_, place)| place.strip_suffix(':'));
    place
        .and_then(|place| place.rsplit_once(".rs:"))
        .is_some_and(|(_, numbers)| !numbers.is_empty() && numbers.bytes().all(|b| b.is_ascii_digit() || b == b':'))
}

/// `...additional frames elided...`, `...27 frames elided...`
fn is_elided(line: &str) -> bool {
    let left_out = line.strip_prefix("...").and_then(|rest| rest.strip_suffix(" frames elided..."));
    left_out.is_some_and(|which| which == "additional" || which.bytes().all(|b| b.is_ascii_digit()))
}

/// The file of `/src/main.go:12 +0x1d`.
fn go_file(line: &str) -> Option<&str> {
    let (file, rest) = line.rsplit_once(".go:")?;
    let digits = rest.split(' ').next().unwrap_or_default();
    let tail = rest[digits.len()..].trim();
    let alone = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    (alone && (tail.is_empty() || tail.starts_with("+0x")) && !file.contains(' ')).then(|| &line[..file.len() + 3])
}

/// Whether a line is a function of Go with what it was called with: `main.pick(0x1, {0x2, 0x3}, ...)`.
pub(super) fn is_call(line: &str) -> bool {
    let call = line.strip_suffix(')').and_then(|call| call.rsplit_once('('));
    let plain = |given: &str| given.bytes().all(|b| b.is_ascii_hexdigit() || b"x, {}.?_".contains(&b));
    // The only function that Go prints without its package.
    let is_named = |name: &str| name == "panic" || name.contains('.') && is_symbol(name);
    call.is_some_and(|(name, given)| is_named(name) && plain(given))
}

fn is_symbol(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/()*[]~".contains(&b) || !b.is_ascii())
}

/// Whether a text names a function as Go prints it and sentences do not: of `main`, with a path, a receiver or a goroutine.
fn is_go_function(text: &str) -> bool {
    let name = text.split(" in goroutine ").next().unwrap_or_default();
    let told =
        name.len() < text.len() || name.starts_with("main.") || ["/", "(*", ".func"].iter().any(|m| name.contains(m));
    is_symbol(name) && told && name.contains('.')
}

/// The function of `12: crate::module::function`, with or without an address.
fn rust_function(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let name = rest.strip_prefix(": ").filter(|_| rest.len() < line.len())?.trim();
    let name = name.split_once(" - ").filter(|(a, _)| a.starts_with("0x")).map_or(name, |(_, n)| n);
    (name.contains("::") && !name.contains(": ")).then(|| name.split("::h0").next().unwrap_or(name))
}

/// `panic: …` with its goroutines.
pub(super) fn go(message: &str) -> Stack<'_> {
    let mut stack = Stack { root_first: true, ..Stack::default() };
    let mut function = "";
    let mut began = false;
    let mut is_runtime = false;
    for (start, raw) in lines(message) {
        let t = raw.trim();
        // What the runtime itself did tells nothing of the goroutine below it, nor one crash from another.
        is_runtime = t == RUNTIME || is_runtime && !t.starts_with("goroutine ");
        if is_runtime {
            continue;
        }
        // The goroutine that failed comes first; what the others did at that time is chance.
        if !stack.frames.is_empty() && t.starts_with("goroutine ") {
            break;
        }
        if let Some(file) = go_file(t) {
            let in_app = is_own_go(file, function);
            let name = function.rsplit_once('(').map_or(function, |(f, _)| f);
            stack.frame(file, name.strip_prefix("created by ").unwrap_or(name), in_app && !function.is_empty());
            function = "";
        } else if let Some((name, text)) = panic_line(t).filter(|_| stack.frames.is_empty()) {
            if stack.exceptions.is_empty() {
                stack.head = head_of(&message[..start]);
            }
            stack.exceptions.push((name, text));
            began = true;
        } else if !t.is_empty() {
            if t.starts_with("goroutine ") && !began {
                // Whatever was logged with the stack.
                stack.head = head_of(&message[..start]);
                began = true;
            }
            function = if began { t } else { "" };
        }
    }
    stack
}

/// Whether a message holds a frame of Go without a goroutine: a function, and below it the file behind a tab.
pub(super) fn has_go_frame(message: &str) -> bool {
    go_pairs(message).next().is_some()
}

/// Functions with their files, and where each pair starts.
fn go_pairs(message: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    let below = lines(message).skip(1);
    lines(message).zip(below).filter_map(|((start, function), (_, file))| {
        let file = go_file(file.strip_prefix('\t')?)?;
        (!function.is_empty() && !function.contains(char::is_whitespace) && is_symbol(function))
            .then_some((start, function, file))
    })
}

/// The frames that zap, zerolog and `%+v` of pkg/errors write below a message, without a goroutine above them.
pub(super) fn go_frames(message: &str) -> Stack<'_> {
    let mut stack = Stack { root_first: true, ..Stack::default() };
    for (start, function, file) in go_pairs(message) {
        if stack.frames.is_empty() {
            stack.head = head_of(&message[..start]);
        }
        stack.frame(file, function, is_own_go(file, function));
    }
    stack
}

/// Whether a frame of Go is the program's own. A file without a folder may be any but those in which every goroutine begins.
fn is_own_go(file: &str, function: &str) -> bool {
    let library = file.contains("/usr/local/go/")
        || file.contains("/pkg/mod/")
        || file.contains("/go/src/")
        || file.contains("/vendor/")
        || file == "proc.go";
    !library && !function.starts_with("runtime.") && !function.starts_with("panic(")
}

fn panic_line(line: &str) -> Option<(&str, &str)> {
    // The server of net/http goes on after a panic.
    if let Some((before, rest)) = split_once(line, "panic serving ")
        && (before.is_empty() || before.ends_with(' '))
        && let Some((_, text)) = split_once(rest, ": ")
    {
        return Some((&line[before.len()..before.len() + "panic".len()], text.trim()));
    }
    for name in ["panic", "fatal error"] {
        if let Some(at) = line.find(name)
            && let Some(text) = line[at + name.len()..].strip_prefix(": ")
            && (at == 0 || line[..at].ends_with(' '))
        {
            let text = text.strip_suffix(" [recovered]").unwrap_or(text);
            return Some((&line[at..at + name.len()], text.trim()));
        }
    }
    None
}

/// `thread 'main' panicked at …`, both the old form and the new.
pub(super) fn rust(message: &str) -> Stack<'_> {
    const MARK: &str = "panicked at";
    let mut stack = Stack { root_first: true, ..Stack::default() };
    let mut expects_text = false;
    let mut pending: Option<&str> = None;
    for (start, raw) in lines(message) {
        let t = raw.trim();
        if let Some(at) = t.find(MARK) {
            if stack.exceptions.is_empty() {
                let before = t.find("thread '").map_or("", |p| t[..p].trim());
                stack.head = head_of(&message[..start]).or_else(|| (!before.is_empty()).then_some(before));
            }
            let rest = t[at + MARK.len()..].trim();
            let quoted = rest.strip_prefix('\'').and_then(|r| r.rsplit_once("', ")).map(|(text, _)| text);
            stack.exceptions.push(("panic", quoted.unwrap_or_default()));
            expects_text = quoted.is_none();
        } else if expects_text && !t.is_empty() {
            if let Some(last) = stack.exceptions.last_mut() {
                last.1 = t;
            }
            expects_text = false;
        } else if let Some(place) = t.strip_prefix("at ").filter(|_| pending.is_some()) {
            let file = place.trim_end_matches(|c: char| c.is_ascii_digit() || c == ':');
            rust_frame(&mut stack, file, pending.take().unwrap_or_default());
        } else if let Some(function) = rust_function(t)
            && let Some(function) = pending.replace(function)
        {
            rust_frame(&mut stack, "", function);
        }
    }
    if let Some(function) = pending {
        rust_frame(&mut stack, "", function);
    }
    stack
}

fn rust_frame<'a>(stack: &mut Stack<'a>, file: &'a str, function: &'a str) {
    let library =
        ["std::", "core::", "alloc::", "tokio::", "__rust", "rust_begin_unwind", "<core::", "<alloc::", "<std::"]
            .iter()
            .any(|l| function.starts_with(l));
    let foreign = file.contains("/rustc/") || file.contains(".cargo/registry") || file.contains("/library/std/");
    stack.frame(file, function, !library && !foreign);
}
