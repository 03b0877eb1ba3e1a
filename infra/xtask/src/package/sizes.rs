//! How large a package may be: what is larger starts later on a new instance.

use anyhow::ensure;

const MIB: usize = 1024 * 1024;

/// The most for a binary.
const HANDLER: usize = 12 * MIB;

/// The most for a zip.
const ZIP: usize = 6 * MIB;

/// Whether the binary and the zip (in bytes) are within the budget.
pub(super) fn check(handler: usize, zip: usize) -> anyhow::Result<()> {
    for (what, size, budget) in [("its binary", handler, HANDLER), ("its zip", zip, ZIP)] {
        ensure!(size <= budget, "{what} has {size} bytes; the budget is {budget}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures: 12 MiB and 6 MiB.
    #[test]
    fn a_budget_may_be_used_up_and_not_exceeded() {
        check(12_582_912, 6_291_456).unwrap();
        let message = |handler, zip| check(handler, zip).unwrap_err().to_string();
        assert_eq!(message(12_582_913, 0), "its binary has 12582913 bytes; the budget is 12582912");
        assert_eq!(message(0, 6_291_457), "its zip has 6291457 bytes; the budget is 6291456");
    }
}
