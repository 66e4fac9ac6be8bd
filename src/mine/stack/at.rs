//! Runtimes whose frames read `at …`: Java and its kin, Node and browsers, .NET.

use super::{Stack, head_of, indent, is_type, lines, split_exception};

/// `... 12 more` and its kin.
pub(super) fn is_elision(line: &str) -> bool {
    line.strip_prefix("... ").is_some_and(|rest| {
        let tail = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        tail.len() < rest.len() && (tail == " more" || tail.starts_with(" common frames") || tail.ends_with(" lines"))
    })
}

/// Whether a trimmed line is one frame.
pub(super) fn is_frame(line: &str) -> bool {
    frame(line).is_some()
}

/// File, function and whether the frame is the application's own.
fn frame(line: &str) -> Option<(&str, &str, bool)> {
    let rest = line.strip_prefix("at ")?.trim().trim_end_matches(" {");
    if let Some((function, place)) = rest.split_once(" in ")
        && let Some((file, _)) = place.split_once(":line ")
        && function.ends_with(')')
    {
        let function = function.split('(').next().unwrap_or_default();
        return Some((file, function, !is_dotnet_runtime(function)));
    }
    // The library that a class is of stands behind the frame: `[shop.jar:1.2]`. Node's `[as close]` stands within it.
    let jar = if rest.ends_with(']') { rest.find(" ~[").or_else(|| rest.find(" [")) } else { None };
    let plain = jar.map_or(rest, |jar| &rest[..jar]);
    if let Some(inner) = plain.strip_suffix(')')
        && let Some((function, place)) = inner.rsplit_once('(')
    {
        let function = function.trim();
        if function.is_empty() {
            return None;
        }
        let (file, located) = without_position(place);
        if located && (place.contains('/') || place.contains("node:") || inner.contains(" (")) {
            return Some((file, function.strip_prefix("async ").unwrap_or(function), is_own_script(file)));
        }
        // Java prints no space before the parenthesis, and neither do .NET's frames without a file.
        let dotted = function.contains('.') && !function.contains(' ');
        let java = located || matches!(place, "Native Method" | "Unknown Source" | "<generated>");
        if java && !inner.contains(" (") {
            let function = function.rsplit('/').next().unwrap_or(function);
            return Some((file, function, !is_java_library(function)));
        }
        if inner.contains(" (") && matches!(place, "<anonymous>" | "native" | "index 0" | "unknown location") {
            return Some((file, function, false));
        }
        return dotted.then_some(("", function, !is_dotnet_runtime(function)));
    }
    let place = plain.strip_prefix("async ").unwrap_or(plain);
    let (file, located) = without_position(place);
    let pathy = file.contains('/') || file.contains('\\') || file.starts_with("node:") || file.starts_with("file:");
    (located && pathy && !file.contains(' ')).then(|| (file, "", is_own_script(file)))
}

/// The place without `:line:column`, and whether it had any.
fn without_position(place: &str) -> (&str, bool) {
    let cut = |text: &str| {
        let stem = text.trim_end_matches(|c: char| c.is_ascii_digit());
        (stem.len() < text.len()).then(|| stem.strip_suffix(':').map(str::len)).flatten()
    };
    let Some(once) = cut(place) else {
        return (place, false);
    };
    let twice = cut(&place[..once]).unwrap_or(once);
    (&place[..twice], true)
}

fn is_own_script(file: &str) -> bool {
    let runtime = file.starts_with("node:") || file.starts_with("internal/") || file.starts_with('<');
    !runtime && !file.contains("node_modules") && file != "native"
}

fn is_java_library(function: &str) -> bool {
    const LIBRARY: [&str; 28] = [
        "java.",
        "javax.",
        "jakarta.",
        "jdk.",
        "sun.",
        "com.sun.",
        "kotlin.",
        "kotlinx.",
        "scala.",
        "groovy.",
        "org.springframework.",
        "org.apache.",
        "org.hibernate.",
        "org.eclipse.",
        "org.jboss.",
        "org.slf4j.",
        "org.junit.",
        "io.netty.",
        "io.grpc.",
        "io.micrometer.",
        "io.undertow.",
        "reactor.",
        "akka.",
        "ch.qos.",
        "com.google.",
        "com.fasterxml.",
        "com.zaxxer.",
        "okhttp3.",
    ];
    LIBRARY.iter().any(|l| function.starts_with(l))
}

fn is_dotnet_runtime(function: &str) -> bool {
    function.starts_with("System.") || function.starts_with("Microsoft.") || function.starts_with("lambda_method")
}

