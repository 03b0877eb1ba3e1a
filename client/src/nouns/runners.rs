//! `proofline runners`: the customer's Runners, and how one comes in.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::{PageArgs, Pages, encoded};
use crate::{
    call::{CallArgs, Caller},
    failure::Failure,
    print::{Column, Printer},
    prompt,
};

const RUNNERS: [Column; 5] = [
    ("RUNNER", "/runner"),
    ("NAME", "/name"),
    ("STATE", "/state"),
    ("VERSION", "/version"),
    ("ENROLLED", "/enrolled_at"),
];

const RUNNER: [Column; 11] = [
    ("Runner", "/runner"),
    ("Name", "/name"),
    ("State", "/state"),
    ("Words", "/words"),
    ("Key", "/kid"),
    ("Keeps its key", "/key_storage"),
    ("Trust policy", "/trust_policy_digest"),
    ("Version", "/version"),
    ("System", "/os"),
    ("Enrolled", "/enrolled_at"),
    ("Certificate ends", "/not_after"),
];

/// The customer's Runners.
#[derive(Args, Clone, Debug)]
pub struct RunnersArgs {
    #[command(subcommand)]
    what: RunnersCommand,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

#[derive(Clone, Debug, Subcommand)]
enum RunnersCommand {
    /// The Runners, newest first
    List {
        #[command(flatten)]
        page: PageArgs,
    },
    /// One Runner, with the six words that it shows too
    Show {
        /// Which
        runner: String,
    },
    /// Issue a token with which one Runner enrols within 15 minutes; it is shown once
    Invite {
        /// What to call the Runner
        name: String,
        /// A label, such as `site=ams`; repeat for several
        #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
        labels: Vec<(String, String)>,
    },
    /// Approve a Runner by the six words that it shows
    Approve {
        /// Which
        runner: String,
        /// The six words, as read from the Runner itself; asked for by default
        #[arg(long, value_name = "WORDS")]
        words: Option<String>,
    },
    /// Revoke a Runner: nothing that it sends from now on counts
    Revoke {
        /// Which
        runner: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) async fn runners(args: &RunnersArgs, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let mut caller = Caller::open(&args.call).await?;
    match &args.what {
        RunnersCommand::List { page } => {
            let pages = Pages { path: PATH, member: "runners", cursor: "after", page_max: 100 };
            let found = pages.read(&mut caller, &[], *page).await?;
            printer.list(
                &found,
                &RUNNERS,
                "No Runner enrolled yet; `proofline runners invite NAME` is the way.",
            )
        }
        RunnersCommand::Show { runner } => {
            let answer = caller.get(&path(runner, "")).await?;
            printer.record(&answer, &RUNNER)
        }
        RunnersCommand::Invite { name, labels } => invite(&mut caller, name, labels, printer).await,
        RunnersCommand::Approve { runner, words } => {
            let words = typed_words(words.as_deref())?;
            let answer = caller.post(&path(runner, "/approve"), &json!({"words": words})).await?;
            printer.record(&answer, &RUNNER)
        }
        RunnersCommand::Revoke { runner, yes } => {
            if !yes
                && !prompt::confirm(
                    "Nothing that this Runner sends will count any more. Revoke it?",
                    "--yes",
                )?
            {
                return printer.say("Nothing was done.");
            }
            let answer = caller.post(&path(runner, "/revoke"), &json!({})).await?;
            printer.record(&answer, &RUNNER)
        }
    }
}

const PATH: &str = "/api/runs/v1/runners";

fn path(runner: &str, rest: &str) -> String {
    format!("{PATH}/{}{rest}", encoded(runner))
}

async fn invite(
    caller: &mut Caller,
    name: &str,
    labels: &[(String, String)],
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let labels: Map<String, Value> =
        labels.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    let body = json!({"name": name, "labels": labels});
    let answer = caller.post(&format!("{PATH}/enrolments"), &body).await?;
    if printer.json {
        return printer.json(&answer);
    }
    let text = |name: &str| answer.get(name).map(crate::print::text).unwrap_or_default();
    writeln!(printer.out, "{}", text("token"))?;
    printer.note(&format!(
        "Good for one Runner until {}. At the customer's site: proofline runner enrol --token …",
        text("expires_at")
    ));
    Ok(())
}

/// The six words: separated by spaces, commas or dashes.
fn typed_words(given: Option<&str>) -> Result<Vec<String>, Failure> {
    let text = match given {
        Some(text) => text.to_owned(),
        None => prompt::line("The six words that the Runner shows", "the six words", "--words")?,
    };
    let split = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let words: Vec<String> = split.map(str::to_lowercase).collect();
    if words.len() == 6 {
        Ok(words)
    } else {
        let why = format!(
            "a Runner shows six words, not {}; read them from the Runner itself",
            words.len()
        );
        Err(Failure::Usage(why))
    }
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("a label is KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_words_are_taken_however_they_are_separated() {
        let words = typed_words(Some("Able, baker-charlie  delta echo\tfox")).unwrap();
        assert_eq!(words, ["able", "baker", "charlie", "delta", "echo", "fox"]);
        assert!(typed_words(Some("one two three four five")).is_err());
        assert!(typed_words(Some("one two three four five six seven")).is_err());
    }

    #[test]
    fn a_label_has_a_key_and_a_value() {
        assert_eq!(label("site=ams=1").unwrap(), ("site".to_owned(), "ams=1".to_owned()));
        assert!(label("site").is_err());
    }
}
