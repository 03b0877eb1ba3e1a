//! What is kept, and what is asked of `chain` when it is not there yet.

use std::collections::{BTreeMap, HashMap};

use chain::{
    commit::{self, Before, Commit, Cursors, Head, Page},
    instances::Instances,
    intent::VerifiedIntent,
    remark::Remark,
    row::Row,
};

use super::{
    CommitId, Draft, IntentId, Said,
    words::{EVENT_PREFIX, gap, noted, signed, time},
};

#[derive(Default)]
pub(super) struct Shelves {
    pub(super) intents: Vec<(Said, VerifiedIntent)>,
    pub(super) by_said: HashMap<Said, IntentId>,
    pub(super) commits: Vec<Entry>,
    pub(super) by_text: HashMap<String, CommitId>,
    pub(super) nexts: HashMap<Draft, Option<CommitId>>,
    pub(super) follows: HashMap<(Option<CommitId>, CommitId), bool>,
}

pub(super) struct Entry {
    pub(super) commit: Commit,
    pub(super) parent: Option<CommitId>,
    pub(super) rows: Vec<IntentId>,
}

impl Shelves {
    pub(super) fn head(&self, commit: Option<CommitId>) -> Head {
        commit.map_or_else(Head::default, |id| self.commits[usize::from(id)].commit.head().unwrap())
    }

    pub(super) fn rows(&self, commit: Option<CommitId>) -> Vec<IntentId> {
        let lineage = self.lineage(commit).into_iter();
        lineage.flat_map(|id| self.commits[usize::from(id)].rows.clone()).collect()
    }

    /// A commit and those before it, the first one first.
    pub(super) fn lineage(&self, commit: Option<CommitId>) -> Vec<CommitId> {
        let back = std::iter::successors(commit, |id| self.commits[usize::from(*id)].parent);
        let mut lineage: Vec<_> = back.collect();
        lineage.reverse();
        lineage
    }

    pub(super) fn pack(&mut self, draft: &Draft) -> Option<Commit> {
        let mut head = self.head(draft.head);
        if !draft.asks {
            head.instances = Instances::default();
        }
        let intents: Vec<_> =
            draft.page.iter().map(|id| self.intents[usize::from(*id)].1.clone()).collect();
        let (before, rx) = (self.before(draft, &head, &intents), time(draft.now));
        let late: Vec<_> = draft.late.iter().map(gap).collect();
        let cursors: Cursors = (0..)
            .zip(&draft.cursors)
            .map(|(source, at): (usize, _)| (source.to_string(), at.to_string()))
            .collect();
        let page = Page { intents: &intents, before: &before, late: &late, cursors: &cursors };
        let (sealer, size) = (draft.sealer, head.tree.size());
        let mut place = 0;
        let mut note = |remark: &Remark| {
            place += 1;
            let id = self.intent(Said::Remark { sealer, remark: noted(remark), size, place });
            Ok(self.intents[usize::from(id)].1.clone())
        };
        commit::next(&head, &page, &rx, &mut note).unwrap().commit
    }

    /// What the log holds under the numbers for which `chain` wants to know.
    fn before(
        &self,
        draft: &Draft,
        head: &Head,
        intents: &[VerifiedIntent],
    ) -> BTreeMap<usize, Before> {
        let rows = self.rows(draft.head).into_iter().map(|id| &self.intents[usize::from(id)].1);
        let rows: Vec<_> = rows.collect();
        let found = |place: usize| {
            let wanted = &intents[place].intent().src;
            let is_it = |row: &&&VerifiedIntent| {
                let src = &row.intent().src;
                (&src.app, &src.instance, src.number)
                    == (&wanted.app, &wanted.instance, wanted.number)
            };
            rows.iter().find(is_it).map_or(Before::Nothing, |row| Before::Sealed(row.digest()))
        };
        let asked = commit::to_ask(head, intents, &time(draft.now)).into_iter();
        asked.map(|place| (place, found(place))).collect()
    }

    pub(super) fn intent(&mut self, said: Said) -> IntentId {
        if let Some(known) = self.by_said.get(&said) {
            return *known;
        }
        let id = self.intents.len().try_into().unwrap();
        let intent = signed(id, &said, &self.intents);
        self.intents.push((said.clone(), intent));
        self.by_said.insert(said, id);
        id
    }

    pub(super) fn keep(&mut self, parent: Option<CommitId>, commit: Commit) -> CommitId {
        let text = serde_json::to_string(&commit).unwrap();
        if let Some(known) = self.by_text.get(&text) {
            return *known;
        }
        let id = self.commits.len().try_into().unwrap();
        let event = |row: &String| {
            Row::parse(row).unwrap().id.strip_prefix(EVENT_PREFIX).unwrap().parse().unwrap()
        };
        let rows = commit.rows.iter().map(event).collect();
        self.commits.push(Entry { commit, parent, rows });
        self.by_text.insert(text, id);
        id
    }
}
