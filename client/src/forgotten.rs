//! `proofline forgot-password`: a letter is asked for, and with its link another password is chosen. Signing in is a step of its own, with the
//! second factor.

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::{
    Api,
    call::CallArgs,
    failure::Failure,
    link,
    print::{Printer, text},
    prompt,
    sign_in::URL_BY_DEFAULT,
};

/// A forgotten password.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
  proofline forgot-password --email YOU          asks for a letter with a link, which counts for a quarter of an hour
  proofline forgot-password --link LINK          chooses another password with that link
  proofline login                                signs in with it, and with your second factor
Is the second factor lost, too? `proofline login --lost-factor` asks for a new one, with the new password.")]
pub struct ForgottenArgs {
    /// Your e-mail address; asked for by default
    #[arg(long, conflicts_with = "link")]
    email: Option<String>,
    /// The link of the letter, or its token: choose another password
    #[arg(long, value_name = "LINK", env = "PROOFLINE_RESET", hide_env_values = true)]
    link: Option<SecretString>,
    /// Read the new password from standard input, one line
    #[arg(long, requires = "link")]
    stdin: bool,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

pub(crate) async fn forgotten(
    args: &ForgottenArgs,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let api = Api::new(args.call.url.as_deref().unwrap_or(URL_BY_DEFAULT))?;
    match &args.link {
        Some(link) => choose(args, &api, link, printer).await,
        None => ask(args, &api, printer).await,
    }
}

/// The answer is the same whether the address has an account or not.
async fn ask(args: &ForgottenArgs, api: &Api, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let email = match &args.email {
        Some(email) => email.clone(),
        None => prompt::line("E-mail address", "your e-mail address", "--email")?,
    };
    let answer: Value = api.post("/api/auth/v1/password-resets", &json!({"email": email})).await?;
    if printer.json {
        return printer.json(&answer);
    }
    let said = answer.get("letter").map(text).unwrap_or_default();
    printer.say(&format!("{said}. Then: proofline forgot-password --link LINK"))
}

async fn choose(
    args: &ForgottenArgs,
    api: &Api,
    link: &SecretString,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let password = if args.stdin {
        prompt::piped("the new password")?
    } else {
        prompt::new_password("--stdin")?
    };
    let body = json!({"token": link::token(link), "password": password.expose_secret()});
    let answer: Value = api.post("/api/auth/v1/password-resets/redeem", &body).await?;
    if printer.json {
        return printer.json(&answer);
    }
    printer.say(
        "Your password is changed, and every device is signed out. Sign in with it: proofline login",
    )
}
