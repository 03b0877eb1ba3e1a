//! How the command is used, and what cannot be read or answered.

use std::{fs, path::Path, process::ExitCode};

use chain::policy::Tier;

use super::{Desk, run};
use crate::command::{Args, execute};

#[test]
fn files_that_cannot_be_read_are_usage() {
    let desk = Desk::new(1);
    let (status, text) = desk.verify(Some("no-such-policy.txt"), false);
    assert_eq!(status, 3, "{text}");
    assert!(text.contains("no-such-policy.txt"), "{text}");
    desk.write("policy.txt", b"origin o\nlog nonsense");
    let (status, text) = desk.verify(Some("policy.txt"), false);
    assert_eq!(status, 3, "{text}");
    assert!(
        text.contains("line 2") && text.contains("plus"),
        "the line and what is wrong with it: {text}"
    );
    fs::remove_file(desk.path("log.audit.zip")).unwrap();
    assert_eq!(desk.verify(Some("policy.txt"), false).0, 3);
}

#[test]
fn help_teaches_and_wrong_arguments_are_usage() {
    let (status, help, _) = run(&["--help"]);
    assert_eq!(status, ExitCode::SUCCESS);
    let tiers = Tier::ALL.map(Tier::name);
    let words = ["--policy", "--tier", "origin audit.example.com", "Exit status", "incomplete"];
    for taught in words.into_iter().chain(tiers) {
        assert!(help.contains(taught), "{taught}\n{help}");
    }
    let golden = ["a", "--tier", "golden"];
    for wrong in [[].as_slice(), &["a", "b"], &["a", "--unknown"], &["a", "--policy"], &golden] {
        let (status, out, err) = run(wrong);
        assert_eq!((status, out.is_empty(), err.is_empty()), (ExitCode::from(3), true, false));
    }
}

#[test]
fn an_answer_that_nobody_can_read_is_no_success() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let desk = Desk::new(1);
    let path = desk.path("log.audit.zip");
    let args =
        Args { path, policy: Some(desk.path("policy.txt")), row: None, tier: None, json: false };
    assert_eq!(execute(&args, &mut Full), 3);
    assert!(Path::new(&args.path).exists());
}
