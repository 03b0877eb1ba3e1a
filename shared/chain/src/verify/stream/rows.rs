//! The rows of an export as they pass, and the tree over them.

use sha2::{Digest as _, Sha256};

use crate::{
    Hash,
    disclosure::Claims,
    epoch::Beginning,
    genesis,
    instances::INCOMPLETE_ACTION,
    lanes, later,
    note::VerifierKey,
    purge::{Entry, Ledger},
    report::{Finding, Kind},
    row::Row,
    seen::Seen,
    tile::{self, Growing, WIDTH},
    tree::LEAF,
    verify::rows::Walked,
    walk::Walk,
};

/// Levels of tiles: 256⁸ rows are more than numbers count.
const LEVELS: usize = 8;
/// A quarter of a tile.
const PART_BYTES: usize = WIDTH / 4 * 32;

/// What is known of the rows that have passed.
#[derive(Clone, Default)]
pub(super) struct Rows {
    walk: Option<Walk<'static>>,
    walked: Walked,
    tree: Growing,
    /// For each level of the tree, a sum ([`add`]) of the hashes that the tiles hold, and of those that the rows give.
    claimed: [Sha256; LEVELS],
    computed: [Sha256; LEVELS],
    leaves: Vec<Hash>,
    /// Heads from which the log must go on.
    seen: Vec<Seen>,
    ledger: Ledger,
    claims: Claims,
    later: later::Lines,
    log_keys: Vec<VerifierKey>,
    beginning: Beginning,
}

impl Rows {
    /// Before row 0 of a log that must go on from these heads, and whose rows are kept for so many months at least.
    pub(super) fn after(seen: Vec<Seen>, months: u32) -> Self {
        Self { seen, ledger: Ledger::demanding(months), ..Self::default() }
    }

