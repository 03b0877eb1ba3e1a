//! How the demo is told: numbered steps in a few lines each, claims that are checked, and the same as JSON.

use std::{io::Write, time::Instant};

use serde::Serialize;

/// A claim of the demo does not hold, or a step could not be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    /// What the demo says is not so.
    #[error("the demo claims that {claim}, but {found}")]
    Claim {
        /// What should be so.
        claim: String,
        /// What is.
        found: String,
    },
    /// A step could not be done.
    #[error("{doing} failed: {why}")]
    Step {
        /// What was to be done.
        doing: &'static str,
        /// Why it was not.
        why: String,
    },
}

/// Names what was being done when an error came.
pub(super) trait Doing<T> {
    /// The same, as a step that failed.
    fn doing(self, doing: &'static str) -> Result<T, DemoError>;
}

impl<T, E: std::error::Error> Doing<T> for Result<T, E> {
    fn doing(self, doing: &'static str) -> Result<T, DemoError> {
        self.map_err(|error| DemoError::Step { doing, why: chain(&error) })
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// One step as it was told.
#[derive(Debug, Serialize)]
pub(crate) struct Chapter {
    /// From 1.
    pub(crate) number: usize,
    /// What it is about.
    pub(crate) title: &'static str,
    /// What was said, line by line.
    pub(crate) lines: Vec<String>,
    /// What was claimed and held.
    pub(crate) claims: Vec<String>,
    /// How long it took.
    pub(crate) duration_ms: u128,
}

/// Tells the demo to a person, or collects it for a program.
pub(crate) struct Telling<'a> {
    out: &'a mut (dyn Write + Send),
    is_json: bool,
    chapters: Vec<Chapter>,
    began: Instant,
    step_began: Instant,
}

impl<'a> Telling<'a> {
    /// Tells to `out`.
    pub(crate) fn new(out: &'a mut (dyn Write + Send), is_json: bool) -> Self {
        let now = Instant::now();
        Self { out, is_json, chapters: Vec::new(), began: now, step_began: now }
    }

    /// Begins the next step.
    pub(crate) fn chapter(&mut self, title: &'static str) {
        self.close();
        let number = self.chapters.len() + 1;
        self.chapters.push(Chapter {
            number,
            title,
            lines: Vec::new(),
            claims: Vec::new(),
            duration_ms: 0,
        });
        self.print(&format!("\n{number}. {title}"));
    }

    /// Says a line of the current step.
    pub(crate) fn say(&mut self, line: impl Into<String>) {
        let line = line.into();
        self.print(&format!("   {line}"));
        if let Some(chapter) = self.chapters.last_mut() {
            chapter.lines.push(line);
        }
    }

    /// Says that `claim` holds, after having checked it.
    ///
    /// # Errors
    /// * [`DemoError::Claim`] when it does not: then the demo ends, with an exit code that is not 0.
    pub(crate) fn claim(
        &mut self,
        holds: bool,
        claim: impl Into<String>,
        found: impl Into<String>,
    ) -> Result<(), DemoError> {
        let claim = claim.into();
        if !holds {
            return Err(DemoError::Claim { claim, found: found.into() });
        }
        self.print(&format!("   ✓ {claim}"));
        if let Some(chapter) = self.chapters.last_mut() {
            chapter.claims.push(claim);
        }
        Ok(())
    }

    /// How many claims held so far.
    pub(crate) fn claims(&self) -> usize {
        self.chapters.iter().map(|chapter| chapter.claims.len()).sum()
    }

    /// Seconds since the beginning.
    pub(crate) fn elapsed_s(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// Ends the telling; every step as it was told.
    pub(crate) fn finish(mut self) -> Vec<Chapter> {
        self.close();
        self.chapters
    }

    fn close(&mut self) {
        if let Some(chapter) = self.chapters.last_mut() {
            chapter.duration_ms = self.step_began.elapsed().as_millis();
        }
        self.step_began = Instant::now();
    }

    fn print(&mut self, line: &str) {
        if !self.is_json {
            // A reader that went away is no reason to end: the exit code still says what held.
            drop(writeln!(self.out, "{line}").and_then(|()| self.out.flush()));
        }
    }
}
