//! Which files an INPUT argument means, and what they are called.
//!
//! A name in a report is relative to the argument that brought the file, so that reports made in different places are
//! equal. Addresses of other machines are refused by name: this program has no network code, and a silent "not found"
//! would send people looking in the wrong place.

use std::path::{Path, PathBuf};

use super::{InputError, own};

/// Suffix of a sidecar that states what an export covers; never a dump itself.
pub const SIDECAR_SUFFIX: &str = ".meta.json";

/// Suffix of a file that an export is still writing.
const PARTIAL_SUFFIX: &str = ".part";

/// One file to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Name in reports.
    pub name: String,
    /// Where it is; `-` is standard input.
    pub path: PathBuf,
}

/// What arguments mean: the files they name, and the arguments that name none.
#[derive(Debug, Default)]
pub struct Expanded {
    /// Files in the order of their names; a file named twice is listed once.
    pub sources: Vec<Source>,
    /// Arguments that name no file, and stores of this program below others, with the reason.
    pub missing: Vec<(String, InputError)>,
}

/// Expands files, folders, globs and `-`. An argument that names nothing does not keep the others from being read; an
/// address of another machine is refused whatever stands beside it.
pub fn expand(arguments: &[String]) -> Result<Expanded, InputError> {
    let mut expanded = Expanded::default();
    for argument in arguments {
        if let Some((scheme, _)) = argument.split_once("://") {
            return Err(InputError::Address { argument: argument.clone(), scheme: scheme.to_owned() });
        }
        let mut stores = Vec::new();
        match files_of(argument, &mut stores) {
            Ok(sources) => {
                expanded.sources.extend(sources);
                let own =
                    |path: PathBuf| (path.display().to_string(), InputError::Own { path, what: "a store".into() });
                expanded.missing.extend(stores.into_iter().map(own));
            }
            Err(error) => expanded.missing.push((argument.clone(), error)),
        }
    }
    expanded.sources.sort();
    expanded.sources.dedup_by(|a, b| a.path == b.path);
    Ok(expanded)
}

/// The files of an argument; stores of ours that lie among them are named apart.
fn files_of(argument: &str, stores: &mut Vec<PathBuf>) -> Result<Vec<Source>, InputError> {
    let mut sources = Vec::new();
    if argument == "-" {
        return Ok(vec![Source { name: "stdin".into(), path: "-".into() }]);
    }
    let path = Path::new(argument);
    if path.is_dir() {
        folder(path, &mut sources, stores)?;
    } else if path.exists() {
        sources.push(Source { name: file_name(path), path: path.to_owned() });
    } else if argument.contains(['*', '?', '[', '{']) {
        glob(argument, &mut sources)?;
    } else {
        return Err(InputError::NotFound { path: path.to_owned() });
    }
    Ok(sources)
}

/// The sidecar that belongs to a file.
pub(super) fn sidecar_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(SIDECAR_SUFFIX);
    name.into()
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn is_dump(path: &Path) -> bool {
    let name = file_name(path);
    !name.starts_with('.') && !name.ends_with(SIDECAR_SUFFIX) && !name.ends_with(PARTIAL_SUFFIX)
}

fn folder(root: &Path, sources: &mut Vec<Source>, stores: &mut Vec<PathBuf>) -> Result<(), InputError> {
    let before = sources.len();
    let mut entries = walkdir::WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
    while let Some(entry) = entries.next() {
        let entry = entry.map_err(|error| InputError::Folder {
            path: error.path().unwrap_or(root).to_owned(),
            reason: error.io_error().map_or_else(|| "a link leads back to itself".to_owned(), ToString::to_string),
        })?;
        if entry.file_type().is_dir() && own::is_store(entry.path()) {
            stores.push(entry.path().to_owned());
            entries.skip_current_dir();
        } else if entry.file_type().is_file() && is_dump(entry.path()) {
            let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
            let name =
                relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            sources.push(Source { name, path: entry.path().to_owned() });
        }
    }
    if sources.len() == before && stores.is_empty() {
        Err(InputError::Nothing { argument: root.display().to_string() })
    } else {
        Ok(())
    }
}