/// What stands before a type on an exception's own line.
fn without_lead(line: &str) -> &str {
    let mut t = line.trim();
    if let Some(rest) = t.strip_prefix("Exception in thread \"") {
        t = rest.split_once("\" ").map_or(t, |(_, r)| r);
    }
    for lead in
        ["Unhandled exception. ", "Unhandled Exception: ", "Uncaught Exception: ", "Uncaught ", "Unhandled Rejection: "]
    {
        t = t.strip_prefix(lead).unwrap_or(t);
    }
    t
}

/// (text before, type, message) of a line that ends in or is an exception.
fn exception_in(line: &str) -> Option<(&str, &str, &str)> {
    let t = without_lead(line);
    if let Some((name, text)) = split_exception(t).filter(|(name, _)| is_type(name)) {
        return Some(("", name, text));
    }
    // `Cannot save order: TypeError: x is not a function`
    let mut from = 0;
    while let Some(space) = t[from..].find(' ') {
        from += space + 1;
        let rest = &t[from..];
        let word = rest.split(' ').next().unwrap_or_default();
        let closed = word.ends_with(':') || word.len() == rest.len();
        if closed && let Some((name, text)) = split_exception(rest).filter(|(name, _)| is_type(name)) {
            return Some((t[..from].trim(), name, text));
        }
    }
    None
}

fn cause(line: &str) -> Option<(&str, &str)> {
    let rest = ["Caused by: ", "Wrapped by: ", "[cause]: ", "---> ", "Caused by "]
        .iter()
        .find_map(|p| line.strip_prefix(p))?;
    split_exception(rest.trim_start_matches("(Inner Exception #0) ").trim_end_matches(" {"))
}

pub(super) fn parse(message: &str) -> Stack<'_> {
    let mut stack = Stack::default();
    let mut started = false;
    // Indent of a suppressed exception: it and its own causes are no part of the chain.
    let mut suppressed: Option<usize> = None;
    for (start, raw) in lines(message) {
        let t = raw.trim();
        if started && t.starts_with("Suppressed: ") {
            suppressed = suppressed.or(Some(indent(raw)));
        }
        if let Some(from) = suppressed {
            if t.is_empty() || indent(raw) >= from {
                continue;
            }
            suppressed = None;
        }
        if let Some((file, function, in_app)) = frame(t) {
            if !started {
                header(&mut stack, &message[..start]);
                started = true;
            }
            stack.frame(file, function, in_app);
        } else if started
            && !raw.starts_with('\t')
            && let Some((name, text)) = cause(t)
        {
            stack.root_first |= t.starts_with("Wrapped by: ");
            inner(&mut stack, name, text);
        }
    }
    stack
}

/// Records an exception; .NET prints the inner ones on the same line, after `--->`.
fn inner<'a>(stack: &mut Stack<'a>, name: &'a str, text: &'a str) {
    let mut parts = text.split(" ---> ");
    stack.exceptions.push((name, parts.next().unwrap_or_default()));
    for part in parts {
        if let Some((name, text)) = split_exception(part) {
            stack.exceptions.push((name, text));
        }
    }
}

/// Whether a text is what Node prints above an exception that nothing caught: a place, its line and a caret below it.
fn is_excerpt(text: &str) -> bool {
    let mut lines = text.trim().lines();
    let place = lines.next().and_then(|place| place.rsplit_once(':'));
    let placed = place.is_some_and(|(_, line)| !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit()));
    let is_caret = |line: &str| !line.trim().is_empty() && line.trim().bytes().all(|b| b == b'^');
    placed && lines.any(is_caret)
}

/// Reads what stands before the first frame.
fn header<'a>(stack: &mut Stack<'a>, text: &'a str) {
    let mut all = lines(text).filter_map(|(start, line)| Some((start, exception_in(line)?)));
    let found = all.next().map(|first| match first {
        // `Internal Server Error` is prose where a later line opens with a type.
        (_, (before, _, "")) if !before.is_empty() => all.find(|(_, (before, ..))| before.is_empty()).unwrap_or(first),
        _ => first,
    });
    let Some((start, (before, name, rest))) = found else {
        // A lone name right above the frames is a type even when it does not look like one.
        let last = text.lines().map(str::trim).rfind(|l| !l.is_empty());
        if let Some((name, rest)) = last.and_then(split_exception).filter(|(n, _)| n.starts_with(char::is_uppercase)) {
            let single = text.trim().lines().count() == 1;
            stack.head = if single { None } else { head_of(text) };
            inner(stack, name, rest);
        } else {
            stack.head = head_of(text);
        }
        return;
    };
    let above = Some(&text[..start]).filter(|above| !is_excerpt(above));
    stack.head = above.and_then(head_of).or_else(|| (!before.is_empty()).then_some(before));
    inner(stack, name, rest);
    for (_, line) in lines(&text[start..]).skip(1) {
        if let Some((name, text)) = cause(line.trim()) {
            inner(stack, name, text);
        }
    }
}
