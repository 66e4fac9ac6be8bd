//! Files that gardener wrote itself, which lie beside dumps when its output was put there.
//!
//! Documents quote entries and reports hold them: read as log data, each sample would be an error that happened again. They are
//! told by what they carry. JSON names its schema in the first pair, documents have a mark below their title, and `.written.json` beside
//! them holds the hashes of all that a run wrote, with documents of the time before the mark. A row of somebody's log
//! that merely has a field `schema` is none of that.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use super::InputError;
use crate::record::ContentId;

/// Remembers what a run wrote into its folder: the blake3 of each file by its name inside it, several with a blank between.
pub const WRITTEN: &str = ".written.json";

/// The line below the title of a Markdown document of ours.
pub const MARK: &str = "<!-- generator: log-gardener -->";
/// What stands in the head of a page of ours.
const PAGE_MARK: &str = r#"<meta name="generator" content="log-gardener">"#;
/// What the texts of issues and comments begin with.
const ISSUE_MARK: &str = "<!-- log-gardener:";
/// What the file for remarks begins with, which no run remembers because it is people's.
const NOTES_MARK: &str = "<!-- Remarks on this ";
/// What `apply.sh` begins with.
const SCRIPT_MARK: &str = "#!/usr/bin/env bash\n# The reference filing step: carries out the calls of apply.list";
/// The folder inside an output in which texts lie.
const BODIES: &str = "bodies";

/// Bytes of a file that are looked at.
pub(super) const FRONT: usize = 1_024;

/// An error for a file of ours.
pub(super) fn refuse(path: &Path, front: &[u8], content_id: &ContentId) -> Result<(), InputError> {
    refuse_carried(path, front)?;
    if remembered(path, content_id) {
        return Err(InputError::Own { path: path.to_owned(), what: "a file of its output".to_owned() });
    }
    Ok(())
}

/// The same by the front alone.
pub(super) fn refuse_carried(path: &Path, front: &[u8]) -> Result<(), InputError> {
    carried(front).map_or(Ok(()), |what| Err(InputError::Own { path: path.to_owned(), what }))
}

/// Whether a folder is a store, with everything below it.
pub(super) fn is_store(folder: &Path) -> bool {
    let mut front = Vec::new();
    let manifest = std::fs::File::open(folder.join("manifest.json"));
    let read = manifest.and_then(|manifest| manifest.take(FRONT as u64).read_to_end(&mut front));
    read.is_ok() && text(&front).is_some_and(|front| schema(front, "format", "version") == Some("store"))
}

/// The front of a file as text, up to where it is none.
fn text(front: &[u8]) -> Option<&str> {
    let front = &front[..front.len().min(FRONT)];
    std::str::from_utf8(front).or_else(|error| std::str::from_utf8(&front[..error.valid_up_to()])).ok()
}

/// What a file says that it is.
fn carried(front: &[u8]) -> Option<String> {
    let front = text(front)?.trim_start_matches('\u{feff}').trim_start();
    if let Some(kind) = schema(front, "schema", "schema_version").or_else(|| schema(front, "format", "version")) {
        return Some(format!("log-gardener/{kind}"));
    }
    if front.starts_with(SCRIPT_MARK) || (front.starts_with("#run=run_") && front.contains("\n#valid_until=")) {
        return Some("the filing step".to_owned());
    }
    let below_title = || front.strip_prefix("# ").and_then(|title| title.split_once('\n')).map(|(_, below)| below);
    let document = [MARK, ISSUE_MARK, NOTES_MARK].iter().any(|mark| front.starts_with(mark))
        || below_title().is_some_and(|below| below.starts_with(MARK));
    let page = front.starts_with("<!doctype html>") && front.contains(PAGE_MARK);
    (document || page).then(|| "a document".to_owned())
}

/// The kind of JSON whose first two pairs are a schema of ours and its version.
fn schema<'t>(front: &'t str, key: &str, version: &str) -> Option<&'t str> {
    let after = |text: &'t str, token: &str| text.trim_start().strip_prefix(token);
    let name = |text: &'t str, name: &str| after(after(after(text, "\"")?, name)?, "\"");
    let value = after(after(name(after(front, "{")?, key)?, ":")?, "\"log-gardener/")?;
    let (kind, rest) = value.split_once('"')?;
    name(after(rest, ",")?, version)?;
    kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-').then_some(kind)
}

