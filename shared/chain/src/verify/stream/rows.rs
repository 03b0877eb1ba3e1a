//! The rows of an export as they pass, and the tree over them.

use sha2::{Digest as _, Sha256};

use crate::{
    Hash, genesis,
    instances::INCOMPLETE_ACTION,
    lanes,
    report::{Finding, Kind},
    row::Row,
    tile::{self, Growing, WIDTH},
    verify::rows::Walked,
    walk::Walk,
};

/// Levels of tiles: 256⁸ rows are more than numbers count.
const LEVELS: usize = 8;

/// What is known of the rows that have passed.
#[derive(Default)]
pub(super) struct Rows {
    walk: Option<Walk<'static>>,
    walked: Walked,
    tree: Growing,
    /// For each level of the tree, SHA-256 over the hashes that the tiles hold, and over those that the rows give.
    claimed: [Sha256; LEVELS],
    computed: [Sha256; LEVELS],
    leaves: Vec<Hash>,
}

impl Rows {
    pub(super) fn size(&self) -> u64 {
        self.tree.size()
    }

    pub(super) fn root(&self) -> Hash {
        self.tree.root()
    }

    /// Whose log it is, as row 0 says.
    pub(super) fn tenant(&self) -> Option<&str> {
        self.walk.as_ref().map(Walk::tenant)
    }

    pub(super) fn walked(self) -> Walked {
        Walked { checked: self.tree.size(), ..self.walked }
    }

    /// Notes what a tile of hashes says.
    pub(super) fn claim(&mut self, level: u8, hashes: &[u8]) {
        if let Some(hasher) = self.claimed.get_mut(usize::from(level)) {
            hasher.update(hashes);
        }
    }

    /// Whether the tiles hold the hashes that the rows give.
    pub(super) fn check_tiles(&self) -> Result<(), Finding> {
        let sum = |hasher: &Sha256| hasher.clone().finalize();
        let mut pairs = self.claimed.iter().zip(&self.computed);
        if pairs.all(|(claimed, computed)| sum(claimed) == sum(computed)) {
            return Ok(());
        }
        Err(Finding::of(Kind::Tile, "the tree of hashes as the rows have it", "another"))
    }

    /// Passes a bundle that must hold `width` rows.
    pub(super) fn bundle(&mut self, bytes: &[u8], width: u64, origin: &str) -> Result<(), Finding> {
        let mut rows = Vec::with_capacity(WIDTH);
        for row in tile::decode_entries(bytes) {
            rows.push(row.map_err(|_| damaged(width, rows.len()))?);
        }
        if rows.len() as u64 != width {
            return Err(damaged(width, rows.len()));
        }
        self.leaves.clear();
        lanes::digests(&[0], &rows, &mut self.leaves);
        for (place, row) in rows.into_iter().enumerate() {
            let hash = self.leaves.get(place).copied().unwrap_or_default();
            self.row(row, hash, origin)?;
        }
        let computed = &mut self.computed;
        self.tree.extend(&self.leaves, &mut |level, hashes| {
            if let Some(hasher) = computed.get_mut(level) {
                hashes.iter().for_each(|hash| hasher.update(hash.0));
            }
        });
        Ok(())
    }

    fn row(&mut self, bytes: &[u8], hash: Hash, origin: &str) -> Result<(), Finding> {
        if self.walk.is_none() {
            self.begin(bytes, origin)?;
        }
        let Some(walk) = &mut self.walk else { return Ok(()) };
        let row = walk.step_hashed(bytes, hash)?;
        if row.action == INCOMPLETE_ACTION {
            self.walked.quote(&row);
        }
        Ok(())
    }

    /// Row 0 names the log and whose it is.
    fn begin(&mut self, bytes: &[u8], origin: &str) -> Result<(), Finding> {
        let named = Row::from_bytes(bytes)
            .ok()
            .and_then(|row| Some((genesis::origin_of(&row)?, row.tenant)));
        match named {
            Some((named, tenant)) if named == origin => {
                self.walk = Some(Walk::of(tenant.to_owned()));
                Ok(())
            }
            Some(_) | None => {
                Err(Finding::at(0, Kind::Tenant, origin.to_owned(), "another first row".to_owned()))
            }
        }
    }
}

fn damaged(width: u64, rows: usize) -> Finding {
    let got = format!("{rows} whole rows");
    Finding::of(Kind::Container, format!("a bundle of {width} rows"), got)
}
