//! What a person at the terminal reads.

use std::{
    fmt::Display,
    io::{self, Write as _},
    time::Duration,
};

/// Prints one line. That nobody reads it any more is no reason to stop.
pub(crate) fn say(line: impl Display) {
    writeln!(io::stdout(), "{line}").ok();
}

/// `0.4 s`, `12 s`, `3 min 05 s`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..120 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_as_exact_as_it_is_short() {
        let cases = [
            (400, "0.4 s"),
            (9_940, "9.9 s"),
            (10_000, "10 s"),
            (119_999, "119 s"),
            (185_000, "3 min 05 s"),
        ];
        for (milliseconds, text) in cases {
            assert_eq!(duration(Duration::from_millis(milliseconds)), text);
        }
    }
}
