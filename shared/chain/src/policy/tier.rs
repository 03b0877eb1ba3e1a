//! How strong a proof is.

use std::fmt;

use serde::Serialize;

/// Whom the proof binds; each includes the ones before.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Nobody: the rows fit each other; whoever holds them could have made them all anew.
    Chained,
    /// The log's signer: nobody without its key changed anything.
    Signed,
    /// And time: the signer itself changed nothing that is older than an external time stamp.
    Timestamped,
    /// And witnesses: the signer showed everybody the same log.
    Witnessed,
}

impl Tier {
    /// Every tier, weakest first.
    pub const ALL: [Self; 4] = [Self::Chained, Self::Signed, Self::Timestamped, Self::Witnessed];

    /// The tier of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.name() == name)
    }

    /// Its name in policies and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chained => "chained",
            Self::Signed => "signed",
            Self::Timestamped => "timestamped",
            Self::Witnessed => "witnessed",
        }
    }

    /// Against whom the log is proved, and against whom it is not.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Chained => {
                "The rows fit each other. Whoever holds them could have made them all anew."
            }
            Self::Signed => {
                "Nobody without the log's key changed anything. Whoever holds that key could have signed another history."
            }
            Self::Timestamped => {
                "Not even the log's signer changed what is older than the time stamp. It could have shown others a different log."
            }
            Self::Witnessed => {
                "Not even the log's signer changed anything that a witness has seen, and it showed everybody the same log."
            }
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
