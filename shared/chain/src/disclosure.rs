//! Personal details: what a row commits to, and how it is shown.
//!
//! A row holds, in `pd`, a commitment for each personal detail: `SHA-256("proofline/pd/v1" ‖ 0x00 ‖ salt ‖ field ‖ 0x00 ‖ value)` with 32 random bytes as
//! salt. Whoever knows salt and value can show that they are what was recorded; from the commitment alone nobody can find out or guess them.
//! Erasing salt and value changes no row.
//!
//! In an export, the file [`FILE`] shows details, one JSON object a line ([`Line`]), in ascending order of row and field.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    Hash, profile,
    purge::ERASED,
    report::{Finding, Kind},
    row::Row,
};

/// The file of an export that shows personal details.
pub const FILE: &str = "disclosures.ndjson";
/// The most bytes of that file.
pub const FILE_BYTES_MAX: usize = 16 << 20;

const CONTEXT: &[u8] = b"proofline/pd/v1\0";

/// What a row commits to with the member `field` of its `pd`.
///
/// # Examples
/// ```
/// // printf 'proofline/pd/v1\0<32 bytes of 0x07>ip\0203.0.113.7' | sha256sum
/// let commitment = chain::disclosure::commitment(&[7; 32], "ip", "203.0.113.7");
/// assert_eq!(commitment.to_string(), "4765c7f6f4cae90d9a3bbd47848e1e86334b2fe342faa43c9bfd56d7a87d5323");
/// ```
pub fn commitment(salt: &[u8; 32], field: &str, value: &str) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(CONTEXT);
    hasher.update(salt);
    hasher.update(field);
    hasher.update([0]);
    hasher.update(value);
    Hash(hasher.finalize().into())
}

/// One line of [`FILE`]: what the detail is, or that it is gone.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Line {
    /// What it is.
    Shown(Shown),
    /// It is gone.
    Erased(Gone),
}

/// A detail and how to check it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// Its name in `pd`.
    pub field: String,
    /// 32 bytes in hexadecimal.
    pub salt: Hash,
    /// The row.
    pub seq: u64,
    /// The detail.
    pub value: String,
}

/// A detail that was erased.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Gone {
    /// The row that says so.
    pub erased_by: u64,
    /// Its name in `pd`.
    pub field: String,
    /// The row.
    pub seq: u64,
}

/// What a file of details claims, checked row by row as the rows pass.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claims {
    /// By row and field: the commitment, or the row that says that it is gone.
    open: BTreeMap<(u64, String), Result<Hash, u64>>,
    /// Rows that must say that details are gone.
    erasing: BTreeSet<u64>,
    disclosed: u64,
    erased: u64,
}

impl Claims {
    /// Reads the file.
    ///
    /// # Errors
    /// [`Finding`]: it is not one.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Finding> {
        let malformed = |got: String| {
            Finding::of(Kind::Disclosure, "one detail a line, in ascending order", got)
        };
        if bytes.len() > FILE_BYTES_MAX {
            return Err(malformed(format!("{} bytes", bytes.len())));
        }
        let text = str::from_utf8(bytes).map_err(|error| malformed(error.to_string()))?;
        let mut claims = Self::default();
        for line in text.split_terminator('\n') {
            let read = serde_json::from_str(line).map_err(|error| malformed(error.to_string()))?;
            let (place, claim) = match read {
                Line::Shown(Shown { field, salt, seq, value }) => {
                    let commitment = commitment(&salt.0, &field, &value);
                    ((seq, field), Ok(commitment))
                }
                Line::Erased(Gone { erased_by, field, seq }) => ((seq, field), Err(erased_by)),
            };
            if claims.open.last_key_value().is_some_and(|(last, _)| *last >= place) {
                return Err(malformed(format!(
                    "{} of row {} again, or too late",
                    place.1, place.0
                )));
            }
            claims.open.insert(place, claim);
        }
        Ok(claims)
    }

    /// Checks the details of a row that passes.
    ///
    /// # Errors
    /// [`Finding`]: the row commits to something else.
    pub(crate) fn pass(&mut self, row: &Row<'_>, text: &[u8]) -> Result<(), Finding> {
        if row.action == ERASED {
            self.erasing.remove(&row.seq);
        }
        let begins_here = |place: &(u64, String)| place.0 == row.seq;
        if !self.open.first_key_value().is_some_and(|(place, _)| begins_here(place)) {
            return Ok(());
        }
        let committed = committed(text);
        while let Some(entry) = self.open.first_entry().filter(|entry| begins_here(entry.key())) {
            let ((seq, field), claim) = entry.remove_entry();
            let found = committed.get(&field);
            let fits = match claim {
                Ok(commitment) => found == Some(&commitment),
                Err(by) => found.is_some() && by > seq,
            };
            if !fits {
                let got = format!("another value of {field}, or one that the row does not have");
                let expected = format!("what row {seq} commits to");
                return Err(Finding::at(seq, Kind::Disclosure, expected, got));
            }
            match claim {
                Ok(_) => self.disclosed += 1,
                Err(by) => {
                    self.erased += 1;
                    self.erasing.insert(by);
                }
            }
        }
        Ok(())
    }

    /// A detail of a row that is not there, or an erasure that no row speaks of: after the last row.
    pub(crate) fn unfounded(&self) -> Option<Finding> {
        let of_no_row = self.open.keys().next().map(|(seq, _)| *seq);
        let seq = of_no_row.or_else(|| self.erasing.first().copied())?;
        let expected = if of_no_row.is_some() { "details of rows that are there" } else { ERASED };
        let got = "no such row";
        Some(Finding::at(seq, Kind::Disclosure, expected.to_owned(), got.to_owned()))
    }

    /// How many details are shown, and how many are gone.
    pub(crate) const fn counts(&self) -> (u64, u64) {
        (self.disclosed, self.erased)
    }
}

