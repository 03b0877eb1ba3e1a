//! `proofline second-factor`: another authenticator app in place of the one that counts.

use clap::Args;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::{
    call::{CallArgs, Caller},
    failure::Failure,
    print::Printer,
    prompt,
    sign_in::enrol,
};

/// Another authenticator app.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
It takes the app that counts now, or one of your backup codes: sign in with that first. Are both lost? `proofline login --lost-factor`.")]
pub struct SecondFactorArgs {
    /// Read the first code of the new app from standard input
    #[arg(long)]
    stdin: bool,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

/// Every device is signed out by it, this one included.
pub(crate) async fn second_factor(
    args: &SecondFactorArgs,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    const WHAT: &str = "the first code of the new app";
    let mut caller = Caller::open(&args.call).await?;
    let offer = caller.post("/api/auth/v1/me/totp/next", &json!({})).await?;
    enrol::show(&offer, printer)?;
    let code = if args.stdin {
        prompt::piped(WHAT)?.expose_secret().to_owned()
    } else {
        prompt::line("First code of the new app", WHAT, "--stdin")?
    };
    let answer = caller.post("/api/auth/v1/me/totp/next/confirm", &json!({"code": code})).await?;
    caller.forget()?;
    if printer.json {
        return printer.json(&answer);
    }
    printer.say("The new app counts, the old one no more, and every device is signed out. Sign in again: proofline login")
}
