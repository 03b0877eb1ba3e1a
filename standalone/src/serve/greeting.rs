//! What whoever starts the host reads: where it listens, and what to do next.

use std::io::{self, Write as _};

use secrecy::ExposeSecret as _;
use serde_json::json;

use super::{Serving, bootstrap::Invited};

/// Greets as JSON on stdout, or in words: on stdout, or on stderr when stdout holds log lines. A closed pipe changes nothing.
pub(crate) fn greet(serving: &Serving, json: bool, stdout_is_log: bool) {
    if json {
        let token = serving.invited.as_ref().map(|invited| invited.token.expose_secret());
        let mut line = json!({"url": serving.url, "data": serving.data});
        if let (Some(token), Some(members)) = (token, line.as_object_mut()) {
            members.insert("invitation".to_owned(), token.into());
        }
        say(&format!("{line}\n"), false);
        return;
    }
    say(&words(serving), stdout_is_log);
}

fn say(text: &str, to_stderr: bool) {
    if to_stderr {
        io::stderr().lock().write_all(text.as_bytes()).ok();
    } else {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).ok();
    }
}

fn words(serving: &Serving) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let (url, data, apps) = (&serving.url, serving.data.display(), serving.apps.join(", "));
    let mut text = format!(
        "Proofline {version} answers on {url}\n  apps  {apps}\n  data  {data} (keep it private: it holds every key)\n"
    );
    if let Some(invited) = &serving.invited {
        text.push_str(&invitation(url, invited));
    }
    text.push_str("End it with Ctrl-C.\n");
    text
}

fn invitation(url: &str, invited: &Invited) -> String {
    let (token, name) = (invited.token.expose_secret(), &invited.tenant_name);
    format!(
        "\nThere is no account yet. This invitation makes the first owner of \"{name}\"; it works once, for 24 hours, and is shown once:\n\n  \
         {token}\n\nRedeem it with an address and a password of your own:\n\n  \
         curl -sS {url}/api/auth/v1/invitations/redeem -H 'content-type: application/json' \\\n    \
         -d '{{\"token\":\"{token}\",\"email\":\"you@example.com\",\"display_name\":\"You\",\"password\":\"…\"}}'\n\n\
         Lost it before it was used? Stop, remove the data folder, start again: nothing is in it yet.\n\n"
    )
}
