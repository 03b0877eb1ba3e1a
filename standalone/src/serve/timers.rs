//! Timers: each tick is an invocation, and none begins while the one before is going on.

use std::{fs, io, path::PathBuf, sync::Arc, time::Duration};

use domain::Timestamp;
use ports::{Clock, Identity, Randomness};
use serde::{Deserialize, Serialize};
use web::Trigger;

use super::{
    dispatcher::{Dispatcher, Invocation, guid, invoke},
    envelope::{self, ScheduleStatus, Sys},
    ncrontab::Ncrontab,
    stop::Stop,
};

/// `functionTimeout` of `host.json`.
const FUNCTION_TIMEOUT: Duration = Duration::from_mins(5);

/// One timer.
pub(crate) struct Timer {
    pub(crate) app: Identity,
    pub(crate) trigger: &'static Trigger,
    pub(crate) schedule: Ncrontab,
    /// Where the last and the next tick are noted, so that a tick missed while nothing ran is made up for (`useMonitor`).
    pub(crate) status: PathBuf,
    pub(crate) dispatcher: Arc<dyn Dispatcher>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
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
        let mut noted = self.read().or_else(|| self.note(None));
        while !stop.is_stopped() {
            let now = self.clock.now();
            let Some(next) = noted.map(|noted| noted.next) else {
                tracing::error!(function = self.trigger.name, "a schedule has no next tick");
                return stop.stopped().await;
            };
            tokio::select! {
                () = stop.stopped() => return,
                () = tokio::time::sleep(next.since(now)) => {}
            }
            // Late by a second or more: nothing ran here, or the tick before took so long.
            let is_past_due = self.clock.now().since(next) >= Duration::from_secs(1);
            self.tick(noted, is_past_due).await;
            noted = self.note(Some(next));
        }
    }

    async fn tick(&self, noted: Option<Noted>, is_past_due: bool) {
        let status =
            noted.map(|Noted { last, next, updated }| ScheduleStatus { last, next, updated });
        let sys = Sys::new(self.trigger.name, self.clock.now(), &*self.randomness);
        let envelope = envelope::timer(self.trigger.binding(), status, is_past_due, &sys);
        let id = guid(&*self.randomness);
        let invocation =
            Invocation { app: self.app, function: self.trigger.name, id, limit: FUNCTION_TIMEOUT };
        if let Err(failure) = invoke(&*self.dispatcher, invocation, &envelope).await {
            tracing::warn!(function = self.trigger.name, failure = %failure, "a tick failed; the next one comes all the same");
        }
    }

    /// Ticks that passed meanwhile are not made up for one by one.
    fn note(&self, last: Option<Timestamp>) -> Option<Noted> {
        let updated = self.clock.now();
        let next = self.schedule.next_tick(last, updated)?;
        let noted = Noted { last, next, updated };
        if let Err(error) = self.write(&noted) {
            tracing::warn!(function = self.trigger.name, error = %error, "a tick was not noted");
        }
        Some(noted)
    }

    /// A note of a next tick that is further off than the schedule says was made for another schedule.
    fn read(&self) -> Option<Noted> {
        let noted: Noted = serde_json::from_slice(&fs::read(&self.status).ok()?).ok()?;
        let next = self.schedule.next_after(self.clock.now())?;
        (noted.next <= next).then_some(noted)
    }

    fn write(&self, noted: &Noted) -> io::Result<()> {
        let fresh = self.status.with_extension("new");
        if let Some(folder) = self.status.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&fresh, serde_json::to_vec(noted)?)?;
        fs::rename(&fresh, &self.status)
    }
}
