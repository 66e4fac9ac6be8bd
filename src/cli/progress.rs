//! Progress bars on stderr: bytes read with rate and time left, then days written.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar, or nothing where nobody looks.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    fn new(shown: bool, total: u64, style: &str) -> Self {
        let bar = ProgressBar::with_draw_target(
            Some(total),
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
        );
        bar.set_style(
            ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "),
        );
        Self(bar)
    }

    /// Bytes of inputs.
    pub(crate) fn bytes(shown: bool, total: u64) -> Self {
        Self::new(shown, total, "reading   [{bar:32}] {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left")
    }

    /// Days of a store.
    pub(crate) fn days(shown: bool, total: u64) -> Self {
        Self::new(shown, total, "storing   [{bar:32}] {pos}/{len} days  {eta} left")
    }

    /// Steps of the analysis.
    pub(crate) fn steps(shown: bool, total: u64) -> Self {
        Self::new(shown, total, "analyzing [{bar:32}] {msg}")
    }

    pub(crate) fn add(&self, n: u64) {
        self.0.inc(n);
    }

    pub(crate) fn set(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
    }

    pub(crate) fn step(&self, name: &'static str) {
        tracing::debug!(step = name);
        self.0.set_message(name);
        self.0.inc(1);
        self.0.tick();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
