//! Calendar months before a time of the log.

/// The time `months` calendar months before `at`: the same day of the month, or the last one that the month has. `None` before year 0, or if
/// `at` is not a time of the log.
///
/// # Examples
/// ```
/// use chain::purge::months_before;
///
/// let at = "2026-03-31T10:20:30.000001Z";
/// assert_eq!(months_before(at, 13).as_deref(), Some("2025-02-28T10:20:30.000001Z"));
/// ```
pub fn months_before(at: &str, months: u32) -> Option<String> {
    let (year, month, day, clock) = parts(at)?;
    let month = month.checked_sub(1).filter(|month| *month < 12)?;
    let month = year.checked_mul(12)?.checked_add(month)?.checked_sub(months)?;
    let (year, month) = (month / 12, month % 12 + 1);
    let day = day.min(days(year, month));
    Some(format!("{year:04}-{month:02}-{day:02}{clock}"))
}

/// The same time on the next day; `None` where that is not a time of the log, which has years of four digits.
pub(super) fn day_after(at: &str) -> Option<String> {
    let (year, month, day, clock) = parts(at).filter(|(year, ..)| *year < 9999)?;
    let (year, month, day) = match (month, day < days(year, month)) {
        (_, true) => (year, month, day + 1),
        (12, false) => (year + 1, 1, 1),
        (_, false) => (year, month + 1, 1),
    };
    Some(format!("{year:04}-{month:02}-{day:02}{clock}"))
}

/// Year, month, day, and the time of the day.
fn parts(at: &str) -> Option<(u32, u32, u32, &str)> {
    let (date, clock) = at.split_at_checked(10)?;
    let mut parts = date.split('-').map(str::parse::<u32>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    Some((year, month, day, clock))
}

/// How many days a month has in the Gregorian calendar.
const fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::{day_after, months_before};

    /// Computed with Python: `datetime + dateutil.relativedelta(months=-n)` (dateutil 2.9).
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
            let clock = "T01:02:03.000004Z";
            let found = months_before(&format!("{at}{clock}"), months);
            assert_eq!(found, Some(format!("{expected}{clock}")), "{at} - {months}");
        }
    }

    /// Computed with Python: `date + timedelta(days=1)`.
    #[test]
    fn the_day_after_is_that_of_another_implementation() {
        for (at, expected) in [
            ("2026-11-21", "2026-11-22"),
            ("2026-11-30", "2026-12-01"),
            ("2026-12-31", "2027-01-01"),
            ("2027-02-28", "2027-03-01"),
            ("2028-02-28", "2028-02-29"),
            ("2100-02-28", "2100-03-01"),
        ] {
            let found = day_after(&format!("{at}T01:02:03Z"));
            assert_eq!(found, Some(format!("{expected}T01:02:03Z")), "{at}");
        }
        assert_eq!(
            (day_after("9999-01-01T01:02:03Z"), day_after("12345-01-01T01:02:03Z")),
            (None, None)
        );
    }

    #[test]
    fn what_is_no_time_has_no_months_before_it() {
        for at in [
            "",
            "2026-00-01T",
            "2026-13-01T",
            "0000-01-01T",
            "2026-1é-01T",
            "x026-01-01T",
            "999999999-01-01",
        ] {
            assert_eq!(months_before(at, 1), None, "{at}");
        }
    }
}
