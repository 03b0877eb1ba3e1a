//! `proofline password` and `proofline backup-codes`: what one signs in with.

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::rows;
use crate::{
    call::{CallArgs, Caller},
    failure::Failure,
    print::{Printer, text},
    prompt,
};

/// Choosing another password.
#[derive(Args, Clone, Debug)]
pub struct PasswordArgs {
    /// Read the current password and then the new one from standard input, one line each
    #[arg(long)]
    stdin: bool,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

/// New backup codes.
#[derive(Args, Clone, Debug)]
pub struct BackupCodesArgs {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

/// Every device is signed out by it, this one included.
pub(crate) async fn password(
    args: &PasswordArgs,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let mut caller = Caller::open(&args.call).await?;
    let current = ask(args, "Current password")?;
    let new = ask(args, "New password (12 to 128 characters)")?;
    if !args.stdin && ask(args, "The same password again")?.expose_secret() != new.expose_secret() {
        return Err(Failure::Usage("the two passwords differ; nothing was done".to_owned()));
    }
    let (current, new) = (current.expose_secret(), new.expose_secret());
    let body = json!({"current_password": current, "new_password": new});
    let answer = caller.post("/api/auth/v1/me/password", &body).await?;
    caller.forget()?;
    if printer.json {
        return printer.json(&answer);
    }
    printer.say(
        "Your password is changed, and every device is signed out. Sign in again: proofline login",
    )
}

fn ask(args: &PasswordArgs, question: &str) -> Result<SecretString, Failure> {
    if args.stdin {
        prompt::piped("both passwords")
    } else {
        prompt::secret(question, "your password", "--stdin")
    }
}

/// The codes before are void.
pub(crate) async fn backup_codes(
    args: &BackupCodesArgs,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let mut caller = Caller::open(&args.call).await?;
    let question = "The codes that you have become void. Make new ones?";
    if !args.yes && !prompt::confirm(question, "--yes")? {
        return printer.say("Nothing was done.");
    }
    let answer = caller.post("/api/auth/v1/me/backup-codes", &json!({})).await?;
    if printer.json {
        return printer.json(&answer);
    }
    for code in rows(&answer, "backup_codes") {
        printer.say(&text(code))?;
    }
    printer.note("They are shown this once; each opens your account once, in place of your app. Keep them where the app is not.");
    Ok(())
}
