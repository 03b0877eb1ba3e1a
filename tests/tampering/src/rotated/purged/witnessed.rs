//! The same, where a witness confirmed how the epoch ended: heads that it never saw account for nothing at that tier, and none for a purge that is
//! dated later than it saw them.

use chain::{
    later::Shown,
    report::{Kind, Verdict},
};

use super::{super::broken, Border, Case, GONE, SOUND, case, export_under};
use crate::made_log::{cosigned, cosigned_at};

/// When the witness cosigned heads of the next epoch, in seconds since 1970: 2028-01-01, the day on which its rows were sealed.
const COSIGNED_LATER: u64 = 1_830_297_601;
const DAY: u64 = 86_400;

/// The export of the ended epoch, whose witnessed head accounts for what is gone by `lines`, with and without the witness' own lines.
pub(super) fn cases(border: &Border, rows: &[String], lines: &str) -> Vec<Case> {
    let head = border.old.witnessed_head(rows);
    let policy = || border.old.witnessed_policy(rows);
    let gone = |lines: &str| export_under(border, (rows, &head), GONE, lines);
    let seen_at = |time| edited(lines, |note| cosigned_at(note, time));
    let spoiled = edited(lines, |note| {
        let own = cosigned_at(note, COSIGNED_LATER);
        let line = cosigned(&border.old.head(rows)).lines().last().unwrap().to_owned();
        own + &line + "\n"
    });
    let unseen = (Verdict::Incomplete, None);
    let unexplained = broken(Some(5), Kind::UnexplainedPurge);
    vec![
        case(
            "purged, and the witness saw who says so",
            gone(&seen_at(COSIGNED_LATER)),
            policy(),
            SOUND,
        ),
        case("purged, and no witness saw who says so", gone(lines), policy(), unseen),
        case(
            "purged, and the witness' clock is a day behind",
            gone(&seen_at(COSIGNED_LATER - 1 - DAY)),
            policy(),
            SOUND,
        ),
        case(
            "purged, by who says that it was done two years after the witness saw it",
            gone(&edited(lines, cosigned)),
            policy(),
            unexplained,
        ),
        case("purged, and a witness saw something else", gone(&spoiled), policy(), unexplained),
    ]
}

/// The lines with other notes.
fn edited(lines: &str, edit: impl Fn(&str) -> String) -> String {
    let line = |line: &str| {
        let shown: Shown = serde_json::from_str(line).unwrap();
        let shown = Shown { note: edit(&shown.note), ..shown };
        serde_json::to_string(&shown).unwrap() + "\n"
    };
    lines.lines().map(line).collect()
}
