//! The line of keys of one purpose: each but the first is endorsed by the one before it.
//!
//! Many may create documents in the keyring, and whoever owns the database may write any. What makes a public key count is not that it stands there,
//! but that the secret half of the last one said so.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use ports::KeyPurpose;
use protocol::key::{PublicKey, Signer};
use serde::{Deserialize, Serialize};

use crate::KeyRecord;

/// What is signed begins with this, so that no signature of another purpose fits.
const CONTEXT: &str = "proofline/next-key/1";

/// That a key is the next one of its purpose, in the word of the one before it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Endorsement {
    /// The thumbprint of the key that says it.
    by: String,
    /// Its signature, base64 without padding.
    sig: String,
}

/// One key that others verify with.
#[derive(Clone)]
pub(crate) struct Link {
    /// The number in its document's id: it orders, and means nothing else.
    pub(crate) version: u32,
    /// Its thumbprint (RFC 7638).
    pub(crate) kid: String,
    pub(crate) public: PublicKey,
    pub(crate) record: KeyRecord,
}

impl Link {
    /// `None` for a key that does not sign.
    pub(crate) fn new(version: u32, record: KeyRecord) -> Option<Self> {
        let public = PublicKey::from_jwk(record.public.as_ref()?).ok()?;
        Some(Self { version, kid: public.kid().to_string(), public, record })
    }

    /// The same in the word of `before`, which has to be the last of the line.
    pub(crate) fn endorsed(mut self, before: &impl Signer) -> Option<Self> {
        let by = before.kid().to_string();
        let sig = STANDARD_NO_PAD.encode(before.sign(self.text(&by).as_bytes()).ok()?);
        self.record.endorsed = Some(Endorsement { by, sig });
        Some(self)
    }

    /// Whether `before` said that this is the next: just this key, with this number, made then.
    fn follows(&self, before: &Self) -> bool {
        let Some(Endorsement { by, sig }) = &self.record.endorsed else { return false };
        let signature = STANDARD_NO_PAD.decode(sig).unwrap_or_default();
        self.version > before.version
            && *by == before.kid
            && before.public.verify(self.text(by).as_bytes(), &signature).is_ok()
    }

    fn text(&self, by: &str) -> String {
        let KeyRecord { purpose, created_at, .. } = &self.record;
        let (purpose, version, kid) = (purpose.name(), self.version, &self.kid);
        format!("{CONTEXT}\n{purpose}\n{by}\n{version}\n{kid}\n{created_at}")
    }
}

/// `first`, and what follows from it among `made`, which is in the order of the numbers.
pub(crate) fn follow(first: Link, made: &[Link]) -> Vec<Link> {
    let mut line = vec![first];
    while let Some(next) = line.last().and_then(|last| made.iter().find(|link| link.follows(last)))
    {
        line.push(next.clone());
    }
    line
}

/// The keys of `purpose` that sign, in the order of their numbers, whether they count or not.
pub(crate) fn links(purpose: KeyPurpose, made: &[(u32, KeyRecord)]) -> Vec<Link> {
    let of = made.iter().filter(|(_, record)| record.purpose == purpose);
    let mut links: Vec<_> =
        of.filter_map(|(version, record)| Link::new(*version, record.clone())).collect();
    links.sort_by_key(|link| link.version);
    links
}

/// The keys of `purpose` that count, from the very first on.
pub(crate) fn line(purpose: KeyPurpose, made: &[(u32, KeyRecord)]) -> Vec<Link> {
    let links = links(purpose, made);
    let first = links.iter().find(|link| link.version == 1).cloned();
    first.map(|first| follow(first, &links)).unwrap_or_default()
}

/// The keys of `purpose` that others use, by their numbers: those that count, and of those that only seal the first.
pub(super) fn counting(purpose: KeyPurpose, made: &[(u32, KeyRecord)]) -> Vec<(u32, KeyRecord)> {
    let line = line(purpose, made);
    if !line.is_empty() {
        return line.into_iter().map(|link| (link.version, link.record)).collect();
    }
    let is_first =
        |(version, record): &&(u32, KeyRecord)| *version == 1 && record.purpose == purpose;
    made.iter().find(is_first).cloned().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use protocol::key::{Ed25519Key, Es256Key};

    use super::*;

    fn record(purpose: KeyPurpose, key: &impl Signer, created_s: i64) -> KeyRecord {
        KeyRecord {
            purpose,
            public: Some(key.public().jwk()),
            wrapped: String::new(),
            created_at: Timestamp::from_unix_s(created_s),
            endorsed: None,
        }
    }

    fn next(by: &impl Signer, version: u32, record: KeyRecord) -> (u32, KeyRecord) {
        (version, Link::new(version, record).unwrap().endorsed(by).unwrap().record)
    }

    fn numbers(purpose: KeyPurpose, made: &[(u32, KeyRecord)]) -> Vec<u32> {
        line(purpose, made).iter().map(|link| link.version).collect()
    }

    #[test]
    fn a_key_counts_when_the_one_before_it_says_so_whatever_kind_it_is() {
        let purpose = KeyPurpose::AccessToken;
        let key = |seed: u8| Es256Key::from_seed(&[seed; 32]).unwrap();
        let of = |seed| record(purpose, &key(seed), 0);
        let made = [(1, of(1)), next(&key(1), 2, of(2)), next(&key(2), 5, of(3))];
        assert_eq!(numbers(purpose, &made), [1, 2, 5]);
        assert_eq!(numbers(purpose, &made[1..]), [] as [u32; 0], "without the first");
        assert_eq!(numbers(purpose, &[made[0].clone(), made[2].clone()]), [1]);
        assert_eq!(numbers(purpose, &[made[0].clone(), (2, of(2))]), [1], "in nobody's word");
        assert_eq!(numbers(purpose, &[made[0].clone(), next(&key(2), 2, of(2))]), [1]);
    }

    #[test]
    fn a_word_is_for_one_key_of_one_purpose_with_one_number_and_one_time() {
        let purpose = KeyPurpose::Checkpoint;
        let key = |seed: u8| Ed25519Key::from_seed(&[seed; 32]);
        let (first, (version, said)) =
            (record(purpose, &key(1), 0), next(&key(1), 2, record(purpose, &key(2), 9)));
        let of = |version, record| numbers(purpose, &[(1, first.clone()), (version, record)]);
        assert_eq!(of(version, said.clone()), [1, 2]);
        assert_eq!(of(3, said.clone()), [1]);
        assert_eq!(of(2, KeyRecord { created_at: Timestamp::from_unix_s(8), ..said.clone() }), [1]);
        assert_eq!(of(2, KeyRecord { public: Some(key(3).public().jwk()), ..said.clone() }), [1]);
        let elsewhere = KeyPurpose::Export;
        let moved =
            [(1, record(elsewhere, &key(1), 0)), (2, KeyRecord { purpose: elsewhere, ..said })];
        assert_eq!(numbers(elsewhere, &moved), [1]);
    }
}
