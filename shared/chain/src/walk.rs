//! Reading a log row by row: every rule that needs no signature.

use std::borrow::Cow;

use crate::{
    Hash, genesis,
    report::{Finding, Kind},
    row::Row,
    tree::{leaf_hash, leaf_hashes},
};

/// Where a walk along a log stands.
///
/// # Examples
/// ```
/// use chain::{Hash, report::Kind, walk::Walk};
///
/// let mut walk = Walk::from_start("ten_01");
/// let finding = walk.step(br#"{"not":"a row"}"#).unwrap_err();
/// assert_eq!((finding.seq, finding.kind), (Some(0), Kind::Profile));
/// ```
#[derive(Clone, Debug)]
pub struct Walk<'t> {
    tenant: Cow<'t, str>,
    next: u64,
    prev: [u8; 64],
    rx: [u8; 27],
}

impl<'t> Walk<'t> {
    /// Before row 0 of the tenant's log.
    pub fn from_start(tenant: &'t str) -> Self {
        Self::after(tenant, 0, Hash::ZERO, "")
    }

    /// As [`from_start`](Self::from_start), for a walk that outlives whoever named the tenant.
    pub(crate) fn of(tenant: String) -> Self {
        Self { tenant: Cow::Owned(tenant), ..Self::from_start("") }
    }

    /// Whose log it is.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// After `size` rows, of which the last has the hash `last` and was sealed at `rx`.
    pub fn after(tenant: &'t str, size: u64, last: Hash, rx: &str) -> Self {
        let rx = rx.as_bytes().try_into().unwrap_or([b'0'; 27]);
        Self { tenant: Cow::Borrowed(tenant), next: size, prev: last.to_hex(), rx }
    }

    /// How many rows have been passed.
    pub const fn size(&self) -> u64 {
        self.next
    }

