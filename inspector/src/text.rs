//! The report in words.

use chain::report::{Finding, Head, Kind, Report, Verdict};

use crate::Args;

/// The report for programs.
pub(crate) fn json(report: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(report);
    text.map_or_else(|error| format!("{{\"error\":\"{error}\"}}\n"), |text| format!("{text}\n"))
}

/// The report for people: the answer, what it rests on, and what to do.
pub(crate) fn human(report: &Report, args: &Args) -> String {
    let mut lines = vec![answer(report)];
    lines.extend(report.first_bad.as_ref().map(wrong).into_iter().flatten());
    lines.push(field("file", &args.path.display().to_string()));
    lines.push(field("rows", &rows(report)));
    lines.push(field("root", &report.root.to_string()));
    lines.push(field("signed by", &signed_by(report.checkpoint.as_ref())));
    lines.push(field("tier", report.tier.name()));
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

fn answer(report: &Report) -> String {
    let log = report.checkpoint.as_ref().map_or("this log", |head| &head.origin);
    match report.verdict {
        Verdict::Ok => format!("OK: {log} is whole and unchanged."),
        Verdict::Broken => format!("BROKEN: {log} is not as it was sealed and signed."),
        Verdict::Incomplete => {
            format!("INCOMPLETE: nothing is wrong with {log}, but it is not proved; see the notes.")
        }
        Verdict::NothingToCheck => "NOTHING TO CHECK: the log has no rows.".to_owned(),
    }
}

/// Which row, which rule, what should be there and what is.
fn wrong(finding: &Finding) -> Vec<String> {
    let place = finding.seq.map_or(String::new(), |seq| format!(" at row {seq}"));
    vec![
        field("wrong", &format!("{}{place}: {}", finding.kind.name(), meaning(finding.kind))),
        field("expected", &finding.expected),
        field("got", &finding.got),
    ]
}

const fn meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::RowHash => "the bytes of the row were changed",
        Kind::Link => "the row does not contain the hash of the row before it",
        Kind::SeqGap => "a row is missing",
        Kind::SeqDup => "a row is there twice",
        Kind::TimeRegress => "the row was sealed earlier than the row before it",
        Kind::Profile => "this is not a row of a log",
        Kind::Tenant => "the row belongs to another log",
        Kind::Signature => "the log is not signed as your policy demands",
        Kind::Tile => "the tree of hashes does not fit the rows",
        Kind::Root => "the rows are not those of the checkpoint",
        Kind::Manifest => "a file is not as the signed manifest lists it",
        Kind::Container => "the file was damaged or repacked",
    }
}

fn rows(report: &Report) -> String {
    match (report.rows_checked, report.size) {
        (0, size) => format!("0 of {size} checked"),
        (checked, size) => format!("{checked} of {size} checked, 0 to {}", checked - 1),
    }
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

fn field(name: &str, value: &str) -> String {
    format!("  {name:<10} {value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_of_a_file_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2J\n\u{9b}é"), "a\\u{1b}[2J\\n\\u{9b}é");
    }
}
