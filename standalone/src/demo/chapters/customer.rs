//! The customer: keys of its own, which the control plane sees the public halves of.

use serde_json::{Value, json};

use super::{owner::Owner, serve::Running};
use crate::demo::{
    bench::{Bench, text},
    telling::{DemoError, Doing as _, Telling},
};

/// The customer's public keys, by what they are for.
pub(in crate::demo) struct Customer {
    authority: Value,
    author: Value,
    approver: Value,
}

pub(in crate::demo) async fn prepare(
    bench: &Bench,
    running: &Running,
    owner: &Owner,
    telling: &mut Telling<'_>,
) -> Result<Customer, DemoError> {
    telling.chapter("The customer makes its keys; the control plane gets the public halves");
    let made = bench.runner_ok(&["init"]).await?;
    telling.say(format!("The Runner's signing key (Ed25519): {}", text(&made, "/sign_kid")?));
    // The viewer pins it from here, at the customer's site: one that the control plane gives would prove nothing.
    std::fs::write(bench.path("keys/runner.pub"), made["sign_jwk"].to_string())
        .doing("pinning the Runner's key")?;
    let mut keys = Vec::new();
    for (name, purpose) in [
        ("authority", "authority"),
        ("author", "signer"),
        ("approver", "signer"),
        ("viewer", "viewer"),
        ("unlisted", "viewer"),
    ] {
        let file = bench.path(&format!("keys/{name}"));
        keys.push(bench.runner_ok(&["keys", "new", "--out", &file, "--purpose", purpose]).await?);
    }
    let [authority, author, approver, ..] = keys.try_into().unwrap_or([const { Value::Null }; 5]);
    let signer =
        |key: &Value, role: &str| json!({"kid": key["kid"], "jwk": key["jwk"], "role": role});
    let body = json!({
        "authority": authority["jwk"], "signers": [signer(&author, "author"), signer(&approver, "approver")], "threshold": 2,
    });
    let registered: Value = owner
        .api
        .put("/api/runs/v1/customer-keys", &body)
        .await
        .doing("registering the customer's keys")?;
    telling.say("Registered: the authority that certifies Runners, and two procedure signers of whom both must sign.");
    let files = std::fs::read_dir(bench.out.join(super::serve::FOLDER)).is_ok();
    telling.claim(
        files && registered["threshold"] == 2,
        format!("{} knows the public halves only", running.url),
        registered.to_string(),
    )?;
    Ok(Customer { authority, author, approver })
}

impl Customer {
    /// Where the public half of the authority lies.
    pub(in crate::demo) fn authority_file(&self) -> Result<String, DemoError> {
        text(&self.authority, "/public_file")
    }

    /// Where the seeds of the two signers lie.
    pub(in crate::demo) fn signer_seeds(&self) -> Result<[String; 2], DemoError> {
        Ok([text(&self.author, "/seed_file")?, text(&self.approver, "/seed_file")?])
    }
}