    /// Checks the next row and passes it. The row and its hash, for the tree.
    ///
    /// # Errors
    /// [`Finding`]: the rule that the row breaks. The walk stays before it.
    pub fn step<'r>(&mut self, bytes: &'r [u8]) -> Result<(Row<'r>, Hash), Finding> {
        let hash = leaf_hash(bytes);
        self.step_hashed(bytes, hash).map(|row| (row, hash))
    }

    /// Checks the next rows and passes them: as [`step`](Self::step) for each, in less time. Their hashes, for the tree.
    ///
    /// # Errors
    /// [`Finding`]: the rule that one of them breaks. The walk stays before that one.
    pub fn steps(&mut self, rows: &[&[u8]]) -> Result<Vec<Hash>, Finding> {
        let hashes = leaf_hashes(rows);
        for (row, hash) in rows.iter().zip(&hashes) {
            self.step_hashed(row, *hash)?;
        }
        Ok(hashes)
    }

    /// As [`step`](Self::step), for a row whose hash is known.
    pub(crate) fn step_hashed<'r>(
        &mut self,
        bytes: &'r [u8],
        hash: Hash,
    ) -> Result<Row<'r>, Finding> {
        if bytes.is_empty() {
            return Err(self.missing("a row, or the hash of one that was purged"));
        }
        let row = Row::from_bytes(bytes).map_err(|error| self.not_a_row(&error))?;
        self.check_place(&row)?;
        self.check_start(&row)?;
        self.next += 1;
        self.prev = hash.to_hex();
        self.rx = row.rx.as_bytes().try_into().unwrap_or(self.rx);
        Ok(row)
    }

    /// Passes a row whose body was removed: the next one must link to its hash.
    ///
    /// # Errors
    /// [`Finding`]: it is row 0, which is never removed.
    pub fn skip(&mut self, hash: Hash) -> Result<(), Finding> {
        if self.next == 0 {
            return Err(self.missing("the first row, which is never removed"));
        }
        self.next += 1;
        self.prev = hash.to_hex();
        Ok(())
    }

    /// What is wrong when an entry holds neither a row nor its hash.
    pub(crate) fn missing(&self, expected: &str) -> Finding {
        self.finding(Kind::MissingBody, expected, "no row")
    }

    /// Tenant, number, link, time: in the order in which a departure explains the next.
    fn check_place(&self, row: &Row<'_>) -> Result<(), Finding> {
        if row.tenant != self.tenant {
            return Err(self.finding(Kind::Tenant, &self.tenant, row.tenant));
        }
        if row.seq < self.next {
            let (expected, got) = (self.next.to_string(), format!("row {} again", row.seq));
            return Err(Finding::at(row.seq, Kind::SeqDup, expected, got));
        }
        if row.seq > self.next {
            return Err(self.finding(Kind::SeqGap, &self.next.to_string(), &row.seq.to_string()));
        }
        if row.prev.as_bytes() != self.prev {
            let expected = String::from_utf8_lossy(&self.prev);
            return Err(self.finding(Kind::Link, &expected, row.prev));
        }
        if row.rx.as_bytes() < self.rx.as_slice() {
            let expected = format!("{} or later", String::from_utf8_lossy(&self.rx));
            return Err(self.finding(Kind::TimeRegress, &expected, row.rx));
        }
        Ok(())
    }

    /// Row 0, and no other, is a genesis row.
    fn check_start(&self, row: &Row<'_>) -> Result<(), Finding> {
        if (row.seq == 0) == (row.action == genesis::ACTION) {
            return Ok(());
        }
        let expected = if row.seq == 0 { genesis::ACTION } else { "any other action" };
        Err(self.finding(Kind::Profile, expected, row.action))
    }

    fn not_a_row(&self, error: &crate::row::RowError) -> Finding {
        let source = std::error::Error::source(error).map(|source| format!(": {source}"));
        let got = format!("{error}{}", source.unwrap_or_default());
        self.finding(Kind::Profile, "a row of the profile audit-row/1", &got)
    }

    fn finding(&self, kind: Kind, expected: &str, got: &str) -> Finding {
        Finding::at(self.next, kind, expected.to_owned(), got.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, TENANT};

    fn walk(rows: &[String]) -> Result<u64, Finding> {
        let mut walk = Walk::from_start(TENANT);
        rows.iter().try_for_each(|row| walk.step(row.as_bytes()).map(drop))?;
        Ok(walk.size())
    }

    fn broken(edit: impl FnOnce(&mut Vec<String>)) -> (Option<u64>, Kind) {
        let mut rows = sample::rows(8);
        edit(&mut rows);
        let finding = walk(&rows).unwrap_err();
        (finding.seq, finding.kind)
    }

    #[test]
    fn an_untouched_log_is_walked_to_its_end() {
        assert_eq!(walk(&sample::rows(8)), Ok(8));
        assert_eq!(walk(&[]), Ok(0));
    }

    #[test]
    fn several_steps_at_once_lead_where_single_ones_do() {
        let mut rows = sample::rows(8);
        let texts = |rows: &[String]| -> Vec<_> {
            rows.iter().map(|row| row.clone().into_bytes()).collect()
        };
        let steps = |walk: &mut Walk<'_>, rows: &[Vec<u8>]| {
            let rows: Vec<_> = rows.iter().map(Vec::as_slice).collect();
            walk.steps(&rows)
        };
        let (mut walk, sound) = (Walk::from_start(TENANT), texts(&rows));
        let mut hashes = steps(&mut walk, &sound[..3]).unwrap();
        hashes.extend(steps(&mut walk, &sound[3..]).unwrap());
        assert_eq!(hashes, sound.iter().map(|row| leaf_hash(row)).collect::<Vec<_>>());
        rows[5] = rows[5].replace("ADMIN", "OWNER");
        let mut walk = Walk::from_start(TENANT);
        let finding = steps(&mut walk, &texts(&rows)).unwrap_err();
        assert_eq!((walk.size(), finding.seq, finding.kind), (6, Some(6), Kind::Link));
    }

    #[test]
    fn a_walk_goes_on_from_a_known_head() {
        let rows = sample::rows(8);
        let last = leaf_hash(rows[4].as_bytes());
        let rx = Row::parse(&rows[4]).unwrap().rx;
        let mut walk = Walk::after(TENANT, 5, last, rx);
        assert!(rows[5..].iter().all(|row| walk.step(row.as_bytes()).is_ok()));
        let mut elsewhere = Walk::after(TENANT, 5, Hash::ZERO, rx);
        assert_eq!(elsewhere.step(rows[5].as_bytes()).unwrap_err().kind, Kind::Link);
    }

    #[test]
    fn each_departure_is_named_by_its_row_and_rule() {
        assert_eq!(broken(|rows| drop(rows.remove(3))), (Some(3), Kind::SeqGap));
        assert_eq!(broken(|rows| rows.insert(3, rows[2].clone())), (Some(2), Kind::SeqDup));
        assert_eq!(broken(|rows| rows.swap(3, 4)), (Some(3), Kind::SeqGap));
        assert_eq!(
            broken(|rows| rows[3] = rows[3].replace("ADMIN", "OWNER")),
            (Some(4), Kind::Link)
        );
        assert_eq!(
            broken(|rows| rows[3] = rows[3].replace(TENANT, "ten_b")),
            (Some(3), Kind::Tenant)
        );
        assert_eq!(
            broken(|rows| rows[3] = rows[3].replace("\"rx\":\"2026", "\"rx\":\"2025")),
            (Some(3), Kind::TimeRegress)
        );
        assert_eq!(broken(|rows| rows[3].push(' ')), (Some(3), Kind::Profile));
        assert_eq!(
            broken(|rows| rows[0] = rows[0].replace("log.genesis", "log.begin")),
            (Some(0), Kind::Profile)
        );
        assert_eq!(
            broken(|rows| rows[3] = rows[3].replace("role.changed", "log.genesis")),
            (Some(3), Kind::Profile)
        );
    }
}
