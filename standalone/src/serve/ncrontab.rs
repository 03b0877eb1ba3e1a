//! The schedules of timers: six fields, the first of which is the second; in UTC.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use domain::Timestamp;

/// A schedule.
#[derive(Clone, Debug)]
pub(crate) struct Ncrontab(Cron);

/// Why a text is not a schedule.
#[derive(Debug, thiserror::Error)]
pub enum NcrontabError {
    /// Another number of fields.
    #[error("a schedule has six fields: second, minute, hour, day, month, day of the week")]
    Fields,
    /// Letters that the Functions host does not know.
    #[error("a schedule has none of `L`, `W`, `#` and `?`: the Functions host does not know them")]
    Extended,
    /// A field that says nothing.
    #[error("a field of the schedule cannot be read")]
    Field(#[source] croner::errors::CronError),
}

impl FromStr for Ncrontab {
    type Err = NcrontabError;

    fn from_str(text: &str) -> Result<Self, NcrontabError> {
        if text.split_whitespace().count() != 6 {
            return Err(NcrontabError::Fields);
        }
        let is_extended =
            |field: &str| field.contains(['#', '?']) || field.ends_with('L') || field == "LW";
        if text.split_whitespace().any(|field| is_extended(field) || is_weekday_near(field)) {
            return Err(NcrontabError::Extended);
        }
        let parser = CronParser::builder()
            .seconds(Seconds::Required)
            .year(Year::Disallowed)
            .dom_and_dow(true)
            .build();
        parser.parse(text).map(Self).map_err(NcrontabError::Field)
    }
}

/// `15W`: the working day nearest to the 15th.
fn is_weekday_near(field: &str) -> bool {
    field.strip_suffix('W').is_some_and(|day| day.bytes().all(|byte| byte.is_ascii_digit()))
}

impl Ncrontab {
    /// The first tick after `at`; `None` if there never is one.
    pub(crate) fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        let at = DateTime::<Utc>::from_timestamp_micros(at.unix_us())?;
        let next = self.0.find_next_occurrence(&at, false).ok()?;
        Some(Timestamp::from_unix_s(next.timestamp()))
    }
}

impl Ncrontab {
    /// The tick that follows the one of `last`, at `now`. A timer may wake a little before its tick; but a last tick that lies behind the next one is
    /// from before the clock was set back, and nothing is waited for because of it.
    pub(crate) fn next_tick(&self, last: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let next = self.next_after(now)?;
        match last {
            Some(last) if now < last && last <= next => self.next_after(last),
            Some(_) | None => Some(next),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, at: &str) -> String {
        let schedule: Ncrontab = schedule.parse().unwrap();
        schedule.next_after(at.parse().unwrap()).unwrap().to_string()
    }

    /// The examples of <https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-examples>; 2026-11-21 is a Saturday.
    #[test]
    fn the_documented_schedules_tick_as_documented() {
        let at = "2026-11-21T00:14:48.4Z";
        for (schedule, tick) in [
            ("0 */5 * * * *", "2026-11-21T00:15:00.000000Z"),
            ("0 0 * * * *", "2026-11-21T01:00:00.000000Z"),
            ("0 0 */2 * * *", "2026-11-21T02:00:00.000000Z"),
            ("0 0 9-17 * * *", "2026-11-21T09:00:00.000000Z"),
            ("0 30 9 * * *", "2026-11-21T09:30:00.000000Z"),
            ("0 30 9 * * 1-5", "2026-11-23T09:30:00.000000Z"),
            ("0 30 9 * Jan Mon", "2027-01-04T09:30:00.000000Z"),
            ("*/15 * * * * *", "2026-11-21T00:15:00.000000Z"),
        ] {
            assert_eq!(next(schedule, at), tick, "{schedule}");
        }
    }

    #[test]
    fn a_tick_is_strictly_after() {
        assert_eq!(next("0 */5 * * * *", "2026-11-21T00:15:00Z"), "2026-11-21T00:20:00.000000Z");
    }

    #[test]
    fn a_clock_that_was_set_back_stops_no_timer() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let schedule: Ncrontab = "0 */5 * * * *".parse().unwrap();
        let tick = |last: Option<&str>, now| {
            schedule.next_tick(last.map(at), at(now)).unwrap().to_string()
        };
        let (now, next) = ("2026-11-21T00:12:00Z", "2026-11-21T00:15:00.000000Z");
        assert_eq!(tick(None, now), next);
        assert_eq!(tick(Some("2026-11-21T00:10:00Z"), now), next);
        // It woke before its tick, which is made.
        assert_eq!(tick(Some(next), now), "2026-11-21T00:20:00.000000Z");
        assert_eq!(tick(Some("2026-11-21T00:20:00Z"), now), next);
        assert_eq!(tick(Some("2027-11-21T00:15:00Z"), now), next);
    }

    #[test]
    fn what_the_functions_host_does_not_know_is_refused() {
        for text in [
            "",
            "*/5 * * * *",
            "0 0 0 * * * 2027",
            "0 0 0 L * *",
            "0 0 0 15W * *",
            "0 0 0 * * 5#2",
            "0 0 0 ? * *",
            "0 60 * * * *",
        ] {
            assert!(text.parse::<Ncrontab>().is_err(), "{text}");
        }
    }
}
