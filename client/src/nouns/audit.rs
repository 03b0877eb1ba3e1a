//! `proofline audit`: the log, its head, its rows with their proofs, and files to hand to an inspector.

mod download;
mod export;
mod filters;
mod keeping;
mod policy;
mod tier;
mod verifications;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use protocol::key::Kid;
use serde_json::json;

use super::{PageArgs, Pages};
use crate::{
    call::{CallArgs, Caller},
    failure::Failure,
    print::{Column, Printer},
};
use export::{ExportForm, Wanted, export};
use filters::FilterArgs;
use keeping::{HoldsCommand, PurgesCommand, RetentionCommand};
use tier::Tier;

const EVENTS: [Column; 7] = [
    ("ROW", "/row/seq"),
    ("SEALED", "/row/rx"),
    ("WHAT", "/row/action"),
    ("OUTCOME", "/row/out"),
    ("WHO", "/row/act/id"),
    ("TO WHAT", "/row/target/id"),
    ("WHY", "/row/reason"),
];

/// The audit log.
#[derive(Args, Clone, Debug)]
pub struct AuditArgs {
    #[command(subcommand)]
    what: AuditCommand,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

#[derive(Clone, Debug, Subcommand)]
enum AuditCommand {
    /// Rows of the log; reading is itself recorded
    List {
        #[command(flatten)]
        filters: FilterArgs,
        /// Newest first
        #[arg(long)]
        newest: bool,
        /// An epoch that the log had before it began again; the current one unless it says so
        #[arg(long)]
        epoch: Option<u64>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// One row as it is hashed, with the proof that it is in the log when printed as JSON
    Show {
        /// Its number
        seq: u64,
    },
    /// The last signed head of the log (C2SP tlog-checkpoint)
    Checkpoint,
    /// Write the policy with which an inspector verifies the log: the keys of the log, its exports and the directory of logs
    ///
    /// The deployment's root key signed that list. Name the thumbprint that you got by another way (--root): an enrolment token has it, and
    /// `proofline-runner log-policy` writes the same from what a Runner pinned. Whoever inspects the operator does not take it from him alone.
    Policy {
        /// The thumbprint of the deployment's root key (RFC 7638)
        #[arg(long, value_name = "THUMBPRINT")]
        root: Option<Kid>,
        /// Where to; the terminal where absent
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Verify the log where it is stored; an export is verified without us by `proofline verify`
    ///
    /// It ends with 1 unless everything holds, at the tier that is asked for.
    Verify {
        /// The least that must stand behind the newest head
        #[arg(long, value_enum)]
        tier: Option<Tier>,
    },
    /// What verifications found, newest first
    Verifications,
    /// Legal holds: rows that are neither purged nor have personal details erased
    Holds {
        #[command(subcommand)]
        what: Option<HoldsCommand>,
    },
    /// How long the log is kept
    Retention {
        #[command(subcommand)]
        what: Option<RetentionCommand>,
    },
    /// What was purged, and what is about to be
    Purges {
        #[command(subcommand)]
        what: Option<PurgesCommand>,
    },
    /// Erase what the log knows of a person, for good; rows and proofs stay
    Erase {
        /// The person: a user's identifier
        subject: String,
        /// Why; it is kept with the tenant's data, not in the log
        #[arg(long)]
        reason: String,
    },
    /// What was erased: the rows that say so
    Erasures {
        #[command(flatten)]
        page: PageArgs,
    },
    /// Write the log, or some rows of it, into a file
    ///
    /// A bundle holds everything that an inspector needs, offline: verify it with `proofline verify FILE --policy POLICY`.
    Export {
        /// In which form
        #[arg(long, value_enum, default_value_t = ExportForm::Bundle)]
        format: ExportForm,
        #[command(flatten)]
        filters: FilterArgs,
        /// The least that must stand behind its head; `witnessed` takes the last head that a witness cosigned
        #[arg(long, value_enum)]
        tier: Option<Tier>,
        /// An epoch that the log had before it began again; the current one unless it says so
        #[arg(long)]
        epoch: Option<u64>,
        /// Where to; by default a name of its own in this folder. It is never overwritten
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

const PATH: &str = "/api/audit/v1/audit";

pub(crate) async fn audit(args: &AuditArgs, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let mut caller = Caller::open(&args.call).await?;
    match &args.what {
        AuditCommand::List { filters, newest, epoch, page } => {
            let mut query = filters.given();
            query.extend(epoch.map(|epoch| ("epoch", epoch.to_string())));
            query.push(("order", if *newest { "newest" } else { "oldest" }.to_owned()));
            list(&mut caller, &query, *page, printer).await
        }
        AuditCommand::Show { seq } => {
            let answer = caller.get(&format!("{PATH}/events/{seq}")).await?;
            printer.record(
                &answer,
                &[("Row", "/raw"), ("Hash", "/hash"), ("Not signed yet", "/pending")],
            )
        }
        AuditCommand::Checkpoint => {
            let note = caller.api().bytes(&format!("{PATH}/checkpoint")).await?;
            let note = String::from_utf8_lossy(&note).into_owned();
            if printer.json {
                printer.json(&json!({"note": note}))
            } else {
                printer.say(note.trim_end())
            }
        }
        AuditCommand::Policy { root, out } => {
            policy::write(&caller, root.as_ref(), out.as_deref(), printer).await
        }
        AuditCommand::Verify { tier } => verifications::verify(&mut caller, *tier, printer).await,
        AuditCommand::Verifications => verifications::list(&mut caller, printer).await,
        AuditCommand::Holds { what } => keeping::holds(&mut caller, what.as_ref(), printer).await,
        AuditCommand::Retention { what } => {
            keeping::retention(&mut caller, what.as_ref(), printer).await
        }
        AuditCommand::Purges { what } => keeping::purges(&mut caller, what.as_ref(), printer).await,
        AuditCommand::Erase { subject, reason } => {
            keeping::erase(&mut caller, subject, reason, printer).await
        }
        AuditCommand::Erasures { page } => {
            let query = [("action", "erasure.executed".to_owned())];
            list(&mut caller, &query, *page, printer).await
        }
        AuditCommand::Export { format, filters, tier, epoch, out } => {
            let wanted = Wanted { format: *format, filters, tier: *tier, epoch: *epoch };
            export(&mut caller, &wanted, out.clone(), printer).await
        }
    }
}

async fn list(
    caller: &mut Caller,
    query: &[(&'static str, String)],
    page: PageArgs,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let path = format!("{PATH}/events");
    let pages = Pages { path: &path, member: "rows", cursor: "cursor", page_max: 200 };
    let found = pages.read(caller, query, page).await?;
    printer.list(&found, &EVENTS, "No row is like that.")
}
