//! Whether the trust policy lets a program be started with these arguments.

use domain::run::ReasonCode;
use protocol::{
    Digest,
    trust_policy::{AllowedCommand, TrustPolicy},
};
use regex::Regex;

use crate::connector::CollectError;

/// Checks path, digest and arguments against `commands.allow`; one entry must allow them all.
pub(super) fn check(
    program: &str,
    arguments: &[String],
    sha256: Digest,
    policy: &TrustPolicy,
) -> Result<(), CollectError> {
    let entries: Vec<_> =
        policy.commands.allow.iter().filter(|entry| entry.path == program).collect();
    if entries.is_empty() {
        let detail = format!("the trust policy does not list {program}: add it to commands.allow");
        return Err(CollectError::denied(detail));
    }
    let is_pinned = |entry: &&&AllowedCommand| entry.sha256.is_none_or(|pinned| pinned == sha256);
    let pinned: Vec<_> = entries.iter().filter(is_pinned).collect();
    if pinned.is_empty() {
        let detail = format!("{program} is not the program that the trust policy pins ({sha256})");
        return Err(CollectError::new(ReasonCode::ToolChanged, detail));
    }
    if pinned.into_iter().any(|entry| arguments_fit(entry, arguments)) {
        return Ok(());
    }
    let detail = format!("the trust policy does not allow these arguments of {program}");
    Err(CollectError::denied(detail))
}

fn arguments_fit(entry: &AllowedCommand, arguments: &[String]) -> bool {
    entry.argv_patterns.as_ref().is_none_or(|patterns| {
        patterns.len() == arguments.len()
            && patterns.iter().zip(arguments).all(|(pattern, argument)| fits(pattern, argument))
    })
}

/// A pattern that cannot be read fits nothing.
fn fits(pattern: &str, argument: &str) -> bool {
    Regex::new(&format!(r"\A(?:{pattern})\z")).is_ok_and(|pattern| pattern.is_match(argument))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::tests::policy;

    fn verdict(sha256: Option<Digest>, patterns: Option<&[&str]>) -> Result<(), ReasonCode> {
        let mut policy = policy(&["/bin/ls"], &[]);
        policy.commands.allow[0].sha256 = sha256;
        policy.commands.allow[0].argv_patterns =
            patterns.map(|patterns| patterns.iter().map(|text| (*text).to_owned()).collect());
        let arguments = ["-l".to_owned(), "/tmp/a".to_owned()];
        check("/bin/ls", &arguments, Digest([7; 32]), &policy).map_err(|error| error.reason)
    }

    #[test]
    fn arguments_must_match_as_a_whole_in_order_and_number() {
        assert_eq!(verdict(None, None), Ok(()));
        assert_eq!(verdict(None, Some(&["-l", "/tmp/[a-z]"])), Ok(()));
        for patterns in [&["-l"][..], &["-l", "/tmp/"], &["/tmp/[a-z]", "-l"], &["-l", "("]] {
            assert_eq!(verdict(None, Some(patterns)), Err(ReasonCode::PolicyDenied));
        }
    }

    #[test]
    fn a_program_with_another_digest_than_the_pinned_one_is_refused() {
        assert_eq!(verdict(Some(Digest([7; 32])), None), Ok(()));
        assert_eq!(verdict(Some(Digest([8; 32])), None), Err(ReasonCode::ToolChanged));
    }
}
