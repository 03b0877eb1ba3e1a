//! `[d.]hh:mm:ss[.fffffff]`: how .NET writes a length of time.

use std::time::Duration;

/// The length, or `None` when the text is none that makes sense for a wait.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let (days, clock) = match text.split_once(':')?.0.split_once('.') {
        Some((days, _)) => (number(days, u64::MAX)?, text.split_once('.')?.1),
        None => (0, text),
    };
    let mut parts = clock.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    if fraction.is_empty() || fraction.len() > 7 {
        return None;
    }
    let ticks = number(&format!("{fraction:0<7}"), u64::MAX)?;
    let whole = number(hours, 23)? * 3600 + number(minutes, 59)? * 60 + number(seconds, 59)?;
    let whole = days.checked_mul(86_400)?.checked_add(whole)?;
    Some(Duration::from_secs(whole) + Duration::from_nanos(ticks * 100))
}

fn number(text: &str, max: u64) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| is_number && *number <= max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The forms of <https://learn.microsoft.com/dotnet/standard/base-types/standard-timespan-format-strings> ("c").
    #[test]
    fn a_time_span_reads_as_dotnet_writes_it() {
        assert_eq!(parse("00:05:00"), Some(Duration::from_mins(5)));
        assert_eq!(parse("1.00:00:00"), Some(Duration::from_hours(24)));
        assert_eq!(parse("00:00:00.5"), Some(Duration::from_millis(500)));
        assert_eq!(parse("00:00:00.0100000"), Some(Duration::from_millis(10)));
        for text in
            ["", "5", "00:05", "24:00:00", "00:60:00", "00:00:60", "-1", "a:b:c", "00:00:00."]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
