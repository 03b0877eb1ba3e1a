//! The rows of an export: whether they are those that were sealed, and if not, which is the first that is not.

use std::{
    collections::BTreeMap,
    ops::Bound::{Included, Unbounded},
};

use crate::{
    Hash,
    disclosure::Claims,
    epoch::{Beginning, Borders},
    genesis,
    instances::INCOMPLETE_ACTION,
    later,
    note::VerifierKey,
    purge::{Entry, Ledger, leaf_of},
    report::{Finding, Head, Kind},
    row::Row,
    tile::{self, Content, Levels, Tile, WIDTH},
    verify::sights::Sights,
    walk::Walk,
};

/// How many `log.incomplete` rows a report quotes.
const QUOTED_MAX: u64 = 20;

/// All rows of an export, hashed.
pub(super) struct Rows<'a> {
    texts: Vec<&'a [u8]>,
    widths: Vec<u64>,
    levels: Levels,
}

/// How far the rows keep the rules of a log.
#[derive(Clone, Default)]
pub(super) struct Walked {
    /// How many rows, from the first on, keep them.
    pub(super) checked: u64,
    /// What is wrong with the row after those.
    pub(super) broken: Option<Finding>,
    /// What is wrong with the rows of later epochs.
    pub(super) unproved: Option<Finding>,
    /// Whether the pinned witnesses lack under a head of those rows.
    pub(super) is_unseen: bool,
    /// How many rows say that something is missing.
    pub(super) incomplete: u64,
    /// What they say.
    pub(super) notes: Vec<String>,
    /// Which rows are gone.
    pub(super) ledger: Ledger,
    /// Which personal details are shown.
    pub(super) claims: Claims,
    /// Since when witnesses watch.
    pub(super) sights: Sights,
    /// How the epoch began and ended.
    pub(super) borders: Borders,
}

impl<'a> Rows<'a> {
    /// Takes the rows out of the entry bundles. A row that is cut short is kept as it is; it will not have its hash.
    pub(super) fn read(files: &BTreeMap<&str, &'a [u8]>) -> Self {
        let (mut rows, mut widths) = (Vec::new(), Vec::new());
        for bundle in in_order(files, Content::Entries) {
            let before = rows.len();
            rows.extend(tile::decode_entries(bundle).map(|row| row.unwrap_or_else(|rest| rest)));
            widths.push((rows.len() - before) as u64);
        }
        let levels = Levels::new(rows.iter().map(|row| leaf_of(row)).collect());
        Self { texts: rows, widths, levels }
    }

    pub(super) fn size(&self) -> u64 {
        self.texts.len() as u64
    }

    pub(super) fn root(&self) -> Hash {
        self.levels.root()
    }

    pub(super) fn levels(&self) -> &Levels {
        &self.levels
    }

    /// How many rows each bundle holds.
    pub(super) fn widths(&self) -> &[u64] {
        &self.widths
    }

    /// Walks along the log up to the first row that breaks a rule, and on to rows of later epochs. Without a tenant, that of the first row counts.
    pub(super) fn walk(
        &self,
        tenant: Option<&str>,
        claims: Claims,
        later: &later::Lines,
        months: u32,
    ) -> Walked {
        let first = || self.texts.first().and_then(|row| Row::from_bytes(row).ok());
        let tenant = tenant.or_else(|| first().map(|row| row.tenant));
        let mut walk = Walk::from_start(tenant.unwrap_or_default());
        let ledger = Ledger::demanding(months);
        let mut walked = Walked { ledger, claims, ..Walked::default() };
        for (row, hash) in self.texts.iter().zip(self.levels.leaves()) {
            if let Err(finding) = walked.step(&mut walk, row, *hash) {
                walked.broken = Some(finding);
                break;
            }
        }
        walked.checked = walk.size();
        if walked.broken.is_none() {
            walked.unproved = walked.go_on(later, walk.tenant()).err();
        }
        walked
    }

    /// What row 0 shows, if it names the log of the checkpoint.
    pub(super) fn begins(&self, origin: &str, keys: &[VerifierKey]) -> Result<Beginning, Finding> {
        let first = self.texts.first().and_then(|row| Row::from_bytes(row).ok());
        let Some(row) = first else { return Ok(Beginning::default()) };
        genesis::check(&row, origin, keys).map_err(|got| {
            let expected = format!("the first row of {origin}, hashed with SHA-256");
            Finding::at(0, Kind::Tenant, expected, got)
        })
    }

