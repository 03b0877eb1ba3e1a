//! The figures, each beside its goal.

use serde_json::{Value, json};

use super::machine::Machine;
use crate::progress::say;

/// One figure and its goal.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// What was measured.
    pub(super) name: String,
    /// The figure.
    pub(super) figure: f64,
    /// Its unit: `ms`, `MiB`, `×`.
    pub(super) unit: &'static str,
    /// What it should be.
    pub(super) goal: Goal,
    /// How it was measured.
    pub(super) note: String,
    /// Why the goal is missed, where it is known to be.
    pub(super) why: &'static str,
}

/// What a figure should be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Goal {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
}

impl Goal {
    fn is_met(self, figure: f64) -> bool {
        match self {
            Self::AtMost(limit) => figure <= limit,
            Self::AtLeast(limit) => figure >= limit,
        }
    }

    fn text(self, unit: &str) -> String {
        match self {
            Self::AtMost(limit) => format!("≤ {limit} {unit}"),
            Self::AtLeast(limit) => format!("≥ {limit} {unit}"),
        }
    }
}

impl Row {
    /// For the terminal.
    fn line(&self) -> String {
        let goal = self.goal.text(self.unit);
        format!(
            "{:<60} {:>9.2} {:<4} ({goal}: {})",
            self.name,
            self.figure,
            self.unit,
            self.verdict()
        )
    }

    fn verdict(&self) -> String {
        if self.goal.is_met(self.figure) {
            return "met".to_owned();
        }
        let (Goal::AtMost(limit) | Goal::AtLeast(limit)) = self.goal;
        if limit.abs() < f64::EPSILON {
            return "missed".to_owned();
        }
        let off = (self.figure - limit).abs() / limit * 100.0;
        format!("missed by {off:.0} %")
    }
}

/// All figures of one run.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Takes a figure, and shows it: the last ones are minutes away.
    pub(super) fn add(&mut self, row: Row) {
        say(row.line());
        self.rows.push(row);
    }

    /// For `docs/performance.md`.
    pub(super) fn to_page(&self, machine: &Machine) -> String {
        let line = |row: &Row| {
            let goal = row.goal.text(row.unit);
            format!(
                "| {} | {:.2} {} | {goal} | {} | {} |\n",
                row.name,
                row.figure,
                row.unit,
                row.verdict(),
                row.note
            )
        };
        let rows: String = self.rows.iter().map(line).collect();
        format!(
            "# Performance\n\nWritten by `cargo xtask bench` from one run of the release build. Ratios compare two things measured in turn in the \
             same run; they travel between machines, absolute figures do not.\n\nMachine: {machine}\n\n\
             | what | figure | goal | | how |\n|---|---|---|---|---|\n{rows}{}",
            self.reasons()
        )
    }

    /// Why goals are missed; nothing when none is.
    fn reasons(&self) -> String {
        let missed = self.rows.iter().filter(|row| !row.goal.is_met(row.figure));
        let reasons: String = missed
            .filter(|row| !row.why.is_empty())
            .map(|row| format!("- **{}** ({}): {}\n", row.name, row.verdict(), row.why))
            .collect();
        if reasons.is_empty() { reasons } else { format!("\n## Why goals are missed\n\n{reasons}") }
    }

    /// For other programs.
    pub(super) fn to_json(&self, machine: &Machine) -> Value {
        let rows: Vec<_> = self.rows.iter().map(|row| {
            let goal = row.goal.text(row.unit);
            let is_met = row.goal.is_met(row.figure);
            json!({"name": row.name, "figure": row.figure, "unit": row.unit, "goal": goal, "met": is_met, "note": row.note, "why": row.why})
        }).collect();
        json!({"machine": machine.to_string(), "rows": rows})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(figure: f64, goal: Goal) -> Row {
        let (name, note) = ("start".to_owned(), String::new());
        Row { name, figure, unit: "ms", goal, note, why: "It starts late." }
    }

    #[test]
    fn a_missed_goal_says_by_how_much_and_why() {
        let reasons = |figure| Table { rows: vec![row(figure, Goal::AtMost(25.0))] }.reasons();
        assert!(reasons(30.0).ends_with("- **start** (missed by 20 %): It starts late.\n"));
        assert_eq!(reasons(25.0), "");
    }

    #[test]
    fn a_missed_goal_says_by_how_much() {
        let cases = [
            (25.0, Goal::AtMost(25.0), "met"),
            (30.0, Goal::AtMost(25.0), "missed by 20 %"),
            (0.5, Goal::AtLeast(0.5), "met"),
            (0.25, Goal::AtLeast(0.5), "missed by 50 %"),
            (0.0, Goal::AtMost(0.0), "met"),
            (1.0, Goal::AtMost(0.0), "missed"),
        ];
        for (figure, goal, verdict) in cases {
            assert_eq!(row(figure, goal).verdict(), verdict);
        }
    }
}
