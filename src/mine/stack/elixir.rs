//! Elixir and Erlang: `** (RuntimeError) no stock`, and frames such as `(shop 0.1.0) lib/shop.ex:12: Shop.take/1`.

use super::{Stack, head_of, is_name, lines, split_once};

/// What precedes the name of an exception.
pub(super) const MARK: &str = "** (";

/// Applications of the runtime and of the usual frameworks.
const LIBRARIES: [&str; 21] = [
    "absinthe",
    "bandit",
    "cowboy",
    "db_connection",
    "ecto",
    "ecto_sql",
    "elixir",
    "erts",
    "ex_unit",
    "kernel",
    "logger",
    "mix",
    "oban",
    "phoenix",
    "phoenix_live_view",
    "plug",
    "plug_cowboy",
    "postgrex",
    "ranch",
    "stdlib",
    "thousand_island",
];

/// File, function and whether the frame is the application's own, of a trimmed line.
pub(super) fn frame(line: &str) -> Option<(&str, &str, bool)> {
    let (app, rest) = line.strip_prefix('(').and_then(|rest| split_once(rest, ") "))?;
    let (place, function) = split_once(rest, ": ")?;
    let (file, number) = place.rsplit_once(':')?;
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let is_file = [".ex", ".exs", ".erl"].iter().any(|end| file.ends_with(end)) && !file.contains(' ');
    // The version follows; older ones have none.
    let app = app.split(' ').next().unwrap_or(app);
    (is_number && is_file).then(|| (file, function.trim(), !LIBRARIES.contains(&app)))
}

/// Type and message of a trimmed line that begins with an exception.
pub(super) fn exception(line: &str) -> Option<(&str, &str)> {
    let (name, text) = line.strip_prefix(MARK).and_then(|rest| split_once(rest, ")"))?;
    let is_known = is_name(name) && name.starts_with(char::is_uppercase)
        || matches!(name, "exit" | "throw" | "stop")
        || name.starts_with("EXIT from ");
    is_known.then(|| (if name.starts_with("EXIT") { "EXIT" } else { name }, text.trim()))
}

pub(super) fn parse(message: &str) -> Stack<'_> {
    let mut stack = Stack::default();
    for (start, raw) in lines(message) {
        let t = raw.trim();
        if let Some((file, function, in_app)) = frame(t) {
            stack.frame(file, function, in_app);
        } else if let Some(found) = exception(t).filter(|_| stack.frames.is_empty()) {
            if stack.exceptions.is_empty() {
                stack.head = head_of(&message[..start]);
            }
            stack.exceptions.push(found);
        }
    }
    stack
}
