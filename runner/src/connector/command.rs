//! `command`: what one program prints.
//!
//! No shell, an empty environment but for a fixed path and locale, no input, an empty directory, a process group of its own that
//! ends with the step. Evidence: `{argv, exit_code, signal, stdout, stderr, truncated, tool}`.

mod allowed;
mod process;

use std::path::Path;

use domain::{
    procedure::{Command, StdoutFormat},
    run::ReasonCode,
};
use protocol::{Digest, Name, statement::Tool, trust_policy::TrustPolicy};
use serde_json::{Value, json};

use super::{Bounds, CollectError, Collected};
use crate::file_digest::file_digest;
use process::Finished;

const UNKNOWN: &str = "unknown";

pub(super) async fn collect(
    settings: &Command,
    policy: &TrustPolicy,
    bounds: &Bounds<'_>,
) -> Result<Collected, CollectError> {
    let (program, arguments) = settings
        .argv
        .split_first()
        .ok_or_else(|| CollectError::denied("the step names no program"))?;
    let sha256 = digest_of(program)?;
    allowed::check(program, arguments, sha256, policy)?;
    let version = version_of(settings, program, sha256, policy, bounds).await;
    let finished = process::run(program, arguments, bounds).await?;
    if digest_of(program)? != sha256 {
        let detail = format!("{program} was replaced while it ran");
        return Err(CollectError::new(ReasonCode::ToolChanged, detail));
    }
    let tool = Tool { name: name_of(program), version, sha256 };
    let stdout = read_stdout(settings.stdout, &finished)?;
    let value = json!({
        "argv": settings.argv,
        "exit_code": finished.exit_code,
        "signal": finished.signal,
        "stdout": stdout,
        "stderr": lines(&finished.stderr),
        "truncated": finished.is_truncated,
        "tool": { "path": program, "sha256": sha256, "version": tool.version },
    });
    Ok(Collected { value, tool: Some(tool) })
}

fn read_stdout(format: StdoutFormat, finished: &Finished) -> Result<Value, CollectError> {
    match format {
        StdoutFormat::Lines => Ok(lines(&finished.stdout)),
        StdoutFormat::Json if finished.is_truncated => Ok(Value::Null),
        StdoutFormat::Json => serde_json::from_slice(&finished.stdout).map_err(|error| {
            if finished.exit_code == Some(0) {
                CollectError::unreadable(format!("the output is not JSON: {error}"))
            } else {
                let detail = format!("the program ended with {:?}", finished.exit_code);
                CollectError::new(ReasonCode::ToolFailed, detail)
            }
        }),
    }
}

fn lines(bytes: &[u8]) -> Value {
    String::from_utf8_lossy(bytes).lines().map(Value::from).collect()
}

/// The version that the program prints, or `unknown`: only the number leaves the Runner, never the line around it.
async fn version_of(
    settings: &Command,
    program: &str,
    sha256: Digest,
    policy: &TrustPolicy,
    bounds: &Bounds<'_>,
) -> Name {
    let unknown = || UNKNOWN.parse().expect("a word of letters is a name");
    let arguments = &settings.version_args;
    if arguments.is_empty() || allowed::check(program, arguments, sha256, policy).is_err() {
        return unknown();
    }
    let Ok(finished) = process::run(program, arguments, bounds).await else { return unknown() };
    let text = String::from_utf8_lossy(&finished.stdout).into_owned();
    version_in(&text).unwrap_or_else(unknown)
}

/// The first word with a number, a dot and a number.
fn version_in(text: &str) -> Option<Name> {
    let candidates = text.split(|letter: char| letter.is_whitespace() || "(),;".contains(letter));
    candidates
        .filter(|word| word.len() <= 32)
        .find(|word| {
            let (major, rest) = word.split_once('.').unwrap_or_default();
            !major.is_empty()
                && major.bytes().all(|byte| byte.is_ascii_digit())
                && rest.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
        })
        .and_then(|word| word.parse().ok())
}

fn name_of(program: &str) -> Name {
    let name = Path::new(program).file_name().and_then(|name| name.to_str());
    let parsed = name.and_then(|name| name.parse().ok());
    parsed.unwrap_or_else(|| "program".parse().expect("a word of letters is a name"))
}

