//! The first row of every log: which log it is, and which keys speak for it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    intent::{Intent, Party, Source},
    row::Row,
};

/// The action of row 0, and of no other row.
pub const ACTION: &str = "log.genesis";

/// What a log says of itself when it begins.
#[derive(Clone, Debug)]
pub struct Genesis<'a> {
    /// The log's name in checkpoints: a URL without scheme, spaces or plus.
    pub origin: &'a str,
    /// Whose log it is.
    pub tenant: &'a str,
    /// The verifier keys of its first checkpoints; informative, since whoever writes row 0 chooses them.
    pub keys: &'a [String],
    /// The event's identifier.
    pub id: &'a str,
    /// When the log was begun.
    pub at: &'a str,
    /// 32 random hexadecimal digits.
    pub salt: &'a str,
    /// The sealer that begins it.
    pub source: Source,
}

impl Genesis<'_> {
    /// The intent that becomes row 0.
    pub fn intent(&self) -> Intent {
        let data =
            [("hash", json!("sha256")), ("keys", json!(self.keys)), ("origin", json!(self.origin))];
        Intent {
            act: Party { id: self.source.app.clone(), kind: "system".to_owned() },
            action: ACTION.to_owned(),
            at: self.at.to_owned(),
            data: data.map(|(key, value)| (key.to_owned(), value)).into(),
            id: self.id.to_owned(),
            out: "ok".to_owned(),
            reason: None,
            salt: self.salt.to_owned(),
            src: self.source.clone(),
            tenant: self.tenant.to_owned(),
            target: Party { id: self.origin.to_owned(), kind: "log".to_owned() },
            version: 1,
        }
    }
}

/// The origin that row 0 names, if it is a genesis row of a log hashed with SHA-256.
pub fn origin_of(row: &Row<'_>) -> Option<String> {
    let data: BTreeMap<String, Value> = serde_json::from_str(row.data).ok()?;
    let says = |key| data.get(key).and_then(Value::as_str);
    if row.action != ACTION || says("hash") != Some("sha256") {
        return None;
    }
    says("origin").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hash, sample};

    #[test]
    fn row_0_names_its_log() {
        let text = sample::genesis().to_text().unwrap();
        let row = Row::seal(&text, 0, &Hash::ZERO, sample::RX).unwrap();
        let row = Row::parse(&row).unwrap();
        assert_eq!(row.prev, "0".repeat(64));
        assert_eq!(origin_of(&row).as_deref(), Some(sample::ORIGIN));
    }

    #[test]
    fn another_action_or_hash_is_no_genesis() {
        let text = sample::genesis().to_text().unwrap();
        let row = Row::seal(&text, 0, &Hash::ZERO, sample::RX).unwrap();
        for (from, to) in [
            ("log.genesis", "log.genesix"),
            ("\"sha256\"", "\"sha1\""),
            ("\"origin\"", "\"origim\""),
        ] {
            let edited = row.replace(from, to);
            let edited = serde_json_canonicalizer::pipe(&edited).unwrap();
            assert_eq!(origin_of(&Row::parse(&edited).unwrap()), None, "{from}");
        }
    }
}
