//! PHP, and the places of Node.

use super::{Stack, head_of, is_name, lines, split_once};

/// File and function of `#3 /app/x.php(12): f()`.
fn php_frame(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix('#')?;
    let body = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let body = body.strip_prefix(' ').filter(|_| body.len() < rest.len())?.trim();
    if body == "{main}" {
        return Some(("", body));
    }
    let (place, function) = split_once(body, ": ").unwrap_or((body.strip_suffix(':').unwrap_or(body), ""));
    let file = if place == "[internal function]" {
        place
    } else {
        let (file, line) = place.strip_suffix(')')?.rsplit_once('(')?;
        if line.is_empty() || !line.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        file
    };
    Some((file, function.split('(').next().unwrap_or_default()))
}

/// Whether a trimmed line is a PHP frame.
pub(super) fn is_php_frame(line: &str) -> bool {
    php_frame(line).is_some() || (line.starts_with("thrown in ") && line.contains(" on line "))
}

/// Whether a trimmed line is nothing but a place in a script of Node, as it stands above an uncaught error:
/// `node:internal/process/promises:288`, `/srv/app.js:12`.
pub(super) fn is_place(line: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    line.rsplit_once(':')
        .filter(|(file, number)| is_number(number) && !file.contains([' ', '(', '"']))
        .is_some_and(|(file, _)| file.starts_with("node:") || is_file(file))
}

/// Whether a text is the path of a script, from the root.
fn is_file(file: &str) -> bool {
    const ENDS: [&str; 6] = [".js", ".cjs", ".mjs", ".ts", ".jsx", ".tsx"];
    let is_absolute = file.starts_with('/') || file.starts_with("file://") || file.get(1..3) == Some(":\\");
    is_absolute && ENDS.iter().any(|end| file.ends_with(end))
}

/// Whether a line tells who required a module that Node did not find: `Require stack:`, `- /srv/app.js`.
pub(super) fn is_required(line: &str) -> bool {
    line == "Require stack:" || line.strip_prefix("- ").is_some_and(is_file)
}

/// What frameworks print around the frames of a PHP exception that they write as a part of JSON.
pub(super) fn is_php_margin(line: &str) -> bool {
    matches!(line, "[stacktrace]" | "\"}")
}

/// `PHP Fatal error:  Uncaught Type: message in /file.php:12` and `Stack trace:`.
pub(super) fn php(message: &str) -> Stack<'_> {
    let mut stack = Stack { root_first: true, ..Stack::default() };
    let mut thrown = None;
    for (start, raw) in lines(message) {
        let t = raw.trim();
        if let Some((file, function)) = php_frame(t) {
            let library = file.contains("/vendor/") || file.starts_with('[') || file.is_empty();
            stack.frame(file, function, !library);
        } else if let Some((before, name, text)) = php_exception(t) {
            if stack.exceptions.is_empty() {
                stack.head = head_of(&message[..start]).or_else(|| (!before.is_empty()).then_some(before));
            }
            stack.root_first &= !t.starts_with("[previous exception]");
            stack.exceptions.push((name, text));
            thrown = thrown_at(t);
        }
    }
    // Where frames are left out, the place that threw tells crashes apart.
    if let Some(file) = thrown.filter(|_| stack.frames.is_empty()) {
        stack.frame(file, "", !file.contains("/vendor/"));
    }
    stack
}

/// The file of `… in /app/x.php:12`.
fn thrown_at(line: &str) -> Option<&str> {
    let (file, number) = line[line.rfind(" in /")? + " in ".len()..].rsplit_once(':')?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(file)
}

/// Text before, type and message of `[object] (Type(code: 0): message at /file.php:12)`.
fn php_object(line: &str) -> Option<(&str, &str, &str)> {
    let at = line.find("[object] (")?;
    let (name, rest) = line[at + "[object] (".len()..].split_once("(code: ")?;
    let (_, text) = rest.split_once("): ")?;
    let text = text.rfind(" at /").map_or(text, |p| &text[..p]);
    // The message stands before the JSON too.
    let before = line[..at].split(" {\"").next().unwrap_or_default().trim();
    let before = if before.ends_with(text) { "" } else { before };
    is_name(name).then_some((before, name, text))
}

fn php_exception(line: &str) -> Option<(&str, &str, &str)> {
    if let Some(found) = php_object(line) {
        return Some(found);
    }
    let mut before = "";
    let mut rest = line;
    if let Some(at) = line.find("Uncaught ") {
        let lead = line[..at].trim();
        before = if lead.ends_with("Fatal error:") { "" } else { lead };
        rest = line[at + 9..].trim_start_matches("exception '");
    }
    let rest = rest.strip_prefix("Next ").unwrap_or(rest);
    let (name, text) = rest.split_once(": ").or_else(|| rest.split_once("' with message '"))?;
    let name = name.rsplit(' ').next().unwrap_or(name);
    if before.is_empty() && name.len() + 2 + text.len() < rest.len() {
        before = rest[..rest.len() - name.len() - 2 - text.len()].trim();
    }
    let last = name.rsplit('\\').next().unwrap_or(name);
    let text = text.rfind(" in /").map_or(text, |p| &text[..p]);
    let typed = last.ends_with("Error") || last.ends_with("Exception") || name.contains('\\');
    (is_name(name) && typed && last.starts_with(char::is_uppercase)).then_some((before, name, text))
}
