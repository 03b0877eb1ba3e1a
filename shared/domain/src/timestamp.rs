//! Points in time: microseconds since 1970, written as RFC 3339 in UTC with exactly six decimals.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// A point in time, to the microsecond. `2026-11-21T00:00:00.001234Z`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(i64);

/// Why a text is not a timestamp.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not an RFC 3339 time such as 2026-11-21T00:00:00.001234Z")]
pub struct TimestampError;

impl Timestamp {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn from_unix_us(micros: i64) -> Self {
        Self(micros)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn from_unix_s(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn unix_us(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since 1970-01-01T00:00:00Z.
    pub const fn unix_ms(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    pub const fn unix_s(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Later by `duration`.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Earlier by `duration`.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// 0000-01-01T00:00:00.000000Z and 9999-12-31T23:59:59.999999Z, between which RFC 3339 can write every time (§5.6: a year has four digits).
const WRITTEN_US: (i64, i64) = (-62_167_219_200_000_000, 253_402_300_799_999_999);

/// A time that RFC 3339 cannot write is written as the nearest one that it can. A witness may claim any time, and saying so must not fail.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = WRITTEN_US;
        let nanos = i128::from(self.0.clamp(first, last)) * 1_000;
        let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).map_err(|_| fmt::Error)?;
        let (date, clock) = (at.date(), at.time());
        write!(f, "{:04}-{:02}-{:02}T", date.year(), u8::from(date.month()), date.day())?;
        write!(
            f,
            "{:02}:{:02}:{:02}.{:06}Z",
            clock.hour(),
            clock.minute(),
            clock.second(),
            clock.microsecond()
        )
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let at = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| TimestampError)?;
        if at.offset() != UtcOffset::UTC {
            return Err(TimestampError);
        }
        i64::try_from(at.unix_timestamp_nanos() / 1_000).map(Self).map_err(|_| TimestampError)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1645557742 is the time of the example in RFC 9562 appendix A.6.
    #[test]
    fn it_is_written_in_utc_with_six_decimals() {
        let at = Timestamp::from_unix_us(1_645_557_742_001_234);
        assert_eq!(at.to_string(), "2022-02-22T19:22:22.001234Z");
        assert_eq!("2022-02-22T19:22:22.001234Z".parse(), Ok(at));
        assert_eq!("2022-02-22T19:22:22Z".parse(), Ok(Timestamp::from_unix_s(1_645_557_742)));
        assert!("2022-02-22T19:22:22+01:00".parse::<Timestamp>().is_err());
        assert!("yesterday".parse::<Timestamp>().is_err());
    }

    /// The limits from Python: `(datetime(9999, 12, 31, 23, 59, 59) - datetime(1970, 1, 1)).total_seconds()`; year 0 is 719,528 days before 1970.
    #[test]
    fn what_has_no_four_digit_year_is_written_as_the_nearest_that_has() {
        let (first, last) = ("0000-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z");
        for (micros, text) in [
            (253_402_300_799_999_999, last),
            (253_402_300_800_000_000, last),
            (i64::MAX, last),
            (-719_528 * 86_400_000_000, first),
            (-719_528 * 86_400_000_000 - 1, first),
            (i64::MIN, first),
        ] {
            assert_eq!(Timestamp::from_unix_us(micros).to_string(), text);
        }
        assert_eq!(last.parse(), Ok(Timestamp::from_unix_us(253_402_300_799_999_999)));
    }
}
