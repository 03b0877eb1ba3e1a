//! Intents as they are written, and remarks as they are read.

use chain::{
    genesis,
    instances::{Gap, INCOMPLETE_ACTION},
    intent::{Intent, SignedIntent, VerifiedIntent},
    remark::{FILLED_ACTION, Remark},
};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};

use super::{GapKey, IntentId, Noted, Said};

pub(super) const TENANT: &str = "ten_01jd5x0000e008000000000001";
pub(super) const EVENT_PREFIX: &str = "aud_";

/// The intent that says this, signed by an app's key.
pub(super) fn signed(
    id: IntentId,
    said: &Said,
    known: &[(Said, VerifiedIntent)],
) -> VerifiedIntent {
    let (action, data, src) = members(said, known);
    let party = json!({"id": "model", "kind": "system"});
    let text = json!({
        "act": party, "action": action, "at": time(0), "data": data, "id": format!("{EVENT_PREFIX}{id}"), "out": "ok",
        "salt": "0".repeat(32), "src": src, "t": TENANT, "target": party, "v": 1,
    });
    let key = SigningKey::from_bytes(&[7; 32]);
    let text = Intent::parse(&text.to_string()).unwrap().to_text().unwrap();
    SignedIntent::sign(text, &key).verify(&key.verifying_key()).unwrap()
}

fn members(said: &Said, known: &[(Said, VerifiedIntent)]) -> (&'static str, Value, Value) {
    match said {
        Said::Change { writer, life, number, void, previous, .. } => {
            let mut src = json!({"app": "runs", "inst": format!("{writer}-{life}"), "n": number});
            if !void.is_empty() {
                src["void"] = json!(void);
            }
            if let Some(previous) = previous {
                let text = known[usize::from(*previous)].1.text();
                src["prev"] = json!(chain::Hash::of(text.as_bytes()).to_string());
            }
            ("run.started", json!({}), src)
        }
        Said::Genesis { sealer } => (
            genesis::ACTION,
            json!({}),
            json!({"app": "audit", "inst": format!("sealer-{sealer}-genesis"), "n": 1}),
        ),
        Said::Remark { sealer, remark, size, place } => {
            let src =
                json!({"app": "audit", "inst": format!("sealer-{sealer}-{size}-{place}"), "n": 1});
            match remark {
                Noted::Missing(key) => (INCOMPLETE_ACTION, json!(gap(key).to_data()), src),
                Noted::Came { .. } => (FILLED_ACTION, json!({}), src),
                Noted::Odd(_) => (INCOMPLETE_ACTION, json!({}), src),
            }
        }
    }
}

pub(super) fn gap((instance, from, to): &GapKey) -> Gap {
    Gap { instance: instance.clone(), from: *from, to: *to }
}

pub(super) fn noted(remark: &Remark) -> Noted {
    match remark {
        Remark::Missing(Gap { instance, from, to }) => {
            Noted::Missing((instance.clone(), *from, *to))
        }
        Remark::Late { instance, number, was: "missing" } => {
            Noted::Came { instance: instance.clone(), number: *number }
        }
        Remark::Late { .. } => Noted::Odd("sealed although it is void"),
        Remark::Forked { .. } => Noted::Odd("two histories"),
        Remark::Conflict { .. } => Noted::Odd("other words under an old number"),
    }
}

/// A time of the log, in minutes after midnight.
pub(super) fn time(now: u8) -> String {
    format!("2026-11-21T00:{now:02}:00.000000Z")
}