fn digest_of(program: &str) -> Result<Digest, CollectError> {
    file_digest(Path::new(program))
        .map_err(|error| CollectError::new(ReasonCode::ToolMissing, format!("{program}: {error}")))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::connector::{
        self,
        tests::{assert_check, bounds, policy},
    };

    fn command(argv: &[&str], stdout: StdoutFormat) -> Command {
        let argv = argv.iter().map(|argument| (*argument).to_owned()).collect();
        Command { argv, stdout, version_args: Vec::new() }
    }

    async fn run(argv: &[&str]) -> Result<Collected, CollectError> {
        let scratch = tempfile::tempdir().unwrap();
        let programs = ["/usr/bin/printf", "/usr/bin/env", "/bin/sh", "/usr/bin/pwd"];
        let settings = command(argv, StdoutFormat::Lines);
        collect(&settings, &policy(&programs, &[]), &bounds(scratch.path())).await
    }

    #[tokio::test]
    async fn a_program_runs_without_a_shell_and_its_output_is_collected() {
        let collected = run(&["/usr/bin/printf", "%s\\n", "$HOME; `id`", "b"]).await.unwrap();
        assert_check(
            &collected.value,
            "value.exit_code == 0 && value.stdout == ['$HOME; `id`', 'b']",
            &json!({ "exit_code": 1, "stdout": [] }),
        );
        let tool = collected.tool.unwrap();
        assert_eq!(tool.name.as_str(), "printf");
        assert_eq!(tool.sha256, digest_of("/usr/bin/printf").unwrap());
    }

    #[tokio::test]
    async fn the_environment_is_cleared() {
        let collected = run(&["/usr/bin/env"]).await.unwrap();
        let lines = collected.value["stdout"].as_array().unwrap().clone();
        let mut names: Vec<_> =
            lines.iter().map(|line| line.as_str().unwrap().split_once('=').unwrap().0).collect();
        names.sort_unstable();
        assert_eq!(names, ["HOME", "LC_ALL", "PATH", "TZ"]);
    }

    #[tokio::test]
    async fn a_program_that_is_not_listed_is_not_started() {
        let refused = run(&["/usr/bin/id"]).await.unwrap_err();
        assert_eq!(refused.reason, ReasonCode::PolicyDenied);
        let missing = run(&["/usr/bin/does-not-exist"]).await.unwrap_err();
        assert_eq!(missing.reason, ReasonCode::ToolMissing);
    }

    #[tokio::test]
    async fn output_beyond_the_limit_is_cut_and_the_program_ended() {
        let collected =
            run(&["/bin/sh", "-c", "while :; do echo 0123456789012345678901234567890; done"]);
        let collected = collected.await.unwrap();
        assert!(connector::is_truncated(&collected.value));
    }

    #[tokio::test]
    async fn a_program_that_takes_too_long_is_killed_with_its_children() {
        let scratch = tempfile::tempdir().unwrap();
        let child = scratch.path().join("child");
        let script = format!("sleep 60 & echo $! > {}; sleep 60", child.display());
        let settings = command(&["/bin/sh", "-c", &script], StdoutFormat::Lines);
        let connector = domain::procedure::Connector::Command(settings);
        let bounds = Bounds { timeout: Duration::from_millis(300), ..bounds(scratch.path()) };
        let started = Instant::now();
        let refused =
            connector::collect(&connector, &policy(&["/bin/sh"], &[]), &bounds).await.unwrap_err();
        assert_eq!(refused.reason, ReasonCode::TimedOut);
        let child = std::fs::read_to_string(child).unwrap();
        while is_running(child.trim()) {
            assert!(started.elapsed() < Duration::from_secs(30), "the child survived");
            std::thread::yield_now();
        }
    }

    /// A process that has ended and waits to be collected counts as ended (proc(5): state Z).
    fn is_running(pid: &str) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|stat| !stat.rsplit(')').next().unwrap().trim().starts_with('Z'))
    }

    #[tokio::test]
    async fn a_child_in_the_background_does_not_keep_the_step_waiting() {
        let started = Instant::now();
        let collected = run(&["/bin/sh", "-c", "sleep 30 & echo done"]).await.unwrap();
        assert_eq!(collected.value["stdout"], json!(["done"]));
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[tokio::test]
    async fn json_is_read_and_a_failed_program_is_told_from_unreadable_output() {
        let scratch = tempfile::tempdir().unwrap();
        let (policy, bounds) = (policy(&["/bin/sh"], &[]), bounds(scratch.path()));
        let read = |script: &str| command(&["/bin/sh", "-c", script], StdoutFormat::Json);
        let sound = collect(&read("echo '{\"a\":1}'"), &policy, &bounds).await.unwrap();
        assert_eq!(sound.value["stdout"], json!({ "a": 1 }));
        let text = collect(&read("echo text"), &policy, &bounds).await.unwrap_err();
        assert_eq!(text.reason, ReasonCode::OutputUnreadable);
        let failed = collect(&read("exit 3"), &policy, &bounds).await.unwrap_err();
        assert_eq!(failed.reason, ReasonCode::ToolFailed);
    }

    #[test]
    fn of_a_version_text_only_the_number_is_taken() {
        let openssl = "OpenSSL 3.0.19 27 Jan 2026 (Library: OpenSSL 3.0.19)";
        assert_eq!(version_in(openssl).unwrap().as_str(), "3.0.19");
        assert_eq!(version_in("bash, version 5.2.15(1)-release").unwrap().as_str(), "5.2.15");
        assert!(version_in("host42 secret").is_none());
    }
}
