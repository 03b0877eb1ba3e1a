//! The first row of every log: which log it is, and which keys speak for it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Hash,
    epoch::{self, Announced, Beginning},
    intent::{Intent, Party, Source},
    note::VerifierKey,
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
    /// The epoch that it follows, unless it is the first.
    pub previous: Option<&'a Previous>,
}

/// How the epoch before ended: what was signed last of it, and what the database has of it.
///
/// Both are told because they need not agree: an epoch may end because a database was restored from a backup, and then some rows that were signed are
/// lost, or rows stand there that never were signed. Where it ended as planned, they agree.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Previous {
    /// The row that announced this one, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<Announced>,
    /// Its number.
    pub epoch: u64,
    /// The last checkpoint that was signed of it, as signed note.
    pub note: String,
    /// The root of the tree over the rows of it that the database has.
    pub root: Hash,
    /// How many these are.
    pub rows: u64,
}

impl Genesis<'_> {
    /// The intent that becomes row 0.
    pub fn intent(&self) -> Intent {
        let mut data = BTreeMap::from(
            [("hash", json!("sha256")), ("keys", json!(self.keys)), ("origin", json!(self.origin))]
                .map(|(key, value)| (key.to_owned(), value)),
        );
        data.extend(self.previous.map(|previous| ("previous".to_owned(), json!(previous))));
        Intent {
            act: Party { id: self.source.app.clone(), kind: "system".to_owned(), obo: None },
            action: ACTION.to_owned(),
            at: self.at.to_owned(),
            data,
            id: self.id.to_owned(),
            out: "ok".to_owned(),
            pd: BTreeMap::new(),
            reason: None,
            salt: self.salt.to_owned(),
            src: self.source.clone(),
            tenant: self.tenant.to_owned(),
            target: Party { id: self.origin.to_owned(), kind: "log".to_owned(), obo: None },
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

/// How the epoch before ended, if row 0 is that of a later epoch.
pub fn previous_of(row: &Row<'_>) -> Option<Previous> {
    let data: BTreeMap<String, Value> = serde_json::from_str(row.data).ok()?;
    let previous = data.get("previous").filter(|_| row.action == ACTION)?;
    serde_json::from_value(previous.clone()).ok()
}

/// What row 0 of the log `origin` shows, if `row` is that: in a later epoch, a checkpoint of the one before that one of `keys` signed under its name,
/// or that announces this one under a key that one of `keys` is; why not.
///
/// # Errors
/// What the row is instead.
pub fn check(row: &Row<'_>, origin: &str, keys: &[VerifierKey]) -> Result<Beginning, String> {
    match origin_of(row) {
        Some(named) if named == origin => {}
        Some(named) => return Err(format!("the first row of {named}")),
        None => return Err("a row that names no such log".to_owned()),
    }
    match (before(origin), previous_of(row)) {
        (None, _) if says_previous(row) => Err("the first row of a later epoch".to_owned()),
        (None, _) => Ok(Beginning::default()),
        (Some(_), None) => Err("a row that does not say how the epoch before ended".to_owned()),
        (Some((name, epoch)), Some(previous)) if previous.epoch == epoch => {
            let checked = epoch::check(&previous, (row.tenant, origin, &name), keys);
            checked.map_err(|why| format!("an end of {name} that does not count: {why}"))
        }
        (Some((_, epoch)), Some(_)) => Err(format!("a row after another epoch than {epoch}")),
    }
}

/// Whether the row has a member for how the epoch before ended, in whatever form.
fn says_previous(row: &Row<'_>) -> bool {
    let data = serde_json::from_str::<BTreeMap<String, Value>>(row.data);
    data.is_ok_and(|data| data.contains_key("previous"))
}

/// Whether `origin` is the name of an epoch that another came before.
pub(crate) fn is_later(origin: &str) -> bool {
    before(origin).is_some()
}

/// The name of the epoch before and its number: that of `a/1` is `a`, 0; that of `a/2` is `a/1`, 1. None was before `a`.
fn before(origin: &str) -> Option<(String, u64)> {
    let (log, epoch) = later(origin)?;
    let before = epoch - 1;
    let name = if before == 0 { log.to_owned() } else { format!("{log}/{before}") };
    Some((name, before))
}

/// The name of the first epoch and the number of this one, if another came before: those of `a/2` are `a`, 2.
pub(crate) fn later(origin: &str) -> Option<(&str, u64)> {
    let (log, number) = origin.rsplit_once('/')?;
    let epoch = number.parse::<u64>().ok().filter(|epoch| epoch.to_string() == number)?;
    (epoch > 0).then_some((log, epoch))
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::{Hash, checkpoint::Checkpoint, note::Signer, sample};

    /// What is shown of keys where none was announced.
    const NOBODY: Beginning = Beginning { named: Vec::new() };

    #[test]
    fn row_0_names_its_log() {
        let text = sample::genesis().to_text().unwrap();
        let row = Row::seal(&text, 0, &Hash::ZERO, sample::RX).unwrap();
        let row = Row::parse(&row).unwrap();
        assert_eq!(row.prev, "0".repeat(64));
        assert_eq!(origin_of(&row).as_deref(), Some(sample::ORIGIN));
    }

    #[test]
    fn row_0_of_a_later_epoch_names_how_the_one_before_ended() {
        let previous = Previous {
            announced: None,
            epoch: 0,
            note: "example.com/log\n3\nAAA=\n\n— example.com/log AAAA\n".to_owned(),
            root: Hash::of(b"kept"),
            rows: 2,
        };
        let row = |previous: Option<&Previous>| {
            let genesis = Genesis {
                origin: sample::ORIGIN,
                tenant: sample::TENANT,
                keys: &[],
                id: "01JD",
                at: sample::RX,
                salt: &"0".repeat(32),
                source: sample::genesis().src,
                previous,
            };
            let text = genesis.intent().to_text().unwrap();
            Row::seal(&text, 0, &Hash::ZERO, sample::RX).unwrap()
        };
        let later = row(Some(&previous));
        assert_eq!(previous_of(&Row::parse(&later).unwrap()), Some(previous));
        assert_eq!(previous_of(&Row::parse(&row(None)).unwrap()), None);
        let renamed = later.replace("log.genesis", "log.genesix");
        assert_eq!(previous_of(&Row::parse(&renamed).unwrap()), None);
    }

    /// The first row of a log of this name that says of the one before what `previous` says.
    fn begun(origin: &str, previous: Option<&Previous>) -> String {
        let genesis = Genesis {
            origin,
            tenant: sample::TENANT,
            keys: &[],
            id: "01JD",
            at: sample::RX,
            salt: &"0".repeat(32),
            source: sample::genesis().src,
            previous,
        };
        let text = genesis.intent().to_text().unwrap();
        Row::seal(&text, 0, &Hash::ZERO, sample::RX).unwrap()
    }

    /// What a log of this name says of how it ended after three rows, signed by the sample's key under this name.
    fn end(epoch: u64, origin: &str, name: &str) -> Previous {
        let signer = Signer::new(name, SigningKey::from_bytes(&[42; 32])).unwrap();
        let checkpoint =
            Checkpoint { origin: origin.to_owned(), ..sample::checkpoint(&sample::rows(3)) };
        let note = checkpoint.sign(&signer).unwrap();
        Previous { announced: None, epoch, note, root: Hash::of(b"kept"), rows: 2 }
    }

    #[test]
    fn a_later_epoch_begins_with_the_signed_end_of_the_one_before() {
        let keys = sample::policy().log_keys;
        let check = |origin: &str, previous: Option<&Previous>| {
            check(&Row::parse(&begun(origin, previous)).unwrap(), origin, &keys)
        };
        assert_eq!(check("a/log", None), Ok(NOBODY));
        assert_eq!(check("a/log/1", Some(&end(0, "a/log", "a/log"))), Ok(NOBODY));
        assert_eq!(check("a/log/2", Some(&end(1, "a/log/1", "a/log/1"))), Ok(NOBODY));
        assert_eq!(check("a/log/01", None), Ok(NOBODY), "no epoch has this name");
        for (origin, previous) in [
            ("a/log/1", None),
            ("a/log", Some(end(0, "a/log", "a/log"))),
            ("a/log/1", Some(end(0, "b/log", "b/log"))),
            ("a/log/1", Some(end(0, "a/log", "b/log"))),
            ("a/log/1", Some(end(1, "a/log", "a/log"))),
            ("a/log/2", Some(end(1, "a/log", "a/log"))),
            ("a/log/1", Some(Previous { note: "none".to_owned(), ..end(0, "a/log", "a/log") })),
        ] {
            assert!(check(origin, previous.as_ref()).is_err(), "{origin} {previous:?}");
        }
        // Signed by somebody else.
        let previous = end(0, "a/log", "a/log");
        let row = begun("a/log/1", Some(&previous));
        let stranger = VerifierKey::new("x", SigningKey::from_bytes(&[1; 32]).verifying_key());
        let row = Row::parse(&row).unwrap();
        assert!(super::check(&row, "a/log/1", &[stranger.unwrap()]).is_err());
        assert_eq!(super::check(&row, "a/log/1", &[]), Ok(NOBODY));
    }

    /// A member that nobody can read could mean anything to another reader.
    #[test]
    fn the_first_epoch_says_nothing_of_one_before_in_any_form() {
        let row = begun("a/log", None);
        for said in ["null", "{}", "1", "\"a\"", r#"{"epoch":0}"#] {
            let said = row.replace(
                "\"origin\":\"a/log\"",
                &format!("\"origin\":\"a/log\",\"previous\":{said}"),
            );
            assert_ne!(said, row);
            let refused = check(&Row::parse(&said).unwrap(), "a/log", &[]);
            assert_eq!(refused, Err("the first row of a later epoch".to_owned()), "{said}");
        }
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
