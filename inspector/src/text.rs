//! The report in words.

use chain::report::{Finding, Head, Report};

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
