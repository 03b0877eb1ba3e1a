//! Calendar months before a point in time.

use time::{Date, Month, OffsetDateTime};

use crate::Timestamp;

/// The time `months` calendar months before `at`, in UTC: the same day of the month, or the last one that the month has.
///
/// # Examples
/// ```
/// use domain::{Timestamp, retention::months_before};
///
/// let at: Timestamp = "2026-03-31T10:20:30.000001Z".parse().unwrap();
/// assert_eq!(months_before(at, 13).to_string(), "2025-02-28T10:20:30.000001Z");
/// ```
pub fn months_before(at: Timestamp, months: u32) -> Timestamp {
    shifted(at, months).unwrap_or_default()
}

fn shifted(at: Timestamp, months: u32) -> Option<Timestamp> {
    let nanos = i128::from(at.unix_us()) * 1_000;
    let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
    let month = i64::from(at.year()) * 12 + i64::from(u8::from(at.month())) - 1 - i64::from(months);
    let year = i32::try_from(month.div_euclid(12)).ok()?;
    let month = Month::try_from(u8::try_from(month.rem_euclid(12) + 1).ok()?).ok()?;
    let day = at.day().min(month.length(year));
    let before = at.replace_date(Date::from_calendar_date(year, month, day).ok()?);
    i64::try_from(before.unix_timestamp_nanos() / 1_000).ok().map(Timestamp::from_unix_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python: `datetime + dateutil.relativedelta(months=-n)` (dateutil 2.9); the same table as in `chain`, whose own
    /// arithmetic verifiers use.
    #[test]
    fn months_are_those_of_another_implementation() {
        for (at, months, expected) in [
            ("2026-11-21", 13, "2025-10-21"),
            ("2026-11-21", 84, "2019-11-21"),
            ("2026-11-21", 180, "2011-11-21"),
            ("2026-03-31", 1, "2026-02-28"),
            ("2024-03-31", 1, "2024-02-29"),
            ("2026-01-15", 13, "2024-12-15"),
            ("2026-12-31", 12, "2025-12-31"),
            ("2028-02-29", 48, "2024-02-29"),
            ("2028-02-29", 12, "2027-02-28"),
            ("2104-02-29", 48, "2100-02-28"),
            ("2004-02-29", 48, "2000-02-29"),
        ] {
            let time = |date| format!("{date}T01:02:03.000004Z");
            let at: Timestamp = time(at).parse().unwrap();
            assert_eq!(months_before(at, months).to_string(), time(expected), "{at} - {months}");
        }
    }
}
