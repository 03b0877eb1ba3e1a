//! What whoever starts the host reads: where it listens, and what to do next.

use std::{
    io::{self, Write as _},
    path::Path,
};

use secrecy::ExposeSecret as _;
use serde_json::json;

use super::bootstrap::Invited;

/// What there is to say.
pub(crate) struct Greeting<'a> {
    /// Where it listens.
    pub(crate) url: &'a str,
    /// The folder of everything that is stored.
    pub(crate) data: &'a Path,
    /// What is hosted: apps or packages.
    pub(crate) kind: &'static str,
    /// Which.
    pub(crate) names: Vec<&'a str>,
    /// The first owner's invitation, while nobody was told of it.
    pub(crate) invited: Option<&'a Invited>,
}

impl Greeting<'_> {
    /// Greets as JSON on stdout, or in words: on stdout, or on stderr when stdout holds log lines. A closed pipe changes nothing.
    pub(crate) fn say(&self, json: bool, stdout_is_log: bool) {
        if json {
            say(&format!("{}\n", self.json()), false);
        } else {
            say(&self.words(), stdout_is_log);
        }
    }

    fn json(&self) -> serde_json::Value {
        let mut line = json!({"url": self.url, "data": self.data});
        if let Some(members) = line.as_object_mut() {
            members.insert(self.kind.to_owned(), self.names.clone().into());
            let token = self.invited.map(|invited| invited.token.expose_secret());
            members.extend(token.map(|token| ("invitation".to_owned(), token.into())));
        }
        line
    }

    fn words(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let Self { url, kind, .. } = self;
        let (names, data) = (self.names.join(", "), self.data.display());
        let mut text = format!(
            "Proofline {version} answers on {url}\n  {kind:<8}  {names}\n  data      {data} (keep it private: it holds every key)\n"
        );
        if let Some(invited) = self.invited {
            text.push_str(&invitation(url, invited));
        }
        text.push_str("End it with Ctrl-C.\n");
        text
    }
}

fn say(text: &str, to_stderr: bool) {
    if to_stderr {
        io::stderr().lock().write_all(text.as_bytes()).ok();
    } else {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).ok();
    }
}

fn invitation(url: &str, invited: &Invited) -> String {
    let (token, name) = (invited.token.expose_secret(), &invited.tenant_name);
    format!(
        "\nThere is no account yet. This invitation makes the first owner of \"{name}\"; it works once, for 24 hours, and is shown once:\n\n  \
         {token}\n\nRedeem it with an address and a password of your own, in another terminal:\n\n  \
         PROOFLINE_INVITATION={token} \\\n    proofline login --url {url}\n\n\
         Lost it before it was used? Stop, remove the data folder, start again: nothing is in it yet.\n\n"
    )
}
