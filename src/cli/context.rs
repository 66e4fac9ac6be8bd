//! What several verbs need: configuration, where things are, how to print, and which window is meant.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use jiff::tz::TimeZone;

use super::Stop;
use super::args::{Common, WindowArgs};
use crate::config::Config;
use crate::issue::{Decision, Link};
use crate::mine::{TemplateSet, templates};
use crate::store::Snapshot;
use crate::time::{self, Window};

/// Errors and P0.
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
/// Headings.
pub(crate) const BOLD: Style = Style::new().bold();
/// Side remarks.
pub(crate) const DIM: Style = Style::new().dimmed();

/// Configuration and common flags.
pub(crate) struct Context {
    pub(crate) common: Common,
    pub(crate) config: Config,
    /// The file it was read from.
    pub(crate) config_path: Option<PathBuf>,
}

/// What people and earlier runs have settled.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub(crate) decisions: Vec<Decision>,
    pub(crate) links: Vec<Link>,
    /// Of both, for the id of a run.
    pub(crate) digest: String,
}

/// A text file, empty where there is none.
pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(anyhow::Error::new(error).context(format!("cannot read {}", path.display()))),
    }
}

/// A window with everything that was said about it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) window: Window,
    /// The data counts as ending here.
    pub(crate) as_of_ns: i64,
    pub(crate) zone: TimeZone,
    pub(crate) zone_name: String,
    pub(crate) services: Vec<String>,
    /// In words, for the header.
    pub(crate) words: String,
    /// The window was given, and not taken from the data.
    pub(crate) explicit: bool,
}

impl Context {
    pub(crate) fn new(common: Common) -> anyhow::Result<Self> {
        let here = Path::new("gardener.toml");
        let path = common.config.clone().or_else(|| here.exists().then(|| here.to_owned()));
        Ok(Self { config: Config::load(path.as_deref())?, config_path: path, common })
    }

    pub(crate) fn store_path(&self, given: Option<&PathBuf>) -> PathBuf {
        given.cloned().or_else(|| self.config.store.as_ref().map(PathBuf::from)).unwrap_or_else(|| "garden".into())
    }

    /// Where the answers of people are kept: beside the configuration, without one beside the store.
    pub(crate) fn decisions_path(&self, store: &Path) -> PathBuf {
        self.config_path.as_deref().unwrap_or(store).with_file_name("decisions.toml")
    }

    /// What people decided and what earlier runs filed.
    pub(crate) fn known(&self, store: &Path) -> anyhow::Result<Known> {
        let path = self.decisions_path(store);
        let text = read_text(&path)?;
        let decisions = crate::issue::decisions::read_decisions(&text)
            .map_err(|reason| Stop::Usage(format!("{}: {reason}", path.display())))?;
        let links = crate::store::read_links(store)?;
        let digest = blake3::hash(format!("{decisions:?}{links:?}").as_bytes()).to_hex()[..16].to_owned();
        Ok(Known { decisions, links: links.iter().map(Link::from).collect(), digest })
    }

    /// Whether progress bars make sense.
    pub(crate) fn bars(&self) -> bool {
        !self.common.no_progress && !self.common.quiet && std::io::stderr().is_terminal()
    }

    /// The zone of display and of times typed without one.
    pub(crate) fn zone_name(&self, args: &WindowArgs) -> String {
        args.tz.clone().or_else(|| self.config.time_zone.clone()).unwrap_or_else(|| "UTC".into())
    }

    /// A remark for people: on stderr when stdout carries JSON.
    pub(crate) fn say(&self, text: &str) -> std::io::Result<()> {
        if self.common.quiet {
            Ok(())
        } else if self.common.json {
            Self::warn(text)
        } else {
            unheard(writeln!(anstream::stdout(), "{text}"))
        }
    }

    /// What is said on standard error, also with `--quiet`.
    pub(crate) fn warn(text: &str) -> std::io::Result<()> {
        unheard(writeln!(anstream::stderr(), "{text}"))
    }

    /// Resolves the window flags against what a store holds; `None` for a store without a dated row.
    ///
    /// Without a flag the window is `inputs`, what the inputs of this call cover, else everything stored.
    pub(crate) fn window(
        &self,
        args: &WindowArgs,
        snapshot: &Snapshot,
        inputs: Option<Window>,
    ) -> anyhow::Result<Option<Asked>> {
        let zone_name = self.zone_name(args);
        let zone = time::zone(&zone_name)?;
        let Some((first, last)) = snapshot.span() else { return Ok(None) };
        let as_of_ns = args.as_of.as_deref().map_or(Ok(last + 1), |text| time::parse_user(text, &zone))?;
        let mut until_ns = args.until.as_deref().map_or(Ok(as_of_ns), |text| time::parse_user(text, &zone))?;
        if args.as_of.is_some() {
            until_ns = until_ns.min(as_of_ns);
        }
        let unknown = |name: &&String| !snapshot.may_have_service(name);
        if let Some(name) = args.service.iter().find(unknown) {
            let known = snapshot.services().into_keys().take(8).collect::<Vec<_>>().join(", ");
            return Err(Stop::Usage(format!("no service {name:?} is stored; there are {known}")).into());
        }
        let (since_ns, words) = match (&args.last, &args.since) {
            (Some(span), _) => (until_ns - time::parse_span(span)?, format!("last {span}")),
            (None, Some(text)) => (
                time::parse_user(text, &zone)?,
                format!("{text} to {}", args.until.as_deref().unwrap_or("the newest entry")),
            ),
            (None, None) if args.until.is_some() => {
                (first, format!("everything before {}", args.until.as_deref().unwrap_or_default()))
            }
            (None, None) => match inputs.filter(|_| args.as_of.is_none()).and_then(|all| unpruned(all, snapshot)) {
                Some(inputs) => {
                    until_ns = inputs.until_ns;
                    (inputs.since_ns, "everything the inputs cover".into())
                }
                None => (first, "everything stored".into()),
            },
        };
        Ok(Some(Asked {
            window: Window::new(since_ns, until_ns)?,
            as_of_ns,
            zone,
            zone_name,
            services: args.service.clone(),
            words,
            explicit: args.last.is_some() || args.since.is_some() || args.until.is_some(),
        }))
    }

    /// Templates of everything stored before a moment.
    pub(crate) fn templates(snapshot: &Snapshot, as_of_ns: i64) -> anyhow::Result<TemplateSet> {
        let until = snapshot.range().filter(|(_, last)| as_of_ns <= *last).map(|_| as_of_ns);
        Ok(templates(&snapshot.signature_table(until)?))
    }
}

/// The part of a window that was not pruned; what was is not asked for by naming an old file again.
fn unpruned(window: Window, snapshot: &Snapshot) -> Option<Window> {
    let since_ns = window.since_ns.max(snapshot.pruned_until().unwrap_or(window.since_ns));
    Window::new(since_ns, window.until_ns).ok()
}

/// The usage error for a store without rows.
pub(crate) fn nothing_stored(path: &Path) -> anyhow::Error {
    Stop::Usage(format!("the store {} holds no entry with a time: ingest a dump first", path.display())).into()
}
/// What is said beside the work: when nobody listens any more (a pipe that was closed), the work goes on all the same.
pub(crate) fn unheard(said: std::io::Result<()>) -> std::io::Result<()> {
    match said {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        said => said,
    }
}
