//! The vectors of signed heads, and of whom to believe about them.

use crate::{
    cosignature,
    policy::{Policy, Tier},
    quorum::Quorum,
    sample::{self, log_signer},
};

pub(super) fn checkpoint() -> String {
    sample::checkpoint(&sample::rows(3)).sign(&log_signer()).unwrap()
}

pub(super) fn policy() -> String {
    Policy { tier: Tier::Signed, ..sample::policy() }.to_string()
}

/// The witness' key, the text that it signs, and the checkpoint with its line.
pub(super) fn cosignature() -> String {
    let (witness, text) =
        (cosignature::tests::witness(), sample::checkpoint(&sample::rows(3)).to_text());
    let line = witness.cosign(&text, 1_763_683_200).unwrap();
    format!("{}\n\n{}{line}", witness.public(), checkpoint())
}

pub(super) fn policy_witnessed() -> String {
    let quorum = Quorum::of_one("build-1", cosignature::tests::witness().public()).unwrap();
    Policy { quorum, tier: Tier::Witnessed, ..sample::policy() }.to_string()
}
