//! One's own account: who am I, the second factor again, signing out, and the devices that are signed in.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    ApiError,
    call::{CallArgs, Caller},
    failure::Failure,
    kept_session::SessionFile,
    nouns::rows,
    print::{Column, Printer, text},
};

const ME: [Column; 7] = [
    ("User", "/display_name"),
    ("Address", "/email"),
    ("Identifier", "/user"),
    ("Roles", "/roles"),
    ("Tenant", "/tenant_name"),
    ("Plan", "/plan"),
    ("Second factor", "/authenticated_at"),
];

const DEVICES: [Column; 5] = [
    ("SESSION", "/session"),
    ("DEVICE", "/device"),
    ("SINCE", "/created_at"),
    ("LAST SEEN", "/refreshed_at"),
    ("THIS ONE", "/current"),
];

/// Your devices.
#[derive(Args, Clone, Debug)]
pub struct SessionsArgs {
    #[command(subcommand)]
    what: Option<SessionsCommand>,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

#[derive(Clone, Debug, Subcommand)]
enum SessionsCommand {
    /// The devices that you are signed in on, newest first
    List,
    /// Sign a device out; its tokens no longer count
    Revoke {
        /// Which, as in the list
        session: String,
    },
    /// Sign every device but this one out
    RevokeOthers,
    /// Sign every device out, this one included; your personal access tokens end, too
    RevokeAll,
}

pub(crate) async fn whoami(args: &CallArgs, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let me = Caller::open(args).await?.get("/api/auth/v1/me").await?;
    printer.record(&me, &ME)?;
    note_risks(&me, printer);
    Ok(())
}

/// What would leave a person outside one day, and what to do about it now.
pub(crate) fn note_risks(me: &Value, printer: &mut Printer<'_>) {
    let is = |pointer: &str| me.pointer(pointer) == Some(&Value::Bool(true));
    if is("/backup_codes_low") {
        let left = me.pointer("/backup_codes_left").map(text).unwrap_or_default();
        printer.note(&format!(
            "You have {left} backup codes left. Make new ones: proofline backup-codes"
        ));
    }
    if is("/only_administrator") {
        printer.note("Nobody else here can let somebody set up a new second factor. If you lose yours and your backup codes, two operators of the service have to agree, and it takes three days. Invite another administrator: proofline invitations send ADDRESS --role admin");
    }
}

pub(crate) async fn step_up(args: &CallArgs, printer: &mut Printer<'_>) -> Result<(), Failure> {
    Caller::open(args).await?.step_up().await?;
    printer.say("Your second factor counts for five minutes.")
}

/// Revokes the session where it is kept, then forgets it here. A session that is over already is forgotten all the same, and one whose tokens
/// others may have read is the first to be ended.
pub(crate) async fn logout(args: &CallArgs, printer: &mut Printer<'_>) -> Result<(), Failure> {
    if args.token.is_some() {
        return Err(Failure::Usage(TOKEN_IS_SET.to_owned()));
    }
    let path = args.session_path()?;
    SessionFile::take(&path)?.reclaim()?;
    let ended = end(args).await;
    if ended.as_ref().is_err_and(|failure| !is_over(failure)) {
        return ended;
    }
    SessionFile::take(&path)?.remove()?;
    printer.say(match ended {
        Ok(()) => "Signed out.",
        Err(_) => "The session was over already; it is forgotten here.",
    })
}

const TOKEN_IS_SET: &str = "PROOFLINE_TOKEN is set, and a personal access token has no session to end; unset it to sign out, or end the token: proofline tokens revoke TOKEN";

/// Revokes the session of this machine.
async fn end(args: &CallArgs) -> Result<(), Failure> {
    let mut caller = Caller::open(args).await?;
    let session = caller.session().map(|session| session.session.clone());
    revoke(&mut caller, &session.ok_or(Failure::SignedOut)?).await.map(|_| ())
}

/// Whether there is nothing left to be revoked: it could not be refreshed, or its fresh access token counts no more.
fn is_over(failure: &Failure) -> bool {
    let is_refused = |error: &ApiError| error.code() == Some("unauthenticated");
    matches!(failure, Failure::Over) || matches!(failure, Failure::Api(error) if is_refused(error))
}

pub(crate) async fn sessions(
    args: &SessionsArgs,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let mut caller = Caller::open(&args.call).await?;
    match args.what.clone().unwrap_or(SessionsCommand::List) {
        SessionsCommand::List => {
            let answer = caller.get("/api/auth/v1/sessions").await?;
            printer.list(rows(&answer, "sessions"), &DEVICES, "No device is signed in.")
        }
        SessionsCommand::Revoke { session } => {
            let answer = revoke(&mut caller, &session).await?;
            printer.record(&answer, &[("Session", "/session"), ("State", "/state")])
        }
        SessionsCommand::RevokeOthers => {
            let path = "/api/auth/v1/sessions/revoke-others";
            let answer = caller.post(path, &json!({})).await?;
            printer.record(&answer, &[("Signed out", "/revoked")])
        }
        SessionsCommand::RevokeAll => {
            let answer = caller.call(Method::DELETE, "/api/auth/v1/sessions", None).await?;
            caller.forget()?;
            if printer.json {
                return printer.json(&answer);
            }
            printer.say(
                "Every device is signed out, this one included. Sign in again: proofline login",
            )
        }
    }
}

async fn revoke(caller: &mut Caller, session: &str) -> Result<Value, Failure> {
    caller.call(Method::DELETE, &format!("/api/auth/v1/sessions/{session}"), None).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Problem;

    #[test]
    fn a_session_that_was_ended_elsewhere_is_over_and_a_step_up_is_not() {
        let refused = |code: &str| {
            let (code, detail, instance) = (code.to_owned(), None, None);
            Failure::Api(ApiError::Refused(Problem { status: 401, code, detail, instance }))
        };
        assert!(is_over(&Failure::Over) && is_over(&refused("unauthenticated")));
        assert!(!is_over(&refused("step-up-required")) && !is_over(&Failure::SignedOut));
    }
}
