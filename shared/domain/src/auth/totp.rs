//! Time-based one-time passwords (RFC 6238): SHA-1, six digits, 30 seconds, what every authenticator app does.
//!
//! A code is accepted one step early or late (RFC 6238 §5.2) and never twice: its step must be later than the last one accepted.

use std::fmt;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use totp_rs::{Algorithm, Builder, Secret};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::Timestamp;

const STEP_S: u64 = 30;
const DIGITS: u8 = 6;
/// Steps early or late that a code still counts.
const SKEW_STEPS: u16 = 1;

/// A time step: whole 30 seconds since 1970.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Step(u64);

/// A shared secret of 160 bits (RFC 4226 §4).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct TotpSecret([u8; 20]);

impl TotpSecret {
    /// The secret with these bytes.
    pub const fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Its bytes, to be sealed.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// What a person can type into an app: 32 characters of base 32.
    pub fn base32(&self) -> SecretString {
        Secret::new_stack(self.0).to_base32().into()
    }

    /// What an app scans: `otpauth://totp/<issuer>:<account>?secret=…&issuer=…`. Colons in the names are dropped.
    pub fn uri(&self, issuer: &str, account: &str) -> SecretString {
        let totp = Builder::new()
            .with_secret(Secret::new_stack(self.0))
            .with_issuer(Some(issuer.replace(':', "")))
            .with_account_name(account.replace(':', ""))
            .build_noncompliant();
        totp.to_url().unwrap_or_default().into()
    }

    /// The step of `code`, if it is right at `now` and later than `last`, the step that was accepted last.
    pub fn accept(&self, code: &str, now: Timestamp, last: Option<Step>) -> Option<Step> {
        let seconds = u64::try_from(now.unix_s()).ok()?;
        let totp = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_skew(SKEW_STEPS)
            .with_step_duration(STEP_S)
            .with_secret(Secret::new_stack(self.0))
            .build_noncompliant();
        let step = totp.check(code, seconds).map(Step)?;
        last.is_none_or(|last| step > last).then_some(step)
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    /// The secret of both RFCs.
    fn secret() -> TotpSecret {
        TotpSecret::new(*b"12345678901234567890")
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_s(seconds)
    }

    /// RFC 6238 appendix B, the SHA-1 rows: the last six of their eight digits.
    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = u64::try_from(seconds / 30).unwrap();
            assert_eq!(secret().accept(code, at(seconds), None), Some(Step(step)), "{seconds}");
        }
    }

    /// RFC 4226 appendix D: counters 0 to 9.
    #[test]
    fn codes_are_those_of_rfc_4226() {
        let codes = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
            "399871", "520489",
        ];
        for (step, code) in codes.iter().enumerate() {
            let seconds = i64::try_from(step * 30).unwrap();
            assert_eq!(secret().accept(code, at(seconds), None), Some(Step(step as u64)), "{step}");
        }
    }

    /// `338314` is the code of step 4: 120 s to 149 s.
    #[test]
    fn a_code_counts_one_step_early_and_one_step_late() {
        for (seconds, accepted) in [(89, false), (90, true), (120, true), (179, true), (180, false)]
        {
            assert_eq!(
                secret().accept("338314", at(seconds), None).is_some(),
                accepted,
                "{seconds}"
            );
        }
    }

    #[test]
    fn a_step_counts_once_and_no_earlier_step_after_it() {
        let accept = |code, last| secret().accept(code, at(130), Some(Step(last))).is_some();
        assert!(accept("338314", 3), "step 4 after step 3");
        assert!(!accept("338314", 4), "step 4 again");
        assert!(!accept("969429", 4), "step 3 after step 4");
        assert!(accept("254676", 4), "step 5 after step 4");
    }

    #[test]
    fn only_six_ascii_digits_are_a_code() {
        for code in [
            "",
            "33831",
            "3383140",
            " 338314",
            "338 314",
            "+38314",
            "\u{663}\u{663}\u{668}",
            "abcdef",
        ] {
            assert_eq!(secret().accept(code, at(130), None), None, "{code:?}");
        }
    }

    /// Base 32 by Python's `base64.b32encode`; the form by Google's Key URI Format.
    #[test]
    fn an_app_is_given_the_secret_and_both_names() {
        assert_eq!(secret().base32().expose_secret(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            secret().uri("Proofline", "ada@example.com").expose_secret(),
            "otpauth://totp/Proofline:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Proofline"
        );
        assert!(secret().uri("A:B", "c:d").expose_secret().starts_with("otpauth://totp/AB:cd?"));
    }
}
