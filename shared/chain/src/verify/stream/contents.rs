//! What each file of an export must say, given those before it.

use super::{Stream, container, order::nth_tile};
use crate::{
    Hash, anchor,
    bundle::{CHECKPOINT, KEYS, MANIFEST, MANIFEST_SIGNATURE, PAGE, README},
    checkpoint::Checkpoint,
    disclosure::{self, Claims},
    later,
    manifest::Manifest,
    note::{Note, VerifierKey},
    report::{Finding, Kind},
    tile::{Content, Tile},
    verify::head,
};

impl Stream {
    /// A file that an export may have. That none comes twice or at another place is checked where names must ascend.
    pub(super) fn optional(&mut self, name: &str, data: &[u8]) -> Result<(), Finding> {
        match name {
            anchor::PROOF => self.anchor = Some(data.to_vec()),
            anchor::TIMESTAMP => self.stamp = Some(data.to_vec()),
            disclosure::FILE => self.rows.disclose(Claims::read(data)?),
            later::FILE => self.rows.show(later::Lines::read(data, self.policy.as_ref())?),
            PAGE => {}
            _ => return Err(container("no further file")),
        }
        Ok(())
    }

    pub(super) fn fixed(&mut self, name: &str, data: &[u8]) -> Result<(), Finding> {
        match name {
            CHECKPOINT => self.checkpoint(data),
            MANIFEST => {
                let origin = self.head.as_ref().map_or("", |head| &head.origin);
                self.statement = Manifest::statement_of(origin, self.manifest);
                Ok(())
            }
            MANIFEST_SIGNATURE => self.manifest_signature(data),
            README | KEYS => Ok(()),
            _ => Err(container("no further file")),
        }
    }

    fn checkpoint(&mut self, data: &[u8]) -> Result<(), Finding> {
        let malformed = |why: String| Finding::of(Kind::Signature, "a signed checkpoint", why);
        let note = Note::parse(data).map_err(|error| malformed(error.to_string()))?;
        let checkpoint =
            Checkpoint::parse(note.text).map_err(|error| malformed(error.to_string()))?;
        let size = checkpoint.size;
        let mut findings = Vec::new();
        let mut head = head::vouched(&note, checkpoint, self.policy.as_ref(), &mut findings);
        if let Some(finding) = findings.pop() {
            return Err(finding);
        }
        let (proof, stamp) = (self.anchor.take(), self.stamp.take());
        head.anchor =
            head::anchored(note.text, proof.as_deref(), stamp.as_deref(), self.policy.as_ref())?;
        self.rows.believe(self.policy.as_ref().map_or(&[], |policy| &policy.log_keys));
        self.expected = nth_tile(size, 0);
        self.unsigned = head.signed_by.is_empty().then(|| data.to_vec());
        self.head = Some(head);
        Ok(())
    }

    /// Believes a checkpoint that no pinned key signed, if row 0 shows that one of them named its key.
    pub(super) fn follow(&mut self) -> Result<(), Finding> {
        let (Some(policy), Some(note)) = (&self.policy, self.unsigned.take()) else {
            return Ok(());
        };
        let signed_by = head::followed(&note, self.rows.named(), policy)?;
        if let Some(head) = &mut self.head {
            head.signed_by = signed_by;
        }
        Ok(())
    }

    fn manifest_signature(&self, data: &[u8]) -> Result<(), Finding> {
        let malformed = |why: String| Finding::of(Kind::Manifest, "a signed manifest", why);
        let note = Note::parse(data).map_err(|error| malformed(error.to_string()))?;
        if note.text != self.statement || note.signatures.len() != 1 {
            return Err(Finding::of(Kind::Manifest, &self.statement, note.text));
        }
        if let Some(policy) = &self.policy {
            signers(&note, &policy.manifest_keys())?;
        }
        Ok(())
    }

    pub(super) fn tile(&mut self, tile: &Tile, data: &[u8]) -> Result<Option<Hash>, Finding> {
        self.passed += 1;
        self.expected = self.head.as_ref().and_then(|head| nth_tile(head.size, self.passed));
        match tile.content {
            Content::Hashes { level } => {
                // What follows is summed up over all tiles of a level: where one ends is checked here.
                if data.len() as u64 != tile.width * 32 {
                    return Err(Finding::of(Kind::Tile, tile.path(), "another length"));
                }
                self.rows.claim(level, data);
                Ok(None)
            }
            Content::Entries => {
                let origin = self.head.as_ref().map_or("", |head| &head.origin);
                let sum = self.rows.bundle(data, tile.width, origin)?;
                self.follow().map(|()| sum)
            }
        }
    }
}

fn signers(note: &Note<'_>, keys: &[VerifierKey]) -> Result<Vec<String>, Finding> {
    let mut findings = Vec::new();
    let signers = head::signers(note, keys, &mut findings);
    findings.pop().map_or(Ok(signers), Err)
}