fn glob(pattern: &str, sources: &mut Vec<Source>) -> Result<(), InputError> {
    let matcher = globset::GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map_err(|error| InputError::Glob { pattern: pattern.to_owned(), reason: error.kind().to_string() })?
        .compile_matcher();
    let fixed = &pattern[..pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len())];
    let (root, prefix) = match fixed.rfind('/') {
        Some(0) => (Path::new("/"), 1),
        Some(slash) => (Path::new(&fixed[..slash]), slash + 1),
        None => (Path::new("."), 0),
    };
    let before = sources.len();
    for entry in walkdir::WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter().filter_map(Result::ok) {
        let shown = entry.path().to_string_lossy();
        let shown =
            if prefix == 0 { shown.strip_prefix("./").unwrap_or(&shown).to_owned() } else { shown.into_owned() };
        if entry.file_type().is_file() && is_dump(entry.path()) && matcher.is_match(&shown) {
            sources
                .push(Source { name: shown.get(prefix..).unwrap_or(&shown).to_owned(), path: entry.path().to_owned() });
        }
    }
    if sources.len() == before { Err(InputError::Nothing { argument: pattern.to_owned() }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[String]) -> Vec<String> {
        expand(arguments).expect("expands").sources.into_iter().map(|source| source.name).collect()
    }

    #[test]
    fn folders_globs_and_files_name_what_they_brought() {
        let dir = tempfile::tempdir().expect("dir");
        let at = |name: &str| dir.path().join(name).display().to_string();
        std::fs::create_dir(dir.path().join("a")).expect("dir");
        for name in ["a/1.json", "a/1.json.meta.json", "2.log", ".hidden", "3.json.part"] {
            std::fs::write(dir.path().join(name), "{}").expect("write");
        }
        assert_eq!(names(&[dir.path().display().to_string()]), ["2.log", "a/1.json"]);
        assert_eq!(names(&[at("*.log")]), ["2.log"]);
        assert_eq!(names(&[at("a/1.json"), at("a/1.json")]), ["1.json"]);
        let expanded = expand(&[at("none.json"), at("2.log")]).expect("expands");
        assert!(matches!(expanded.missing[0].1, InputError::NotFound { .. }));
        assert_eq!(expanded.sources.len(), 1, "the others are read");
        assert!(matches!(expand(&[at("*.csv")]).expect("expands").missing[0].1, InputError::Nothing { .. }));
    }

    #[test]
    fn a_store_that_lies_among_dumps_is_named_and_not_walked_into() {
        let dir = tempfile::tempdir().expect("dir");
        std::fs::create_dir_all(dir.path().join("garden/rows")).expect("dir");
        std::fs::create_dir(dir.path().join("mine")).expect("dir");
        std::fs::write(
            dir.path().join("garden/manifest.json"),
            "{\n \"format\": \"log-gardener/store\", \"version\": 2}",
        )
        .expect("write");
        for name in ["a.json", "garden/rows/1.parquet", "mine/manifest.json"] {
            std::fs::write(dir.path().join(name), "{}").expect("write");
        }
        let expanded = expand(&[dir.path().display().to_string()]).expect("expands");
        let names: Vec<&str> = expanded.sources.iter().map(|source| source.name.as_str()).collect();
        assert_eq!(names, ["a.json", "mine/manifest.json"]);
        let missing: Vec<String> = expanded.missing.iter().map(|(_, why)| why.to_string()).collect();
        assert!(missing.len() == 1 && missing[0].contains("garden") && missing[0].contains("a store"), "{missing:?}");
    }

    #[test]
    fn addresses_are_refused_by_name() {
        let error = expand(&["gs://bucket/logs".into()]).expect_err("must fail").to_string();
        assert!(error.contains("gs://bucket/logs") && error.contains("download"), "{error}");
    }
}
