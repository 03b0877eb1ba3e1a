//! A log that nobody appended to through the system: rows of any number in an instant, for what is tried on files.
//!
//! The keys are constants: nobody may trust such a log.

use std::collections::BTreeMap;

use chain::{
    Hash,
    bundle::{Draft, Export},
    checkpoint::Checkpoint,
    container,
    cosignature::Witness,
    disclosure::commitment,
    manifest::{File, Manifest},
    note::Signer,
    policy::{Policy, Tier},
    row::Row,
    tile::{self, Content, Levels},
    tree::leaf_hash,
};
use ed25519_dalek::SigningKey;
use serde_json::Value;

/// When its rows were sealed.
pub const SEALED_AT: &str = "2026-11-21T00:00:00.210000Z";

/// The personal detail to which every seventh row commits.
pub const PD_FIELD: &str = "ip";
/// What it is.
pub const PD_VALUE: &str = "203.0.113.7";
/// What hides it.
pub const PD_SALT: [u8; 32] = [7; 32];

/// Files of an export by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Whose log it is, and the keys that sign for it.
pub struct MadeLog {
    /// The tenant.
    pub tenant: String,
    /// The log's name in its checkpoints.
    pub origin: String,
    /// Signs its checkpoints.
    pub signer: Signer,
    /// Signs the manifests of its exports, and nothing else.
    pub exporter: Signer,
}

impl MadeLog {
    /// The log of the `number`th tenant; all tenants of a deployment have the same keys, under their own names.
    pub fn new(number: u8) -> Self {
        Self::with_key(number, 42)
    }

    /// The same log, signed by somebody else's key.
    pub fn with_key(number: u8, key: u8) -> Self {
        let tenant = format!("ten_01jd5x0000e0080000000000{number:02}");
        let origin = format!("audit.example.com/log/{tenant}");
        let signer = Signer::new(&origin, SigningKey::from_bytes(&[key; 32])).unwrap();
        let export = format!("{origin}/export");
        let exporter = Signer::new(&export, SigningKey::from_bytes(&[43; 32])).unwrap();
        Self { tenant, origin, signer, exporter }
    }

    /// What its reader pinned by another way than the export.
    pub fn policy(&self, tier: Tier) -> Policy {
        let (log, export) = (self.signer.verifier_key(), self.exporter.verifier_key());
        let text = format!("origin {}\nlog {log}\nexport {export}\ntier {tier}\n", self.origin);
        text.parse().unwrap()
    }

    /// And the witness, and the head that it saw last.
    pub fn witnessed_policy(&self, seen: &[String]) -> Policy {
        let (size, root) = (seen.len(), root(seen));
        let pinned = format!("witness w {}\nquorum w\nseen {size} {root}\n", witness().public());
        format!("{}{pinned}", self.policy(Tier::Witnessed)).parse().unwrap()
    }

    /// Its first `count` rows: the genesis, then changes of roles.
    pub fn rows(&self, count: u64) -> Vec<String> {
        seal((0..count).map(|number| self.intent(number)))
    }

