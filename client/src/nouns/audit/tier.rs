//! How much must stand behind the head of a log, as far as the control plane itself says so. Who must not have to believe it verifies an export.

use clap::ValueEnum;
use serde_json::Value;

use crate::failure::Failure;

/// The least that must stand behind a head; each includes the ones before.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, ValueEnum)]
pub(super) enum Tier {
    /// The rows fit each other
    Chained,
    /// The deployment signed it
    Signed,
    /// An authority stamped it (RFC 3161)
    Timestamped,
    /// A witness cosigned it
    Witnessed,
}

impl Tier {
    const ALL: [Self; 4] = [Self::Chained, Self::Signed, Self::Timestamped, Self::Witnessed];

    /// Its name on the wire.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Chained => "chained",
            Self::Signed => "signed",
            Self::Timestamped => "timestamped",
            Self::Witnessed => "witnessed",
        }
    }

    /// Up to which head an export goes.
    pub(super) const fn head(self) -> &'static str {
        match self {
            Self::Chained | Self::Signed | Self::Timestamped => "newest",
            Self::Witnessed => "witnessed",
        }
    }

    /// Fails unless this much stands behind what `answer` tells of, an export or a verification.
    pub(super) fn require(self, answer: &Value) -> Result<(), Failure> {
        let told = answer.get("tier").and_then(Value::as_str);
        let told = Self::ALL.into_iter().find(|tier| told == Some(tier.name()));
        let told = told.ok_or(Failure::Answer("tier"))?;
        if told >= self {
            Ok(())
        } else {
            Err(Failure::Tier { asked: self.name(), told: told.name() })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_below_the_tier_does_not_do_for_whoever_demands_it() {
        for (at, told) in Tier::ALL.into_iter().enumerate() {
            for (place, asked) in Tier::ALL.into_iter().enumerate() {
                let required = asked.require(&json!({"tier": told.name()}));
                assert_eq!(required.is_ok(), at >= place, "{told:?} for {asked:?}");
            }
        }
        let refused = Tier::Timestamped.require(&json!({"tier": "signed"})).unwrap_err();
        assert_eq!(refused.exit_code(), 1);
    }

    #[test]
    fn an_answer_that_says_no_tier_is_not_taken_for_one() {
        for answer in [json!({}), json!({"tier": "golden"}), json!({"tier": 3})] {
            assert!(Tier::Chained.require(&answer).is_err(), "{answer}");
        }
    }
}
