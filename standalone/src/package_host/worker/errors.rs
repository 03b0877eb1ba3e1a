//! Errors in a row: at the third the Functions host stops.

use std::time::{Duration, Instant};

/// Errors in a row.
#[derive(Debug)]
pub(super) struct Errors {
    apart: Duration,
    count: u32,
    last: Option<Instant>,
}

impl Errors {
    pub(super) fn new(apart: Duration) -> Self {
        Self { apart, count: 0, last: None }
    }

    /// One more; gives how many there are in a row.
    pub(super) fn count(&mut self, now: Instant) -> u32 {
        let is_in_row = self.last.is_some_and(|last| now.duration_since(last) <= self.apart);
        self.count = if is_in_row { self.count.saturating_add(1) } else { 1 };
        self.last = Some(now);
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_in_a_row_when_at_most_half_an_hour_lies_between_two() {
        let apart = Duration::from_mins(30);
        let (mut errors, now) = (Errors::new(apart), Instant::now());
        assert_eq!(
            [errors.count(now), errors.count(now + apart), errors.count(now + apart * 2)],
            [1, 2, 3]
        );
        assert_eq!(errors.count(now + apart * 3 + Duration::from_nanos(1)), 1);
    }
}