    /// The intent of row `number`, at that time of the day in seconds.
    pub fn intent(&self, number: u64) -> String {
        let Self { tenant, origin, .. } = self;
        let (hour, minute, second) = (number / 3600 % 24, number / 60 % 60, number % 60);
        let at = format!("2026-11-20T{hour:02}:{minute:02}:{second:02}.001234Z");
        let (id, salt) = (format!("aud_{number:026}"), format!("b1946ac92492d2347c62{number:012}"));
        let key = self.signer.verifier_key();
        if number == 0 {
            return format!(
                r#"{{"act":{{"id":"audit","kind":"system"}},"action":"log.genesis","at":"{at}","data":{{"hash":"sha256","keys":["{key}"],"origin":"{origin}"}},"id":"{id}","out":"ok","salt":"{salt}","src":{{"app":"audit","inst":"c41d","n":1}},"t":"{tenant}","target":{{"id":"{origin}","kind":"log"}},"v":1}}"#
            );
        }
        let pd = if number.is_multiple_of(7) {
            format!(r#""pd":{{"ip":"{}"}},"#, commitment(&PD_SALT, PD_FIELD, PD_VALUE))
        } else {
            String::new()
        };
        format!(
            r#"{{"act":{{"id":"usr_01jd5x0000e008000000000002","kind":"user"}},"action":"role.changed","at":"{at}","data":{{"new":"ADMIN","old":"REVIEWER"}},"id":"{id}","out":"ok",{pd}"reason":"ticket 4711","salt":"{salt}","src":{{"app":"auth","inst":"7f9c","n":{number}}},"t":"{tenant}","target":{{"id":"usr_01jd5x0000e008000000000003","kind":"user"}},"v":1}}"#
        )
    }

    /// The intent of row `number` with another action and other details.
    pub fn acted(&self, number: u64, action: &str, data: &Value) -> String {
        let mut intent: Value = serde_json::from_str(&self.intent(number)).unwrap();
        (intent["action"], intent["data"]) = (action.into(), data.clone());
        intent.to_string()
    }

    /// The signed head of these rows.
    pub fn head(&self, rows: &[String]) -> String {
        let checkpoint =
            Checkpoint { origin: self.origin.clone(), size: rows.len() as u64, root: root(rows) };
        checkpoint.sign(&self.signer).unwrap()
    }

    /// The signed head of these rows with the line of its witness.
    pub fn witnessed_head(&self, rows: &[String]) -> String {
        self.head_witnessed_at(rows, COSIGNED_AT)
    }

    /// As [`witnessed_head`](Self::witnessed_head), at that time in seconds since 1970.
    pub fn head_witnessed_at(&self, rows: &[String], time: u64) -> String {
        cosigned_at(&self.head(rows), time)
    }

    /// Their export, as the product makes it.
    pub fn export(&self, rows: &[String]) -> Vec<u8> {
        self.export_under(rows, &self.head(rows))
    }

    /// Their export under a head that is signed already.
    pub fn export_under(&self, rows: &[String], checkpoint: &str) -> Vec<u8> {
        let log_keys = [self.signer.verifier_key()];
        let export =
            Export { tenant: &self.tenant, checkpoint, log_keys: &log_keys, app_keys: &[] };
        let draft = Draft::of(&export, rows).unwrap();
        let note = self.exporter.sign(draft.statement()).unwrap();
        draft.whole(&note, rows).unwrap()
    }

    /// An export with the files changed and the manifest signed anew, in a container that is canonical again.
    pub fn repack(&self, export: &[u8], edit: impl FnOnce(&mut Files)) -> Vec<u8> {
        let archive = container::read(export);
        let manifest = Manifest::parse(archive.files["manifest.json"]).unwrap();
        let mut files = unpacked(export);
        edit(&mut files);
        self.sum_up(&mut files, manifest);
        container::write(&files).unwrap()
    }

    /// Their export under a head, of some rows only the hashes.
    pub fn without(
        &self,
        rows: &[String],
        checkpoint: &str,
        is_gone: impl Fn(u64) -> bool,
    ) -> Vec<u8> {
        let entry = |(seq, row): (u64, &String)| {
            let bytes = row.as_bytes();
            if is_gone(seq) { leaf_hash(bytes).0.to_vec() } else { bytes.to_vec() }
        };
        let entries: Vec<_> = (0..).zip(rows).map(entry).collect();
        self.repack(&self.export_under(rows, checkpoint), |files| {
            let bundles = tile::bundles(rows.len() as u64).zip(entries.chunks(256));
            let encoded = |entries: &[Vec<u8>]| tile::encode_entries(entries).unwrap();
            files.extend(bundles.map(|(tile, entries)| (tile.path(), encoded(entries))));
        })
    }

    /// What whoever holds the rows, the files and the key of exports, and not the log's key, makes of `rows` under the head `checkpoint`:
    /// every tile, list and checksum fits.
    pub fn lay_out(&self, rows: &[String], checkpoint: &str) -> Vec<u8> {
        self.repack(&self.export(&self.rows(1)), |files| {
            files.retain(|path, _| !path.starts_with("tile/"));
            files.insert("checkpoint".to_owned(), checkpoint.as_bytes().to_vec());
            files.extend(tiles(rows));
        })
    }

    /// The manifest of the files as they are now, about the log that their head names.
    fn sum_up(&self, files: &mut Files, before: Manifest) {
        files.retain(|path, _| !path.starts_with("manifest."));
        let head = String::from_utf8_lossy(&files["checkpoint"]).into_owned();
        let size = head.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(before.size);
        let listed = files.iter().map(|(path, content)| (path.clone(), File::of(content)));
        let manifest = Manifest { files: listed.collect(), size, ..before };
        let text = manifest.to_text().unwrap();
        let note = self.exporter.sign(&Manifest::statement(&manifest.origin, text.as_bytes()));
        files.insert("manifest.json".to_owned(), text.into_bytes());
        files.insert("manifest.sig".to_owned(), note.unwrap().into_bytes());
    }
}

/// The customer's witness.
pub fn witness() -> Witness {
    Witness::new("witness.example.com/runner-1", SigningKey::from_bytes(&[44; 32])).unwrap()
}

/// A signed head with the line of that witness.
pub fn cosigned(head: &str) -> String {
    cosigned_at(head, COSIGNED_AT)
}

/// The same, cosigned at this time, in seconds since 1970.
pub fn cosigned_at(head: &str, time: u64) -> String {
    let (text, _) = head.split_once("\n\n").unwrap();
    head.to_owned() + &witness().cosign(&format!("{text}\n"), time).unwrap()
}

/// When it cosigned, in seconds since 1970: 2026-11-21.
const COSIGNED_AT: u64 = 1_795_219_200;

/// Numbers, links and times intents, as a sealer does.
pub fn seal(intents: impl IntoIterator<Item = String>) -> Vec<String> {
    seal_at(intents.into_iter().map(|intent| (intent, SEALED_AT)))
}

/// As [`seal`], with a time for each.
pub fn seal_at<'a>(intents: impl IntoIterator<Item = (String, &'a str)>) -> Vec<String> {
    let mut prev = Hash::ZERO;
    let link = |(seq, (intent, rx)): (u64, (String, &str))| {
        let row = Row::seal(&intent, seq, &prev, rx).unwrap();
        prev = leaf_hash(row.as_bytes());
        row
    };
    (0..).zip(intents).map(link).collect()
}

