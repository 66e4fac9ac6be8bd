//! Documents from a report: the template environment, its escaping rules and its errors.
//!
//! Every value printed in a Markdown template is made inert and every value in an HTML template is escaped, without the
//! template's doing: an own escaping mode for `.md.j2` files makes the safe way the default one, also in templates that a
//! user brings. Quoting (`code`, `cell`, `fence`) and addresses are the only ways around it.

pub mod bodies;
pub mod chart;
mod cluster;
mod common;
pub mod comparison;
mod diff;
mod filters;
pub mod mask;
mod notes;
mod postmortem;
pub mod safe;
mod terminal;
mod view;
mod weekly;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod fixture_clusters;
#[cfg(test)]
mod fixture_weekly;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_large;
#[cfg(test)]
mod tests_weekly;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, escape_formatter};
use serde::Serialize;
use thiserror::Error;

pub use bodies::{ActionFacts, BODY_LIMIT, BodyInput, CandidateLine, DeltaLine, ReviewItem};
pub use mask::{Masker, mask_report};
pub use notes::notes_skeleton;
pub use terminal::{terminal_summary, terminal_summary_with};
pub use view::{Filed, RenderOptions};

use crate::report::v1::Report;
use notes::Notes;
use postmortem::PostmortemView;
use view::View;
use weekly::WeeklyView;

/// The reference filing step, the same text in every run.
pub const APPLY_SH: &str = include_str!("../../templates/apply.sh");

/// Name of the escaping mode of Markdown.
const MARKDOWN: &str = "markdown";

macro_rules! embedded {
    ($($name:literal),* $(,)?) => { [$(($name, include_str!(concat!("../../templates/", $name)))),*] };
}

/// Templates by name; a file of the same name in `--templates DIR` replaces one.
const EMBEDDED: [(&str, &str); 15] = embedded![
    "_foot.html.j2",
    "_head.html.j2",
    "_macros.html.j2",
    "_macros.md.j2",
    "_script.js",
    "_style.css.j2",
    "comment.md.j2",
    "issue.md.j2",
    "postmortem.html.j2",
    "postmortem.md.j2",
    "review.md.j2",
    "weekly.html.j2",
    "weekly.md.j2",
    "worklog.html.j2",
    "worklog.md.j2",
];

/// Why a document could not be rendered.
#[derive(Debug, Error)]
pub enum RenderError {
    /// A folder or file of templates cannot be read.
    #[error("cannot read templates from {}: {source}", path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file replaces nothing.
    #[error("{} replaces no template: the names are {names}; parts of your own start with _", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// Names that can be replaced.
        names: String,
    },
    /// A template is wrong, or asks for what the report does not hold.
    #[error("template {file}, line {line}: {detail}")]
    Template {
        /// The user's file, or the name of an embedded one.
        file: String,
        /// Line, from 1; 0 when unknown.
        line: usize,
        /// What is wrong.
        detail: String,
    },
    /// A body does not fit the tracker.
    #[error(
        "the body of {id} has {chars} characters without examples, and {limit} fit: shorten issue.md.j2 or comment.md.j2"
    )]
    TooLong {
        /// Action id.
        id: String,
        /// Characters of the shortest form.
        chars: usize,
        /// Characters that fit.
        limit: usize,
    },
}

/// Renders documents from a report.
#[derive(Debug)]
pub struct Renderer {
    env: Environment<'static>,
    overrides: BTreeMap<String, PathBuf>,
}

impl Renderer {
    /// The embedded templates, with the files of `overrides` in place of those of the same name.
    pub fn new(overrides: Option<&Path>) -> Result<Self, RenderError> {
        let mut renderer = Self { env: environment(), overrides: BTreeMap::new() };
        for (name, source) in EMBEDDED {
            renderer.env.add_template(name, source).map_err(|error| renderer.error(name, &error))?;
        }
        if let Some(folder) = overrides {
            renderer.replace(folder)?;
        }
        Ok(renderer)
    }

    fn replace(&mut self, folder: &Path) -> Result<(), RenderError> {
        let unreadable = |path: &Path, source| RenderError::Read { path: path.to_owned(), source };
        let mut files = Vec::new();
        for item in fs::read_dir(folder).map_err(|e| unreadable(folder, e))? {
            files.push(item.map_err(|e| unreadable(folder, e))?.path());
        }
        files.sort();
        for path in files {
            let Some(name) = path.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
            let known = EMBEDDED.iter().any(|(embedded, _)| *embedded == name);
            let template = Path::new(&name).extension().is_some_and(|e| e == "j2");
            if !known && !template {
                continue;
            }
            if !known && !name.starts_with('_') {
                let names = EMBEDDED.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
                return Err(RenderError::Unknown { path, names });
            }
            let source = fs::read_to_string(&path).map_err(|e| unreadable(&path, e))?;
            self.overrides.insert(name.clone(), path);
            if let Err(error) = self.env.add_template_owned(name.clone(), source) {
                return Err(self.error(&name, &error));
            }
        }
        Ok(())
    }

