//! What an operator with every right on the database and every file can try, each as an export with everything made anew that he can make anew.
//!
//! He also signs manifests: whoever holds the key of exports can. Where an attack needs the key of the log as well, it says so. The sixteen kinds are
//! those of the comparison of audit logs that the design starts from; each is tried carelessly (the rows as they are then) and with care.

mod list;
mod purged;

use chain::{
    policy::{Policy, Tier},
    report::{Kind, Report},
    verify,
};

pub use list::{ALL, shown};
pub use purged::account;

use crate::made_log::MadeLog;

/// Where the attacks on one row strike; the same as the index of the row.
pub const STRUCK: u64 = 147;
/// Rows of the log.
pub const ROWS: u64 = 300;
/// Rows of the log as it was signed the day before.
pub const ROWS_BEFORE: u64 = 200;

/// One way of doing one of the sixteen.
pub struct Attack {
    /// Its number among the sixteen.
    pub number: u8,
    /// What is done.
    pub name: &'static str,
    /// How.
    pub how: &'static str,
    /// The weakest evidence by which it is found.
    pub tier: Tier,
    /// What is named then: the row, if it can be told, and the rule.
    pub first_bad: (Option<u64>, Kind),
    make: fn(&Scene) -> Vec<u8>,
}

/// The log before anything was done to it, and what the operator has.
pub struct Scene {
    /// The log.
    pub log: MadeLog,
    /// Another tenant's.
    pub other: MadeLog,
    /// The log as a stranger signs it.
    pub stranger: MadeLog,
    /// Its rows.
    pub rows: Vec<String>,
    /// Its signed head.
    pub head: String,
}

impl Default for Scene {
    fn default() -> Self {
        let log = MadeLog::new(1);
        let rows = log.rows(ROWS);
        let head = log.witnessed_head(&rows);
        Self { log, other: MadeLog::new(2), stranger: MadeLog::with_key(1, 66), rows, head }
    }
}

impl Scene {
    /// The export before anything was done to it.
    pub fn sound(&self) -> Vec<u8> {
        self.log.export_under(&self.rows, &self.head)
    }

    /// The export that the attack makes.
    pub fn export(&self, attack: &Attack) -> Vec<u8> {
        (attack.make)(self)
    }

    /// What a reader finds who has evidence up to `evidence`, and asks for as much as it takes to find the attack.
    pub fn report(&self, attack: &Attack, evidence: Tier) -> Report {
        verify::bundle(&self.export(attack), self.policy(attack, evidence).as_ref())
    }

    /// What that reader pinned; nothing when all the evidence is that rows fit each other.
    pub fn policy(&self, attack: &Attack, evidence: Tier) -> Option<Policy> {
        match evidence {
            Tier::Chained => None,
            Tier::Signed | Tier::Timestamped => {
                Some(self.log.policy(attack.tier.max(Tier::Signed)))
            }
            Tier::Witnessed => Some(self.log.witnessed_policy(&self.rows)),
        }
    }
}