/// Whether the run that wrote into the folder of a file remembers this very content under its name.
fn remembered(path: &Path, content_id: &ContentId) -> bool {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return false;
    };
    let holds = |folder: &Path, name: &str| {
        let written = std::fs::read(folder.join(WRITTEN)).ok();
        let written: Option<BTreeMap<String, String>> = written.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let id = content_id.to_string();
        written.and_then(|mut written| written.remove(name)).is_some_and(|known| known.split(' ').any(|one| one == id))
    };
    holds(folder, name)
        || (folder.file_name().is_some_and(|own| own == BODIES)
            && folder.parent().is_some_and(|above| holds(above, &format!("{BODIES}/{name}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gardener_wrote_is_told_by_its_first_pair_or_mark_and_other_rows_are_not() {
        for (front, what) in [
            ("{\n  \"schema\": \"log-gardener/report\",\n  \"schema_version\": \"1.0\",", Some("log-gardener/report")),
            (
                "\u{feff} {\"schema\":\"log-gardener/results\",\"schema_version\":\"1.0\",\"run_id\":1}",
                Some("log-gardener/results"),
            ),
            ("{\"format\": \"log-gardener/store\", \"version\": 2}", Some("log-gardener/store")),
            ("# Log worklog\n<!-- generator: log-gardener -->\n\n", Some("a document")),
            ("# Log worklog\r\n<!-- generator: log-gardener -->\r\n", Some("a document")),
            ("# Log worklog\n\n- a list\n<!-- generator: log-gardener -->", None),
            ("<!-- log-gardener:fp=lgfp1:00 -->\n**Status:**", Some("a document")),
            ("<!doctype html>\n<html>\n<meta name=\"generator\" content=\"log-gardener\">", Some("a document")),
            ("<!doctype html>\n<html>\n<meta name=\"generator\" content=\"other\">", None),
            ("{\"schema\":\"acme/log\",\"schema_version\":\"1.0\",\"message\":\"log-gardener/report\"}", None),
            ("{\"schema\":\"log-gardener/report\",\"severity\":\"ERROR\",\"message\":\"read it\"}", None),
            ("{\"message\":\"x\",\"schema\":\"log-gardener/report\",\"schema_version\":\"1.0\"}", None),
            ("[{\"schema\":\"log-gardener/report\",\"schema_version\":\"1.0\"}]", None),
            ("2030-01-01T00:00:00Z ERROR <!-- generator: log-gardener -->", None),
            ("", None),
        ] {
            assert_eq!(carried(front.as_bytes()).as_deref(), what, "{front}");
        }
        assert_eq!(carried(&[b"{\"a\": \"", &[0xc3; 5][..]].concat()), None, "whatever the bytes are");
    }

    #[test]
    fn what_a_run_remembers_is_its_own_only_while_it_is_as_it_was_written() {
        let dir = tempfile::tempdir().expect("dir");
        let hash = |content: &str| blake3::hash(content.as_bytes()).to_hex().to_string();
        let written =
            serde_json::json!({"worklog.md": format!("{} {}", hash("old"), hash("new")), "bodies/1.title": hash("t")});
        std::fs::write(dir.path().join(WRITTEN), written.to_string()).expect("write");
        std::fs::create_dir(dir.path().join(BODIES)).expect("folder");
        for (name, content, own) in [
            ("worklog.md", "old", true),
            ("worklog.md", "new", true),
            ("worklog.md", "mine", false),
            ("dump.json", "old", false),
            ("bodies/1.title", "t", true),
            ("bodies/2.title", "t", false),
        ] {
            let path = dir.path().join(name);
            std::fs::write(&path, content).expect("write");
            let id = super::super::content_id(&path).expect("a file");
            assert_eq!(refuse(&path, content.as_bytes(), &id).is_err(), own, "{name} {content}");
        }
    }
}