    /// The Markdown and the HTML of a report, by the names of their files.
    pub fn documents(
        &self,
        report: &Report,
        options: &RenderOptions<'_>,
    ) -> Result<[(String, String); 2], RenderError> {
        let (options, notes) = (&self.options(options), Notes::read(options.notes));
        let pair = |name: &str, markdown: String, html: String| {
            Ok([(format!("{name}.md"), markdown), (format!("{name}.html"), safe::tidy_html(&html))])
        };
        if let Some(view) = PostmortemView::new(report, options, &notes, false) {
            let markdown = self.markdown("postmortem.md.j2", &view)?;
            let html = self.render("postmortem.html.j2", &PostmortemView::new(report, options, &notes, true))?;
            return pair("postmortem", markdown, html);
        }
        if let Some(weekly) = &report.weekly {
            let view = |html| WeeklyView::new(report, weekly, options, &notes, html);
            let (markdown, html) = rayon::join(
                || self.markdown("weekly.md.j2", &view(false)),
                || self.render("weekly.html.j2", &view(true)),
            );
            return pair("weekly", markdown?, html?);
        }
        let (markdown, html) =
            rayon::join(|| self.worklog_markdown(report, options), || self.worklog_html(report, options));
        Ok([("worklog.md".to_owned(), markdown?), ("worklog.html".to_owned(), html?)])
    }

    /// Our own templates do without the long lists of a report.
    fn options<'a>(&self, options: &RenderOptions<'a>) -> RenderOptions<'a> {
        RenderOptions { whole: options.whole && !self.overrides.is_empty(), ..options.clone() }
    }

    /// `worklog.md`
    pub fn worklog_markdown(&self, report: &Report, options: &RenderOptions<'_>) -> Result<String, RenderError> {
        let (options, notes) = (&self.options(options), Notes::read(options.notes));
        self.markdown("worklog.md.j2", &View::new(report, options, &notes, false))
    }

    /// `worklog.html`: one file that needs no network.
    pub fn worklog_html(&self, report: &Report, options: &RenderOptions<'_>) -> Result<String, RenderError> {
        let (options, notes) = (&self.options(options), Notes::read(options.notes));
        let text = self.render("worklog.html.j2", &View::new(report, options, &notes, true))?;
        Ok(safe::tidy_html(&text))
    }

    fn markdown(&self, name: &'static str, view: &impl Serialize) -> Result<String, RenderError> {
        self.render(name, view).map(|text| safe::tidy_markdown(&text))
    }

    fn render(&self, name: &'static str, view: &impl Serialize) -> Result<String, RenderError> {
        let template = self.env.get_template(name).map_err(|error| self.error(name, &error))?;
        template.render(Serde(view)).map_err(|error| self.error(name, &error))
    }

    /// The error with the file that a person can edit, from the innermost cause that names a place.
    fn error(&self, name: &str, error: &minijinja::Error) -> RenderError {
        let mut deepest = error;
        let mut cause = std::error::Error::source(error);
        while let Some(next) = cause {
            if let Some(inner) = next.downcast_ref::<minijinja::Error>().filter(|inner| inner.line().is_some()) {
                deepest = inner;
            }
            cause = next.source();
        }
        let name = deepest.name().unwrap_or(name);
        RenderError::Template {
            file: self.overrides.get(name).map_or_else(|| name.to_owned(), |path| path.display().to_string()),
            line: deepest.line().unwrap_or(0),
            detail: deepest
                .detail()
                .map_or_else(|| deepest.kind().to_string(), |detail| format!("{}: {detail}", deepest.kind())),
        }
    }
}

fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    env.set_syntax(syntax.expect("the usual delimiters"));
    env.set_auto_escape_callback(|name| {
        let kind = Path::new(name.strip_suffix(".j2").unwrap_or(name)).extension().unwrap_or_default();
        match kind.to_str() {
            Some("md") => AutoEscape::Custom(MARKDOWN.into()),
            Some("html") => AutoEscape::Html,
            _ => AutoEscape::None,
        }
    });
    env.set_formatter(|out, state, value| {
        if value.is_none() {
            return Ok(());
        }
        let text = value.as_str().filter(|_| value.kind() == ValueKind::String && !value.is_safe());
        match (text, state.auto_escape()) {
            (Some(text), AutoEscape::Custom(name)) if name == MARKDOWN => {
                Ok(out.write_str(&safe::inert_markdown(text))?)
            }
            (Some(text), AutoEscape::Html) => escape_formatter(out, state, &Value::from(safe::visible(text))),
            (None, AutoEscape::Custom(name)) if name == MARKDOWN => Ok(out.write_str(&value.to_string())?),
            _ => escape_formatter(out, state, value),
        }
    });
    filters::register(&mut env);
    env
}
