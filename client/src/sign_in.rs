//! `proofline login`: password, second factor, and a session that is kept on this machine.

pub(crate) mod enrol;

use clap::Args;
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::{
    Api, account,
    call::{CallArgs, take_over},
    failure::Failure,
    kept_session::{KeptSession, SessionFile},
    link,
    print::{Printer, text},
    prompt,
};

/// Where `proofline` serves by itself.
pub(crate) const URL_BY_DEFAULT: &str = "http://127.0.0.1:7071";

/// Sign in on this machine; with an invitation, make your account first.
///
/// The session is kept in one file that only you can read, refreshed as needed, and ends after seven days.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
  proofline login                            password, and the code of your app or one of your backup codes
  proofline login --invitation LINK          the first time: choose a password, set up an app
  proofline login --lost-factor              your app and your backup codes are lost: ask for a new second factor
  proofline login --recovery LINK            the letter is there: set up the new app
  proofline forgot-password                  your password is lost")]
pub struct LoginArgs {
    /// Your e-mail address; asked for by default
    #[arg(long)]
    email: Option<String>,
    /// Redeem this invitation, a link or its token: choose a password and enrol a second factor
    #[arg(long, value_name = "LINK", env = "PROOFLINE_INVITATION", hide_env_values = true)]
    invitation: Option<SecretString>,
    /// What to call you, with an invitation
    #[arg(long, requires = "invitation")]
    name: Option<String>,
    /// Set up a new second factor with the link of the letter, or its token, and your password; the old one counts no more
    #[arg(long, value_name = "LINK", env = "PROOFLINE_RECOVERY", hide_env_values = true, conflicts_with_all = ["invitation", "email"])]
    recovery: Option<SecretString>,
    /// Say that your second factor and your backup codes are lost: with your password, ask to be let set up a new one
    #[arg(long, conflicts_with_all = ["invitation", "recovery"])]
    lost_factor: bool,
    /// Take what would be asked for from standard input, one line each: the password, then the code
    #[arg(long)]
    stdin: bool,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

pub(crate) async fn login(args: &LoginArgs, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let url = args.call.url.as_deref().unwrap_or(URL_BY_DEFAULT).trim_end_matches('/');
    let api = Api::new(url)?;
    let begun = begin(args, &api).await?;
    if args.lost_factor {
        return report_loss(&api, &begun, printer).await;
    }
    let tokens = match begun.pointer("/enrolment_token").and_then(Value::as_str) {
        Some(token) => enrol::enrol(args, &api.with_token(token), printer).await?,
        None => verify(args, &api, &begun).await?,
    };
    let session = keep(&args.call, url, &tokens)?;
    let me = api.with_token(&session.access_token).get::<Value>("/api/auth/v1/me").await?;
    if printer.json {
        return printer.json(&me);
    }
    let member = |pointer: &str| me.pointer(pointer).map(text).unwrap_or_default();
    printer.say(&format!(
        "Signed in to {url} as {}, {} of {}.",
        member("/email"),
        member("/roles"),
        member("/tenant_name")
    ))?;
    account::note_risks(&me, printer);
    Ok(())
}

async fn begin(args: &LoginArgs, api: &Api) -> Result<Value, Failure> {
    if let Some(recovery) = &args.recovery {
        let password = password(args, "Password")?;
        let body = json!({"token": link::token(recovery), "password": password.expose_secret()});
        return Ok(api.post("/api/auth/v1/recoveries/redeem", &body).await?);
    }
    let email = match &args.email {
        Some(email) => email.clone(),
        None => prompt::line("E-mail address", "your e-mail address", "--email")?,
    };
    let Some(invitation) = &args.invitation else {
        let password = password(args, "Password")?;
        let body = json!({"email": email, "password": password.expose_secret()});
        return Ok(api.post("/api/auth/v1/logins", &body).await?);
    };
    let name = match &args.name {
        Some(name) => name.clone(),
        None => prompt::line("What to call you", "a name to call you by", "--name")?,
    };
    let password =
        if args.stdin { prompt::piped("the password")? } else { prompt::new_password("--stdin")? };
    let token = link::token(invitation);
    let body = json!({
        "token": token, "email": email, "display_name": name, "password": password.expose_secret(),
    });
    Ok(api.post("/api/auth/v1/invitations/redeem", &body).await?)
}

fn password(args: &LoginArgs, question: &str) -> Result<SecretString, Failure> {
    if args.stdin {
        prompt::piped("the password")
    } else {
        prompt::secret(question, "your password", "--stdin")
    }
}

async fn verify(args: &LoginArgs, api: &Api, begun: &Value) -> Result<Value, Failure> {
    let login = login_of(begun)?;
    let code = code(args)?;
    let factor = if is_backup_code(&code) { "backup-code" } else { "totp" };
    let path = format!("/api/auth/v1/logins/{login}/{factor}");
    Ok(api.exchange(Method::POST, &path, Some(&json!({"code": code}))).await?)
}

fn login_of(begun: &Value) -> Result<&str, Failure> {
    begun.pointer("/login").and_then(Value::as_str).ok_or(Failure::Answer("login"))
}

/// A backup code is written in groups, `NN-XXXX-XXXX-XXXX-XXXX`; a code of an app has digits alone.
fn is_backup_code(code: &str) -> bool {
    code.contains('-')
}

/// Whoever showed the password says that the second factor is lost. Nobody is signed in by it.
async fn report_loss(api: &Api, begun: &Value, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let path = format!("/api/auth/v1/logins/{}/recovery", login_of(begun)?);
    let asked = api.exchange(Method::POST, &path, Some(&json!({}))).await?;
    if printer.json {
        return printer.json(&asked);
    }
    let recovery = asked.get("recovery").map(text).unwrap_or_default();
    let next = match asked.get("decided_by").and_then(Value::as_str) {
        Some("operators") => {
            "Nobody else of your tenant can approve it. Tell the operators of the service: two of them have to agree, and the link in your letter counts three days later."
        }
        Some(_) | None => {
            "Tell an administrator of your tenant: `proofline recoveries approve` sends you a letter with a link."
        }
    };
    printer.say(&format!(
        "You asked for a new second factor; the request is {recovery}.\n{next}\nThen: proofline login --recovery LINK"
    ))
}

fn code(args: &LoginArgs) -> Result<String, Failure> {
    const WHAT: &str = "the code of your second factor";
    match &args.call.code {
        Some(code) => Ok(code.clone()),
        None if args.stdin => Ok(prompt::piped(WHAT)?.expose_secret().to_owned()),
        None => prompt::line("Code of your second factor", WHAT, "--code"),
    }
}

fn keep(args: &CallArgs, url: &str, tokens: &Value) -> Result<KeptSession, Failure> {
    let mut session = KeptSession {
        url: url.to_owned(),
        session: String::new(),
        access_token: String::new(),
        access_until: 0,
        refresh_token: String::new(),
    };
    take_over(&mut session, tokens)?;
    SessionFile::take(&args.session_path()?)?.write(&session)?;
    Ok(session)
}
