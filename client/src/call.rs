//! Calling as somebody: with a session that is refreshed and stepped up as needed, or with a personal access token.

use std::path::PathBuf;

use clap::Args;
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::{
    Api,
    failure::Failure,
    kept_session::{KeptSession, SessionFile},
    prompt,
};

/// An access token with less than this left is refreshed first, in seconds.
const MARGIN_S: i64 = 30;

/// Where, as whom, and how answers are printed.
#[derive(Args, Clone, Debug)]
pub struct CallArgs {
    /// The control plane, such as `http://127.0.0.1:7071`; by default the one that you signed in to
    #[arg(long, global = true, env = "PROOFLINE_URL")]
    pub(crate) url: Option<String>,
    /// Print the answer as JSON; what went wrong goes to stderr as JSON too
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The code of your second factor, when it is asked for
    #[arg(long, global = true, value_name = "DIGITS")]
    pub(crate) code: Option<String>,
    /// The file that keeps your session between commands; by default in your configuration folder
    #[arg(long, global = true, value_name = "FILE", env = "PROOFLINE_SESSION")]
    pub(crate) session: Option<PathBuf>,
    /// A personal access token, instead of a session. Only by environment: others can see a command line
    #[arg(
        long = "token-of-environment",
        hide = true,
        env = "PROOFLINE_TOKEN",
        hide_env_values = true
    )]
    pub(crate) token: Option<SecretString>,
    #[arg(long, global = true, hide = true, env = "XDG_CONFIG_HOME")]
    config_home: Option<PathBuf>,
    #[arg(long, global = true, hide = true, env = "HOME")]
    home: Option<PathBuf>,
}

impl CallArgs {
    /// Where the session is kept.
    pub(crate) fn session_path(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.session {
            return Ok(path.clone());
        }
        let home = || self.home.as_ref().map(|home| home.join(".config"));
        let folder = self.config_home.clone().or_else(home).ok_or(Failure::NoHome)?;
        Ok(folder.join("proofline").join("session.json"))
    }
}

/// Somebody who calls.
pub(crate) struct Caller {
    api: Api,
    code: Option<String>,
    held: Held,
}

enum Held {
    /// A personal access token, which is neither refreshed nor stepped up.
    Token,
    /// A session of this machine. Its file is taken only while tokens change, so that one command does not hold up another.
    Session { path: PathBuf, session: KeptSession },
}

impl Caller {
    /// Whoever the arguments say: the personal access token of the environment, or the session of this machine.
    pub(crate) async fn open(args: &CallArgs) -> Result<Self, Failure> {
        if let Some(token) = &args.token {
            let url = args.url.as_deref().ok_or(Failure::NoUrl)?;
            let api = Api::new(url)?.with_token(token.expose_secret());
            return Ok(Self { api, code: None, held: Held::Token });
        }
        let path = args.session_path()?;
        let session = SessionFile::take(&path)?.read()?.ok_or(Failure::SignedOut)?;
        if args.url.as_ref().is_some_and(|url| url.trim_end_matches('/') != session.url) {
            let text =
                format!("you are signed in to {}; sign in to the other one first", session.url);
            return Err(Failure::Usage(text));
        }
        let api = Api::new(&session.url)?.with_token(&session.access_token);
        let held = Held::Session { path, session };
        let mut caller = Self { api, code: args.code.clone(), held };
        caller.refresh_if_stale().await?;
        Ok(caller)
    }

    /// The API, as this caller.
    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// The session of this machine, if that is what calls.
    pub(crate) fn session(&self) -> Option<&KeptSession> {
        match &self.held {
            Held::Token => None,
            Held::Session { session, .. } => Some(session),
        }
    }

    /// Forgets the session.
    pub(crate) fn forget(&self) -> Result<(), Failure> {
        match &self.held {
            Held::Token => Ok(()),
            Held::Session { path, .. } => SessionFile::take(path)?.remove(),
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Value, Failure> {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Calls; when the second factor is wanted again, asks for it and calls once more (RFC 9470).
    pub(crate) async fn call(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let refused = match self.api.exchange(method.clone(), path, body).await {
            Err(error) if error.code() == Some("step-up-required") => error,
            answered => return Ok(answered?),
        };
        if matches!(self.held, Held::Token) {
            return Err(refused.into());
        }
        self.step_up().await?;
        Ok(self.api.exchange(method, path, body).await?)
    }

    /// Shows the second factor again.
    pub(crate) async fn step_up(&mut self) -> Result<(), Failure> {
        let code = match self.code.take() {
            Some(code) => code,
            None => prompt::line(
                "Code of your second factor",
                "the code of your second factor",
                "--code",
            )?,
        };
        let body = json!({"code": code});
        let fresh = self.api.exchange(Method::POST, "/api/auth/v1/step-up", Some(&body)).await?;
        let Held::Session { path, session } = &mut self.held else {
            let why = "a personal access token shows no second factor; sign in";
            return Err(Failure::Usage(why.to_owned()));
        };
        take_over(session, &fresh)?;
        SessionFile::take(path)?.write(session)?;
        self.api = self.api.with_token(&session.access_token);
        Ok(())
    }

    /// A refresh token is good for one use: whoever has the file refreshes, and the others find the fresh tokens there.
    async fn refresh_if_stale(&mut self) -> Result<(), Failure> {
        let Held::Session { path, session } = &mut self.held else { return Ok(()) };
        if is_fresh(session) {
            return Ok(());
        }
        let file = SessionFile::take(path)?;
        *session = file.read()?.ok_or(Failure::SignedOut)?;
        if !is_fresh(session) {
            let body = json!({"refresh_token": session.refresh_token});
            let answer = Api::new(&session.url)?
                .exchange(Method::POST, "/api/auth/v1/tokens/refresh", Some(&body))
                .await;
            let fresh = match answer {
                Err(error) if error.code() == Some("refresh-invalid") => return Err(Failure::Over),
                answered => answered?,
            };
            take_over(session, &fresh)?;
            file.write(session)?;
        }
        self.api = self.api.with_token(&session.access_token);
        Ok(())
    }
}

fn is_fresh(session: &KeptSession) -> bool {
    session.access_until - MARGIN_S > now_s()
}

/// Takes over the tokens of an answer.
pub(crate) fn take_over(session: &mut KeptSession, answer: &Value) -> Result<(), Failure> {
    let text = |name: &'static str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
    session.access_token = text("access_token").ok_or(Failure::Answer("access_token"))?;
    let lasts = answer.get("expires_in").and_then(Value::as_i64);
    session.access_until = now_s() + lasts.ok_or(Failure::Answer("expires_in"))?;
    if let Some(refresh) = text("refresh_token") {
        session.refresh_token = refresh;
    }
    if let Some(id) = text("session") {
        session.session = id;
    }
    Ok(())
}

fn now_s() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a command line has no Clock: it asks whether its own token is about to end"
    )]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
