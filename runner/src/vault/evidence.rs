//! Raw values at rest.

use domain::{EvidenceId, RunId, Timestamp};
use protocol::{
    Digest,
    commitment::{Commitment, Header},
};
use rusqlite::{OptionalExtension as _, Row, params};
use seal::{FieldKey, Place};
use serde_json::Value;

use super::{Vault, VaultError, unreadable};

/// The layout of what is sealed: the commitment's key (32 bytes), then the value as JSON.
const SCHEMA: &str = "evidence/1";
const EVK_LENGTH: usize = 32;

/// What the vault says of an evidence item without opening it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct EvidenceRecord {
    /// What it belongs to.
    pub(crate) header: Header,
    /// The root of its commitment.
    pub(crate) root: Digest,
    /// How long the raw value is, in bytes of JSON.
    pub(crate) bytes: u64,
    /// Until when it is kept at least.
    pub(crate) retain_until: Timestamp,
}

/// An evidence item with its raw value.
pub(crate) struct OpenedEvidence {
    /// What it belongs to.
    pub(crate) record: EvidenceRecord,
    /// The raw value.
    pub(crate) value: Value,
    /// The commitment, made again from the value.
    pub(crate) commitment: Commitment,
}

impl Vault {
    /// Seals `value` and commits to it. Its record is on the disk when this returns.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn keep_evidence(
        &self,
        header: Header,
        value: &Value,
        retain_until: Timestamp,
    ) -> Result<EvidenceRecord, VaultError> {
        let (evk, key): ([u8; EVK_LENGTH], [u8; 32]) =
            (self.randomness.bytes(), self.randomness.bytes());
        let commitment = Commitment::new(header, &evk, value).map_err(unreadable)?;
        let json = serde_json::to_vec(value).map_err(unreadable)?;
        let header = commitment.header().clone();
        let plaintext = zeroize::Zeroizing::new([evk.as_slice(), &json].concat());
        let sealed = with_place(&header, |place| {
            let (salt, nonce) = (self.randomness.bytes(), self.randomness.bytes());
            seal::seal(&FieldKey::new(1, key), place, salt, nonce, &plaintext)
        })?;
        let bytes = u64::try_from(json.len()).unwrap_or(u64::MAX);
        let record = EvidenceRecord { header, root: commitment.root(), bytes, retain_until };
        self.insert(&record, &seal::wrap(&self.key, &key), &sealed)?;
        Ok(record)
    }

    fn insert(
        &self,
        record: &EvidenceRecord,
        wrapped: &[u8],
        sealed: &[u8],
    ) -> Result<(), VaultError> {
        let header = serde_json::to_string(&record.header).map_err(unreadable)?;
        self.lock().execute(
            "INSERT INTO evidence VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                record.header.evidence.to_string(),
                record.header.run.to_string(),
                header,
                record.root.0,
                i64::try_from(record.bytes).unwrap_or(i64::MAX),
                wrapped,
                sealed,
                record.retain_until.unix_us(),
            ],
        )?;
        Ok(())
    }

    /// Opens an evidence item, and makes its commitment again.
    ///
    /// # Errors
    /// [`VaultError::Missing`]; [`VaultError::Key`] or [`VaultError::Opened`] when it was changed or moved; [`VaultError::Content`] when what it
    /// commits to is no longer what was committed to.
    pub(crate) fn open_evidence(&self, id: EvidenceId) -> Result<OpenedEvidence, VaultError> {
        let row = self
            .lock()
            .query_row(
                "SELECT header, root, bytes, retain_until, wrapped, sealed FROM evidence WHERE id = ?1",
                [id.to_string()],
                |row| Ok((read_record(row), row.get::<_, Vec<u8>>(4)?, row.get::<_, Vec<u8>>(5)?)),
            )
            .optional()?;
        let (record, wrapped, sealed) = row.ok_or(VaultError::Missing("evidence"))?;
        let record = record?;
        let key = FieldKey::new(1, *seal::unwrap(&self.key, &wrapped)?);
        let plaintext = with_place(&record.header, |place| seal::open(&key, place, &sealed))?;
        let (evk, json) = plaintext
            .split_first_chunk::<EVK_LENGTH>()
            .ok_or_else(|| unreadable("evidence without its key"))?;
        let value: Value = serde_json::from_slice(json).map_err(unreadable)?;
        let commitment = Commitment::new(record.header.clone(), evk, &value).map_err(unreadable)?;
        if commitment.root() != record.root {
            return Err(unreadable("evidence that does not match its commitment"));
        }
        Ok(OpenedEvidence { record, value, commitment })
    }

    /// The records of a run's evidence, or of all, oldest first.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn evidence(&self, run: Option<RunId>) -> Result<Vec<EvidenceRecord>, VaultError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT header, root, bytes, retain_until FROM evidence
             WHERE ?1 IS NULL OR run = ?1 ORDER BY id",
        )?;
        let records =
            statement.query_map([run.map(|run| run.to_string())], |row| Ok(read_record(row)))?;
        records.map(|record| record?).collect()
    }
}