/// The member `pd` of a row.
fn committed(text: &[u8]) -> BTreeMap<String, Hash> {
    let mut pd = None;
    let text = str::from_utf8(text).unwrap_or_default();
    let scanned = profile::scan(text, &mut |key, value| {
        if key == "pd" {
            pd = Some(value);
        }
    });
    scanned.ok().and(pd).and_then(|pd| serde_json::from_str(pd).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{intent::Intent, sample};

    const SALT: [u8; 32] = [7; 32];

    fn row(seq: u64) -> String {
        let pd = BTreeMap::from([
            ("ip".to_owned(), commitment(&SALT, "ip", "203.0.113.7")),
            ("name".to_owned(), commitment(&SALT, "name", "Ada")),
        ]);
        let intent = Intent { pd, ..sample::intent(seq) }.to_text().unwrap();
        Row::seal(&intent, seq, &Hash::ZERO, sample::RX).unwrap()
    }

    fn check(file: &str) -> Result<(u64, u64), Kind> {
        let erasing = row(9).replace("role.changed", ERASED);
        let check = || {
            let mut claims = Claims::read(file.as_bytes())?;
            for text in [row(1), row(2), erasing] {
                claims.pass(&Row::parse(&text).unwrap(), text.as_bytes())?;
            }
            claims.unfounded().map_or(Ok(claims.counts()), Err)
        };
        check().map_err(|finding| finding.kind)
    }

    fn shown(seq: u64, field: &str, value: &str) -> String {
        let shown =
            Shown { field: field.to_owned(), salt: Hash(SALT), seq, value: value.to_owned() };
        serde_json::to_string(&Line::Shown(shown)).unwrap() + "\n"
    }

    fn gone(seq: u64, field: &str, erased_by: u64) -> String {
        let gone = Gone { erased_by, field: field.to_owned(), seq };
        serde_json::to_string(&Line::Erased(gone)).unwrap() + "\n"
    }

    #[test]
    fn a_file_of_details_has_at_most_its_bytes() {
        let line = shown(1, "ip", "203.0.113.7");
        let padded = |bytes| format!("{}{line}", " ".repeat(bytes - line.len()));
        assert_eq!(check(&padded(FILE_BYTES_MAX)), Ok((1, 0)));
        assert_eq!(check(&padded(FILE_BYTES_MAX + 1)), Err(Kind::Disclosure));
    }

    #[test]
    fn details_that_fit_are_counted() {
        assert_eq!(check(""), Ok((0, 0)));
        assert_eq!(check(&shown(2, "ip", "203.0.113.7")), Ok((1, 0)));
        let both = shown(1, "ip", "203.0.113.7") + &shown(1, "name", "Ada") + &gone(2, "ip", 9);
        assert_eq!(check(&both), Ok((2, 1)));
        assert_eq!(
            shown(1, "name", "Ada"),
            format!(
                "{{\"field\":\"name\",\"salt\":\"{}\",\"seq\":1,\"value\":\"Ada\"}}\n",
                "07".repeat(32)
            )
        );
    }

    #[test]
    fn details_that_do_not_fit_are_refused() {
        for file in [
            shown(1, "ip", "203.0.113.8"),
            shown(1, "name", "203.0.113.7"),
            shown(1, "agent", "x"),
            shown(3, "ip", "203.0.113.7"),
            shown(1, "name", "Ada") + &shown(1, "ip", "203.0.113.7"),
            shown(1, "ip", "203.0.113.7") + &shown(1, "ip", "203.0.113.7"),
            gone(1, "ip", 2),
            gone(1, "agent", 9),
            gone(2, "ip", 1),
            gone(1, "ip", 10),
            "{}\n".to_owned(),
            shown(1, "ip", "203.0.113.7").replace("\"seq\"", "\"x\":1,\"seq\""),
        ] {
            assert_eq!(check(&file), Err(Kind::Disclosure), "{file}");
        }
    }

    /// Where field and value meet must not be movable.
    #[test]
    fn a_commitment_binds_field_and_value() {
        assert_ne!(commitment(&SALT, "ip", "1"), commitment(&SALT, "i", "p\u{0}1"));
        assert_ne!(commitment(&SALT, "ip", "1"), commitment(&[8; 32], "ip", "1"));
    }
}