    /// The keys that a pinned key named for this epoch, as row 0 shows.
    pub(super) fn named(&self) -> &[VerifierKey] {
        &self.beginning.named
    }

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
        let checked = self.tree.size();
        Walked { checked, ledger: self.ledger, claims: self.claims, ..self.walked }
    }

    /// Takes the keys by one of which the epoch before must have been signed.
    pub(super) fn believe(&mut self, log_keys: &[VerifierKey]) {
        self.log_keys = log_keys.to_vec();
    }

    /// Takes the personal details of the rows to come.
    pub(super) fn disclose(&mut self, claims: Claims) {
        self.claims = claims;
    }

    /// Takes the rows of later epochs, which count when all rows have passed.
    pub(super) fn show(&mut self, later: later::Lines) {
        self.later = later;
    }

    /// Passes what rows of later epochs say of these.
    pub(super) fn go_on(&mut self) -> Result<(), Finding> {
        let tenant = self.walk.as_ref().map_or("", Walk::tenant);
        let end = self.walked.borders.end();
        self.walked.is_unseen = !self.later.account(tenant, end, &mut self.ledger)?;
        Ok(())
    }

    /// Notes when others than the operator saw all rows, if any did.
    pub(super) fn seen_at(&mut self, time: Option<&str>) {
        if let Some(time) = time {
            self.ledger.seen_at(time);
        }
    }

    /// What the rows that have passed do not account for.
    pub(super) fn unaccounted(&self) -> Option<Finding> {
        self.ledger.unexplained().or_else(|| self.claims.unfounded())
    }

    /// Notes what a tile of hashes says.
    pub(super) fn claim(&mut self, level: u8, hashes: &[u8]) {
        add(&mut self.claimed, level.into(), hashes);
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
    ///
    /// SHA-256 of the bundle, where it is found at the same time.
    pub(super) fn bundle(
        &mut self,
        bytes: &[u8],
        width: u64,
        origin: &str,
    ) -> Result<Option<Hash>, Finding> {
        let mut rows = Vec::with_capacity(WIDTH);
        for row in tile::decode_entries(bytes) {
            rows.push(row.map_err(|_| damaged(width, rows.len()))?);
        }
        if rows.len() as u64 != width {
            return Err(damaged(width, rows.len()));
        }
        self.leaves.clear();
        let sum = lanes::digests_beside(bytes, Some(LEAF), &rows, &mut self.leaves);
        for (place, row) in rows.into_iter().enumerate() {
            let Some(leaf) = self.leaves.get_mut(place) else { break };
            if let Entry::Gone(hash) = Entry::of(row) {
                *leaf = hash;
            }
            let hash = *leaf;
            self.row(row, hash, origin)?;
        }
        self.check_seen()?;
        let computed = &mut self.computed;
        self.tree.extend(&self.leaves, &mut |level, hashes| {
            let mut bytes = Vec::with_capacity(hashes.len() * 32);
            hashes.iter().for_each(|hash| bytes.extend_from_slice(&hash.0));
            add(computed, level, &bytes);
        });
        Ok(sum)
    }

    /// Whether the log goes on from the heads that end in this bundle, whose hashes are `leaves`.
    fn check_seen(&self) -> Result<(), Finding> {
        let size = self.tree.size();
        for seen in &self.seen {
            let within = seen.size.checked_sub(size).and_then(|rows| usize::try_from(rows).ok());
            let Some(leaves) = within.and_then(|rows| self.leaves.get(..rows)) else { continue };
            if seen.size == size {
                continue;
            }
            let mut tree = self.tree.clone();
            tree.extend(leaves, &mut |_, _| {});
            seen.check(tree.root())?;
        }
        Ok(())
    }

    /// Whether the log has as many rows as were seen.
    pub(super) fn check_length(&self) -> Result<(), Finding> {
        let longer = self.seen.iter().find(|seen| seen.size > self.size());
        longer.map_or(Ok(()), |seen| Err(seen.rolled_back(self.size())))
    }

    fn row(&mut self, bytes: &[u8], hash: Hash, origin: &str) -> Result<(), Finding> {
        if self.walk.is_none() {
            self.begin(bytes, origin)?;
        }
        let Some(walk) = &mut self.walk else { return Ok(()) };
        if let Entry::Gone(hash) = Entry::of(bytes) {
            self.ledger.gone(walk.size());
            return walk.skip(hash);
        }
        let row = walk.step_hashed(bytes, hash)?;
        self.ledger.pass(&row);
        self.claims.pass(&row, bytes)?;
        self.walked.borders.pass(&row)?;
        self.walked.sights.pass(&row);
        if row.action == INCOMPLETE_ACTION {
            self.walked.quote(&row);
        }
        Ok(())
    }

    /// Row 0 names the log and whose it is.
    fn begin(&mut self, bytes: &[u8], origin: &str) -> Result<(), Finding> {
        let other = |got| Finding::at(0, Kind::Tenant, origin.to_owned(), got);
        let row = Row::from_bytes(bytes).map_err(|_| other("no row".to_owned()))?;
        self.beginning = genesis::check(&row, origin, &self.log_keys).map_err(other)?;
        self.walk = Some(Walk::of(row.tenant.to_owned()));
        Ok(())
    }
}

/// Adds hashes to the sum of their level: on the lowest level those of a tile at once, in parts, which are hashed in less time than a whole.
fn add(sums: &mut [Sha256; LEVELS], level: usize, hashes: &[u8]) {
    let Some(sum) = sums.get_mut(level) else { return };
    if level > 0 {
        return sum.update(hashes);
    }
    let (parts, mut digests) = (hashes.chunks(PART_BYTES).collect::<Vec<_>>(), Vec::new());
    lanes::digests(None, &parts, &mut digests);
    digests.iter().for_each(|digest| sum.update(digest.0));
}

fn damaged(width: u64, rows: usize) -> Finding {
    let got = format!("{rows} whole rows");
    Finding::of(Kind::Container, format!("a bundle of {width} rows"), got)
}
