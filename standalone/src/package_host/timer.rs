//! Timers: each tick is an invocation, tried again as `retry` says, and none begins while the one before goes on.

use std::{fs, io, path::PathBuf, sync::Arc, time::Duration};

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    function_json::Function,
    invoke::invoke,
    site::{App, Site},
};
use crate::serve::{
    envelope::{self, ScheduleStatus},
    ncrontab::Ncrontab,
    stop::Stop,
};

/// One timer.
pub(crate) struct Timer {
    pub(crate) site: Arc<Site>,
    pub(crate) app: Arc<App>,
    pub(crate) function: Arc<Function>,
    pub(crate) schedule: Box<Ncrontab>,
    pub(crate) on_startup: bool,
    /// Where the last and the next tick are noted, so that a tick missed while nothing ran is made up for; `None` without `useMonitor`.
    pub(crate) status: Option<PathBuf>,
}

/// What is noted between ticks.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Noted {
    last: Option<Timestamp>,
    next: Timestamp,
    updated: Timestamp,
}

impl Timer {
    /// Ticks until `stop`.
    pub(crate) async fn run(self, stop: Stop) {
        let now = self.site.now();
        let mut noted = self.read(now);
        let is_missed = noted.is_some_and(|noted| noted.next <= now);
        noted = noted.or_else(|| self.note(None));
        if is_missed || self.on_startup {
            self.tick(noted, is_missed, &stop).await;
            noted = self.note(Some(now));
        }
        while !stop.is_stopped() {
            let Some(next) = noted.map(|noted| noted.next) else {
                tracing::error!(function = self.name(), "a schedule has no next tick");
                return stop.stopped().await;
            };
            tokio::select! {
                () = stop.stopped() => return,
                () = tokio::time::sleep(next.since(self.site.now())) => {}
            }
            let is_past_due = self.site.now().since(next) >= Duration::from_secs(1);
            self.tick(noted, is_past_due, &stop).await;
            noted = self.note(Some(next));
        }
    }

    fn name(&self) -> String {
        self.app.full_name(&self.function)
    }

    /// One tick, and its tries.
    async fn tick(&self, noted: Option<Noted>, is_past_due: bool, stop: &Stop) {
        let status = self.status.as_ref().and(noted);
        let status =
            status.map(|Noted { last, next, updated }| ScheduleStatus { last, next, updated });
        let (mut count, mut exception) = (0, None::<String>);
        while !stop.is_stopped() {
            let sys = self.site.sys(&self.function);
            let mut envelope = envelope::timer(&self.function.binding, status, is_past_due, &sys);
            if let Some(retry) = self.function.retry {
                envelope::put_retry(&mut envelope, count, retry.max, exception.as_deref());
            }
            let Err(error) = invoke(&self.site, &self.app, &self.function, &envelope).await else {
                return;
            };
            tracing::warn!(function = self.name(), try = count, error = %error, "a tick failed");
            let Some(retry) =
                self.function.retry.filter(|retry| retry.max.is_none_or(|max| count < max))
            else {
                return;
            };
            count = count.saturating_add(1);
            exception = Some(error.to_string());
            tokio::select! {
                () = stop.stopped() => return,
                () = tokio::time::sleep(retry.wait(count)) => {}
            }
        }
    }

    /// Ticks that passed meanwhile are not made up for one by one.
    fn note(&self, last: Option<Timestamp>) -> Option<Noted> {
        let updated = self.site.now();
        let next = self.schedule.next_tick(last, updated)?;
        let noted = Noted { last, next, updated };
        if let Err(error) = self.write(&noted) {
            tracing::warn!(function = self.name(), error = %error, "a tick was not noted");
        }
        Some(noted)
    }

    /// A note of a next tick that is further off than the schedule says was made for another schedule.
    fn read(&self, now: Timestamp) -> Option<Noted> {
        let noted: Noted = serde_json::from_slice(&fs::read(self.status.as_ref()?).ok()?).ok()?;
        (noted.next <= self.schedule.next_after(now)?).then_some(noted)
    }

    fn write(&self, noted: &Noted) -> io::Result<()> {
        let Some(status) = &self.status else { return Ok(()) };
        let fresh = status.with_extension("new");
        if let Some(folder) = status.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&fresh, serde_json::to_vec(noted)?)?;
        fs::rename(&fresh, status)
    }
}
