//! The answer to a page: the report, and what it means.

use chain::{policy::Policy, report::Report};
use serde::Serialize;

/// What a page shows.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer<'a> {
    /// The report, exactly as `audit-verify --json` has it, and its words.
    Verified { report: &'a Report, words: Words<'a> },
    /// The policy cannot be used; nothing was verified.
    Policy(String),
}

/// The report in whole sentences.
#[derive(Serialize)]
struct Words<'a> {
    answer: String,
    verdict: &'a str,
    tier: &'a str,
    finding: Option<&'a str>,
}

/// Reads the text of a policy. Nothing but white space is none, as if `audit-verify` were called without `--policy`.
///
/// # Errors
/// What to show when the policy cannot be used: `{"policy":"why"}`.
pub fn policy(text: &[u8]) -> Result<Option<Policy>, String> {
    let text = String::from_utf8_lossy(text);
    if text.trim().is_empty() {
        return Ok(None);
    }
    text.parse::<Policy>().map(Some).map_err(|error| {
        let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
        write(&Answer::Policy(format!("{error}{}", source.unwrap_or_default())))
    })
}

/// Describes a report in JSON: `{"verified":{"report":…,"words":{"answer":…,"verdict":…,"tier":…,"finding":…}}}`.
pub fn describe(report: &Report) -> String {
    let words = Words {
        answer: report.answer(),
        verdict: report.meaning(),
        tier: report.tier.meaning(),
        finding: report.first_bad.as_ref().map(|finding| finding.kind.meaning()),
    };
    write(&Answer::Verified { report, words })
}

fn write(answer: &Answer<'_>) -> String {
    // Nothing in it can fail to be written; if it did, the page says that there is no answer.
    serde_json::to_string(answer).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Written by `chain`'s example `sample_export`: three rows, and the key that signed them.
    const EXPORT: &[u8] = include_bytes!("../../../shared/chain/src/verify/testdata/v1.audit.zip");
    const ORIGIN: &str = "audit.example.com/ten_01jd5x0000e008000000000001";

    fn pinned() -> String {
        let key = ed25519_dalek::SigningKey::from_bytes(&[42; 32]);
        let signer = chain::note::Signer::new(ORIGIN, key).unwrap();
        format!("origin {ORIGIN}\nlog {}\n", signer.verifier_key())
    }

    fn ask(bundle: &[u8], text: &str) -> Value {
        let answer = match policy(text.as_bytes()) {
            Ok(policy) => describe(&chain::verify::file(bundle, policy.as_ref())),
            Err(answer) => answer,
        };
        serde_json::from_str(&answer).unwrap()
    }

    #[test]
    fn a_whole_export_is_ok_with_the_words_for_it() {
        let answer = &ask(EXPORT, &pinned())["verified"];
        assert_eq!(answer["report"]["verdict"], "ok");
        assert_eq!(answer["report"]["rows_checked"], 3);
        assert_eq!(answer["words"]["answer"], format!("OK: {ORIGIN} is whole and unchanged."));
        assert_eq!(answer["words"]["finding"], Value::Null);
    }

    #[test]
    fn an_altered_export_is_broken_with_the_words_for_it() {
        let mut altered = EXPORT.to_vec();
        let place = altered.windows(16).position(|window| window == b"\"log.genesis\",\"a");
        altered[place.unwrap() + 1] = b'L';
        let answer = &ask(&altered, &pinned())["verified"];
        assert_eq!(answer["report"]["first_bad"]["kind"], "row_hash");
        assert_eq!(answer["words"]["finding"], "the bytes of the row were changed");
    }

    #[test]
    fn without_a_policy_an_export_is_incomplete() {
        assert_eq!(ask(EXPORT, " \n")["verified"]["report"]["verdict"], "incomplete");
    }

    #[test]
    fn a_policy_that_cannot_be_used_gives_no_report() {
        let answer = ask(EXPORT, "origin o\nlog nonsense");
        let why = answer["policy"].as_str().unwrap();
        assert!(why.contains("line 2") && why.contains("plus"), "{why}");
        assert_eq!(answer["verified"], Value::Null);
    }
}