/// The rows numbered, linked and timed once more, so that they fit each other whatever was done to them.
pub fn seal_again(rows: &[String]) -> Vec<String> {
    seal(rows.iter().map(|row| intent_of(row)))
}

/// The rows numbered and linked once more, each sealed when it was, or when the one before it was.
pub fn link_again(rows: &[String]) -> Vec<String> {
    let (mut prev, mut last) = (Hash::ZERO, String::new());
    let link = |(seq, row): (u64, &String)| {
        let rx = Row::parse(row).unwrap().rx;
        if rx > last.as_str() {
            rx.clone_into(&mut last);
        }
        let row = Row::seal(&intent_of(row), seq, &prev, &last).unwrap();
        prev = leaf_hash(row.as_bytes());
        row
    };
    (0..).zip(rows).map(link).collect()
}

/// A row without what the sealer added.
pub fn intent_of(row: &str) -> String {
    ["prev", "rx", "seq"].iter().fold(row.to_owned(), |text, member| {
        let start = text.find(&format!("\"{member}\":")).unwrap();
        let end = start + text[start..].find(',').unwrap();
        [&text[..start], &text[end + 1..]].concat()
    })
}

/// The root of the tree over rows.
pub fn root(rows: &[String]) -> Hash {
    levels(rows).root()
}

/// The files of an export.
pub fn unpacked(export: &[u8]) -> Files {
    let archive = container::read(export);
    archive.files.iter().map(|(name, data)| ((*name).to_owned(), data.to_vec())).collect()
}

/// The entry bundles and hash tiles of rows.
pub fn tiles(rows: &[String]) -> Files {
    let levels = levels(rows);
    let bundles = tile::bundles(rows.len() as u64).zip(rows.chunks(256));
    let bundles = bundles.map(|(tile, rows)| (tile.path(), tile::encode_entries(rows).unwrap()));
    let hashes = tile::files(rows.len() as u64).filter(|tile| tile.content != Content::Entries);
    bundles.chain(hashes.map(|tile| (tile.path(), levels.encode(&tile).unwrap()))).collect()
}

fn levels(rows: &[String]) -> Levels {
    Levels::new(rows.iter().map(|row| leaf_hash(row.as_bytes())).collect())
}

#[cfg(test)]
mod tests {
    use chain::{report::Verdict, verify};

    use super::*;

    #[test]
    fn a_made_log_is_a_log_and_laying_it_out_by_hand_gives_the_same_export() {
        let log = MadeLog::new(1);
        let rows = log.rows(300);
        let export = log.export(&rows);
        let report = verify::bundle(&export, Some(&log.policy(Tier::Signed)));
        assert_eq!((report.verdict, report.rows_checked), (Verdict::Ok, 300), "{report:?}");
        assert!(log.lay_out(&rows, &log.head(&rows)) == export, "the same bytes");
        assert_eq!(seal_again(&rows), rows);
        assert_eq!(link_again(&rows), rows);
    }
}
