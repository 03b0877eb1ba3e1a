//! The report in words.

use chain::{
    anchor::Anchor,
    report::{Finding, Head, Purged, Report, Witnessed},
};

use crate::Args;

/// The report for programs.
pub(crate) fn json(report: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(report);
    text.map_or_else(|error| format!("{{\"error\":\"{error}\"}}\n"), |text| format!("{text}\n"))
}

/// The report for people: the answer, what it rests on, and what to do.
pub(crate) fn human(report: &Report, args: &Args) -> String {
    let mut lines = vec![report.answer()];
    lines.extend(report.first_bad.as_ref().map(wrong).into_iter().flatten());
    lines.push(field("file", &args.path.display().to_string()));
    lines.push(field("rows", &rows(report)));
    lines.extend(removed(&report.purged).map(|text| field("removed", &text)));
    lines.extend(personal(report).map(|text| field("personal", &text)));
    lines.push(field("root", &report.root.to_string()));
    lines.extend(head(report.checkpoint.as_ref()));
    lines.push(field("tier", &format!("{}: {}", report.tier, report.tier.meaning())));
    lines.extend(report.asked.map(|asked| field("asked for", asked.name())));
    lines.extend(report.notes.iter().map(|note| field("note", note)));
    lines.iter().map(|line| format!("{}\n", printable(line))).collect()
}

/// What a file says must not steer the terminal that shows it, nor look like a line of ours.
fn printable(text: &str) -> String {
    let escape = |letter: char| {
        if letter.is_control() { letter.escape_default().to_string() } else { letter.to_string() }
    };
    text.chars().map(escape).collect()
}

/// Which row, which rule, what should be there and what is.
fn wrong(finding: &Finding) -> Vec<String> {
    let place = finding.seq.map_or(String::new(), |seq| format!(" at row {seq}"));
    vec![
        field("wrong", &format!("{}{place}: {}", finding.kind.name(), finding.kind.meaning())),
        field("expected", &finding.expected),
        field("got", &finding.got),
    ]
}

fn rows(report: &Report) -> String {
    format!("{} of {} checked", report.rows_checked, report.size)
}

/// Rows whose bodies are gone, as ranges; the first few, since the report for programs has the others.
fn removed(purged: &Purged) -> Option<String> {
    const SHOWN: usize = 10;
    let range = |(first, last): &(u64, u64)| {
        if first == last { first.to_string() } else { format!("{first}–{last}") }
    };
    let shown: Vec<_> = purged.ranges.iter().take(SHOWN).map(range).collect();
    let more = if purged.ranges.len() > SHOWN { ", …" } else { "" };
    (purged.rows > 0).then(|| format!("{} rows: {}{more}", purged.rows, shown.join(", ")))
}

/// Personal details, if the rows have any that are shown or erased.
fn personal(report: &Report) -> Option<String> {
    let Report { disclosed, erased, .. } = report;
    (disclosed + erased > 0)
        .then(|| format!("{disclosed} details shown and proved, {erased} erased"))
}

/// Who holds the log fast: its signer, the directory of logs, witnesses.
fn head(head: Option<&Head>) -> Vec<String> {
    let mut lines = vec![field("signed by", &signed_by(head))];
    let anchor = head.and_then(|head| head.anchor.as_ref());
    lines.extend(anchor.map(|anchor| field("anchored", &anchored(anchor))));
    lines.extend(witnessed_by(head).map(|text| field("witnessed", &text)));
    lines
}

fn signed_by(head: Option<&Head>) -> String {
    match head {
        None => "nobody: the checkpoint cannot be read".to_owned(),
        Some(head) if head.signed_by.is_empty() => {
            format!("not proved: the checkpoint claims a log of {} rows", head.size)
        }
        Some(head) => format!("{}, for a log of {} rows", head.signed_by.join(", "), head.size),
    }
}

/// Where the log stands in the directory of logs, and who vouches for that.
fn anchored(anchor: &Anchor) -> String {
    let Anchor { origin, index, size, signed_by, stamped_at } = anchor;
    let signed = signed_by.as_ref().map_or_else(
        || "not proved: the policy pins no key of the directory".to_owned(),
        |key| format!("signed by {key}"),
    );
    let stamped = stamped_at.as_ref().map(|time| format!(", stamped on {time}"));
    format!("row {index} of {size} in {origin}, {signed}{}", stamped.unwrap_or_default())
}

fn witnessed_by(head: Option<&Head>) -> Option<String> {
    let named: Vec<_> = head?.witnessed_by.iter().map(witness).collect();
    (!named.is_empty()).then(|| named.join(", "))
}

fn witness(witnessed: &Witnessed) -> String {
    let since = witnessed.since.as_ref();
    let since = since.map(|since| format!(" (first after {} rows, on {})", since.rows, since.time));
    format!("{} on {}{}", witnessed.name, witnessed.time, since.unwrap_or_default())
}

fn field(name: &str, value: &str) -> String {
    format!("  {name:<10} {value}")
}

#[cfg(test)]
mod tests {
    use chain::report::Since;

    use super::*;

    #[test]
    fn control_characters_of_a_file_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2J\n\u{9b}é"), "a\\u{1b}[2J\\n\\u{9b}é");
    }

    #[test]
    fn rows_that_were_removed_are_named_as_ranges() {
        assert_eq!(removed(&Purged::default()), None);
        let ranges = vec![(0, 0), (2, 9)];
        let purged = Purged { rows: 9, ranges };
        assert_eq!(removed(&purged).unwrap(), "9 rows: 0, 2–9");
        let ranges = (0..11).map(|row| (2 * row, 2 * row)).collect();
        let purged = Purged { rows: 11, ranges };
        let said = removed(&purged).unwrap();
        assert_eq!(said, "11 rows: 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, …");
    }

    #[test]
    fn an_anchor_says_who_vouches_for_it() {
        let origin = "audit.example.com/directory".to_owned();
        let (signed_by, stamped_at) = (None, None);
        let mut anchor = Anchor { origin, index: 5, size: 7, signed_by, stamped_at };
        assert_eq!(
            anchored(&anchor),
            "row 5 of 7 in audit.example.com/directory, not proved: the policy pins no key of the directory"
        );
        anchor.signed_by = Some("key".to_owned());
        anchor.stamped_at = Some("2026-11-21T00:00:00Z".to_owned());
        assert_eq!(
            anchored(&anchor),
            "row 5 of 7 in audit.example.com/directory, signed by key, stamped on 2026-11-21T00:00:00Z"
        );
    }

    #[test]
    fn a_witness_is_named_with_what_it_saw_first() {
        let since = Some(Since { rows: 3, time: "2026-11-20T00:00:00Z".to_owned() });
        let [name, key] = ["plant-1", "key"].map(str::to_owned);
        let time = "2026-11-21T00:00:00Z".to_owned();
        let mut witnessed = Witnessed { name, key, time, since };
        assert_eq!(
            witness(&witnessed),
            "plant-1 on 2026-11-21T00:00:00Z (first after 3 rows, on 2026-11-20T00:00:00Z)"
        );
        witnessed.since = None;
        assert_eq!(witness(&witnessed), "plant-1 on 2026-11-21T00:00:00Z");
    }
}
