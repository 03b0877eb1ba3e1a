//! When a promise is kept, and when it is broken.

use std::time::Duration;

use chain::{Hash, proof, row, row::Row, tree::leaf_hash};
use domain::Timestamp;
use protocol::{Digest, witness::PromisedRow};

use super::{super::Seen, ENDED};

/// So long after its time, a row that is not there is a broken promise: a head is signed some seconds after a row is sealed.
const PATIENCE: Duration = Duration::from_mins(15);

/// Rows are kept for thirteen months at least: one that is younger was not removed because its time was over.
const KEPT_FOR: Duration = Duration::from_hours(24 * 365);

/// What time it is by two clocks, this machine's and the control plane's, of which neither is believed against the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    pub(super) earlier: Timestamp,
    pub(super) later: Timestamp,
}

/// A row is promised within so long.
const SEALED_WITHIN: Duration = Duration::from_mins(1);

/// Whether the control plane says that there is no such row: that it is not there, that it was removed before its time, or that it is in an epoch
/// of the log in which it cannot be.
pub(super) fn is_denial(code: &str, seal_by: Timestamp, clocks: Clocks, seen: &Seen) -> bool {
    match code {
        "row-not-found" => true,
        "row-purged" => clocks.earlier < seal_by.plus(KEPT_FOR),
        ENDED => !may_be_left_behind(seal_by, seen),
        _ => false,
    }
}

/// Whether a row may be in an epoch before those that the Runner saw: it was promised before the first look.
fn may_be_left_behind(seal_by: Timestamp, seen: &Seen) -> bool {
    let oldest = seen.oldest();
    oldest.epoch() > 0 && seal_by < oldest.first.at.plus(SEALED_WITHIN)
}

/// Whether a row that is not there is late beyond what sealing and signing take, and was so at a look that is long ago: whoever was down has had
/// the time to seal it since.
pub(super) fn is_broken(seal_by: Timestamp, denied_since: Timestamp, clocks: Clocks) -> bool {
    clocks.later >= seal_by.max(denied_since).plus(PATIENCE)
}

/// Whether the row is the one that was promised, and stands in the log that was witnessed.
pub(super) fn check(shown: &PromisedRow, intent: Digest, seen: &Seen) -> Result<(), String> {
    let text = row::intent_text(&shown.row).map_err(|error| error.to_string())?;
    if Digest::of(&text) != intent {
        return Err("its intent has another digest than the receipt's".to_owned());
    }
    let number = Row::parse(&shown.row).map_err(|error| error.to_string())?.seq;
    if number != shown.index {
        return Err(format!("row {number} is shown as row {}", shown.index));
    }
    let path: Vec<_> = shown.proof.iter().map(|Digest(bytes)| Hash(*bytes)).collect();
    let leaf = leaf_hash(shown.row.as_bytes());
    proof::check_inclusion(leaf, shown.index, seen.size, &path, seen.root())
        .map_err(|error| error.to_string())
}