    /// The first row that is not as it was sealed.
    ///
    /// `head` is what the rows are measured by; without one, they can only contradict each other.
    pub(super) fn diagnose(
        &self,
        walked: &Walked,
        head: Option<&Head>,
        files: &BTreeMap<&str, &[u8]>,
    ) -> Option<Finding> {
        let Some(head) = head else {
            return walked.broken.clone().map(|finding| self.blame(finding));
        };
        if (self.size(), self.root()) == (head.size, head.root) {
            // Just as they were signed: then the signer itself broke the rule.
            return walked.broken.clone();
        }
        if let Some(altered) = self.first_altered(walked, head, files) {
            return Some(altered);
        }
        if let Some(finding) = walked.broken.clone() {
            return Some(self.blame(finding));
        }
        Some(match self.size() {
            size if size < head.size => Finding::at(
                size,
                Kind::SeqGap,
                format!("{} rows", head.size),
                format!("{size} rows"),
            ),
            size if size > head.size => Finding::at(
                head.size,
                Kind::Root,
                format!("{} rows", head.size),
                format!("{size} rows"),
            ),
            _ => Finding::of(Kind::Root, head.root.to_string(), self.root().to_string()),
        })
    }

    /// If the export's own leaf hashes lead to the signed root, they tell which row was altered.
    fn first_altered(
        &self,
        walked: &Walked,
        head: &Head,
        files: &BTreeMap<&str, &[u8]>,
    ) -> Option<Finding> {
        let tiles = in_order(files, Content::Hashes { level: 0 });
        let sealed = Levels::new(tiles.filter_map(tile::decode_hashes).flatten().collect());
        if (sealed.leaves().len() as u64, sealed.root()) != (head.size, head.root) {
            return None;
        }
        let mut pairs = (0..).zip(sealed.leaves().iter().zip(self.levels.leaves()));
        let (place, (expected, got)) = pairs.find(|(_, (sealed, found))| sealed != found)?;
        let says_more = |finding: &&Finding| {
            walked.checked == place
                && matches!(
                    finding.kind,
                    Kind::SeqGap | Kind::SeqDup | Kind::MissingBody | Kind::Tenant
                )
        };
        let explained = walked.broken.as_ref().filter(says_more).cloned();
        Some(explained.unwrap_or_else(|| {
            Finding::at(place, Kind::RowHash, expected.to_string(), got.to_string())
        }))
    }

    /// Which of two rows is to blame for a link that does not fit: if the later one is confirmed by its successor, the earlier.
    fn blame(&self, finding: Finding) -> Finding {
        let confirmed = || {
            let place = usize::try_from(finding.seq?).ok()?;
            let earlier = self.levels.leaves().get(place.checked_sub(1)?)?;
            let successor = Row::from_bytes(self.texts.get(place + 1)?).ok()?;
            let is_confirmed =
                successor.prev.as_bytes() == self.levels.leaves().get(place)?.to_hex();
            is_confirmed.then_some((place as u64 - 1, earlier))
        };
        match confirmed() {
            Some((seq, hash)) if finding.kind == Kind::Link => {
                Finding::at(seq, Kind::RowHash, finding.got, hash.to_string())
            }
            Some(_) | None => finding,
        }
    }
}

impl Walked {
    /// Passes the next entry, and what it says of others.
    fn step(&mut self, walk: &mut Walk<'_>, entry: &[u8], hash: Hash) -> Result<(), Finding> {
        if let Entry::Gone(hash) = Entry::of(entry) {
            self.ledger.gone(walk.size());
            return walk.skip(hash);
        }
        let row = walk.step_hashed(entry, hash)?;
        self.ledger.pass(&row);
        self.claims.pass(&row, entry)?;
        self.borders.pass(&row)?;
        self.sights.pass(&row);
        if row.action == INCOMPLETE_ACTION {
            self.quote(&row);
        }
        Ok(())
    }

    /// Passes what rows of later epochs say of these.
    fn go_on(&mut self, later: &later::Lines, tenant: &str) -> Result<(), Finding> {
        self.is_unseen = !later.account(tenant, self.borders.end(), &mut self.ledger)?;
        Ok(())
    }

    /// What all rows together do not account for.
    pub(super) fn unaccounted(&self) -> Option<Finding> {
        let is_whole = self.broken.is_none();
        is_whole.then(|| self.ledger.unexplained().or_else(|| self.claims.unfounded())).flatten()
    }

    /// Notes that a row says that something is missing.
    pub(super) fn quote(&mut self, row: &Row<'_>) {
        self.incomplete += 1;
        if self.incomplete <= QUOTED_MAX {
            self.notes
                .push(format!("Row {} says that the log is incomplete: {}", row.seq, row.data));
        } else if self.incomplete == QUOTED_MAX + 1 {
            self.notes.push("More rows say so.".to_owned());
        }
    }
}

/// The files of one kind in the order of their index, full or partial, up to the first that is missing.
fn in_order<'a>(
    files: &BTreeMap<&str, &'a [u8]>,
    content: Content,
) -> impl Iterator<Item = &'a [u8]> {
    (0..).map_while(move |index| {
        let path = Tile { content, index, width: WIDTH as u64 }.path();
        let partial = || {
            let prefix = format!("{path}.p/");
            let (name, bytes) =
                files.range::<str, _>((Included(prefix.as_str()), Unbounded)).next()?;
            name.starts_with(&prefix).then_some(bytes)
        };
        files.get(path.as_str()).or_else(partial).copied()
    })
}