fn read_record(row: &Row<'_>) -> Result<EvidenceRecord, VaultError> {
    let header: String = row.get(0)?;
    Ok(EvidenceRecord {
        header: serde_json::from_str(&header).map_err(unreadable)?,
        root: Digest(row.get(1)?),
        bytes: u64::try_from(row.get::<_, i64>(2)?).map_err(unreadable)?,
        retain_until: Timestamp::from_unix_us(row.get(3)?),
    })
}

/// Where a raw value belongs: authenticated with it, so that it cannot be moved to another run, step or Runner.
fn with_place<T>(header: &Header, work: impl FnOnce(&Place<'_>) -> T) -> T {
    let tenant = header.tenant.to_string();
    let record = header.evidence.to_string();
    let field = format!("{}|{}|{}", header.runner, header.run, header.step);
    work(&Place { tenant: &tenant, container: SCHEMA, record: &record, field: &field })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vault::tests::vault;

    const SECRET: &str = "a raw value that nobody else may see";

    fn header(step: &str) -> Header {
        Header {
            evidence: EvidenceId::from_u128(1),
            run: RunId::from_u128(2),
            step: step.parse().unwrap(),
            tenant: domain::TenantId::from_u128(3),
            runner: domain::RunnerId::from_u128(4),
            media_type: "application/json".parse().unwrap(),
            leaves: 0,
        }
    }

    #[test]
    fn the_files_of_the_vault_do_not_contain_the_raw_value() {
        let dir = tempfile::tempdir().unwrap();
        let vault = vault(dir.path());
        let kept = vault
            .keep_evidence(header("one"), &json!({ "x": SECRET }), Timestamp::default())
            .unwrap();
        assert_eq!(kept.header.leaves, 1);
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
        }
        let opened = vault.open_evidence(EvidenceId::from_u128(1)).unwrap();
        assert_eq!(opened.value, json!({ "x": SECRET }));
        assert_eq!(opened.commitment.root(), kept.root);
    }

    #[test]
    fn evidence_that_was_moved_to_another_step_does_not_open() {
        let dir = tempfile::tempdir().unwrap();
        let vault = vault(dir.path());
        vault.keep_evidence(header("one"), &json!(1), Timestamp::default()).unwrap();
        let moved = serde_json::to_string(&Header { leaves: 1, ..header("two") }).unwrap();
        vault.lock().execute("UPDATE evidence SET header = ?1", [moved]).unwrap();
        let refused = vault.open_evidence(EvidenceId::from_u128(1));
        assert!(matches!(refused, Err(VaultError::Opened(_))));
    }

    #[test]
    fn a_changed_root_and_another_key_are_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let vault = vault(dir.path());
        vault.keep_evidence(header("one"), &json!(1), Timestamp::default()).unwrap();
        vault.lock().execute("UPDATE evidence SET root = zeroblob(32)", []).unwrap();
        let refused = vault.open_evidence(EvidenceId::from_u128(1));
        assert!(matches!(refused, Err(VaultError::Content(_))));
        let key = seal::WrappingKey::new([8; 32]);
        let path = dir.path().join("vault.sqlite");
        let other = Vault::open(&path, key, crate::vault::tests::Counting::new()).unwrap();
        assert!(matches!(other.open_evidence(EvidenceId::from_u128(1)), Err(VaultError::Key(_))));
    }
}
