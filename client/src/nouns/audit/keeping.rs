//! How long the log is kept: retention, purges, legal holds, erasures.

use clap::Subcommand;
use reqwest::Method;
use serde_json::{Value, json};

use super::PATH;
use crate::{
    call::Caller,
    failure::Failure,
    nouns::{encoded, rows},
    print::{Column, Printer},
};

const HOLDS: [Column; 6] = [
    ("HOLD", "/hold"),
    ("FROM ROW", "/from"),
    ("TO ROW", "/to"),
    ("SINCE", "/at"),
    ("RELEASED", "/released_at"),
    ("WHY", "/reason"),
];

const PURGES: [Column; 9] = [
    ("PURGE", "/purge"),
    ("STATE", "/state"),
    ("FROM ROW", "/from"),
    ("TO ROW", "/to"),
    ("DUE", "/due_at"),
    ("REMOVED", "/rows"),
    ("KEPT", "/kept"),
    ("EXPORT", "/export"),
    ("WAITS FOR", "/waits_for"),
];

const RETENTION: [Column; 6] = [
    ("Months", "/months"),
    ("Chosen", "/chosen"),
    ("May be chosen", "/may_choose"),
    ("At least", "/months_min"),
    ("At most", "/months_max"),
    ("Over its time", "/before"),
];

const PREVIEW: [Column; 6] = [
    ("Months", "/months"),
    ("Sealed before", "/before"),
    ("Rows", "/rows"),
    ("Held", "/held"),
    ("From row", "/from"),
    ("To row", "/to"),
];

const ERASED: [Column; 4] = [
    ("Erasure", "/erasure"),
    ("In the log", "/subject"),
    ("Events", "/events"),
    ("Details", "/details"),
];

#[derive(Clone, Debug, Subcommand)]
pub(super) enum HoldsCommand {
    /// All holds, released ones as well
    List,
    /// Put rows under a hold
    Set {
        /// The first row
        #[arg(long)]
        from: u64,
        /// The row after the last; without it, every later row as well
        #[arg(long)]
        to: Option<u64>,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// End a hold: its rows go with the next purge if they are over their time
    Release {
        /// Which, as in the list
        hold: String,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum RetentionCommand {
    /// How long the log is kept, and what can be chosen
    Show,
    /// Choose for how long; what is over its time is purged after a notice
    Set {
        /// Months, 13 to 180
        months: u32,
    },
    /// Leave it to the plan
    Reset,
    /// What a purge would remove today
    Preview {
        /// As if the log was kept for so many months
        #[arg(long)]
        months: Option<u32>,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum PurgesCommand {
    /// All purges, newest first
    List,
    /// Agree to a purge before its notice is over
    Acknowledge {
        /// Which, as in the list
        purge: String,
    },
}

pub(super) async fn holds(
    caller: &mut Caller,
    what: Option<&HoldsCommand>,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let path = format!("{PATH}/holds");
    let answer = match what.unwrap_or(&HoldsCommand::List) {
        HoldsCommand::List => {
            let answer = caller.get(&path).await?;
            return printer.list(rows(&answer, "holds"), &HOLDS, "No row is under a hold.");
        }
        HoldsCommand::Set { from, to, reason } => {
            caller.post(&path, &json!({"from": from, "to": to, "reason": reason})).await?
        }
        HoldsCommand::Release { hold } => {
            caller.call(Method::DELETE, &format!("{path}/{}", encoded(hold)), None).await?
        }
    };
    printer.list(&[answer], &HOLDS, "")
}

pub(super) async fn retention(
    caller: &mut Caller,
    what: Option<&RetentionCommand>,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let path = format!("{PATH}/retention");
    let months = match what.unwrap_or(&RetentionCommand::Show) {
        RetentionCommand::Show => {
            let answer = caller.get(&path).await?;
            return printer.record(&answer, &RETENTION);
        }
        RetentionCommand::Preview { months } => {
            let query = months.map(|months| format!("?months={months}")).unwrap_or_default();
            let answer = caller.get(&format!("{path}/preview{query}")).await?;
            return printer.record(&answer, &PREVIEW);
        }
        RetentionCommand::Set { months } => json!(months),
        RetentionCommand::Reset => Value::Null,
    };
    let answer = caller.call(Method::PUT, &path, Some(&json!({"months": months}))).await?;
    printer.record(&answer, &RETENTION)
}

pub(super) async fn purges(
    caller: &mut Caller,
    what: Option<&PurgesCommand>,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let path = format!("{PATH}/purges");
    match what.unwrap_or(&PurgesCommand::List) {
        PurgesCommand::List => {
            let answer = caller.get(&path).await?;
            printer.list(rows(&answer, "purges"), &PURGES, "Nothing was purged or is about to be.")
        }
        PurgesCommand::Acknowledge { purge } => {
            let path = format!("{path}/{}/acknowledgement", encoded(purge));
            let answer = caller.call(Method::POST, &path, None).await?;
            printer.list(&[answer], &PURGES, "")
        }
    }
}

pub(super) async fn erase(
    caller: &mut Caller,
    subject: &str,
    reason: &str,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let body = json!({"subject": subject, "reason": reason});
    let answer = caller.post(&format!("{PATH}/erasures"), &body).await?;
    printer.record(&answer, &ERASED)
}
