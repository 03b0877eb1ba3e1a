//! A control plane, and a person who types.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::Value;
use tempfile::TempDir;
use totp_rs::{Builder, Secret};

/// Nobody's password but this test's.
pub(crate) const PASSWORD: &str = "seventeen quiet otters";

/// A control plane, and a person's machine.
pub(crate) struct Site {
    pub(crate) folder: TempDir,
    server: Child,
    pub(crate) url: String,
    pub(crate) invitation: String,
}

impl Site {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server =
            program(folder.path(), &["serve", "--port", "0", "--json"]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        Self { url: text("url"), invitation: text("invitation"), folder, server }
    }

    /// What a command answers; nobody is there to be asked.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(self.folder.path(), arguments);
        command.env("PROOFLINE_SESSION", self.folder.path().join("me/session.json"));
        command
    }

    /// Makes the first owner's account, as a program would that has an authenticator app. The secret of the second factor.
    pub(crate) fn come_in(&self) -> String {
        self.try_to_come_in().unwrap()
    }

    /// The same, if the invitation counts.
    pub(crate) fn try_to_come_in(&self) -> Option<String> {
        let arguments = ["--email", "ada@customer.example", "--name", "Ada Lovelace"];
        let (said, secret) = self.enrol(&arguments, ("PROOFLINE_INVITATION", &self.invitation));
        let secret = secret?;
        assert!(said.contains("as ada@customer.example"), "{said}");
        Some(secret)
    }

    /// Signs in with what a letter or the server gave, and sets up a second factor: what was said, and the secret, unless it was refused.
    pub(crate) fn enrol(
        &self,
        arguments: &[&str],
        given: (&str, &str),
    ) -> (String, Option<String>) {
        let mut login = self.command(&[&["login", "--stdin"][..], arguments].concat());
        login.env(given.0, given.1).env("PROOFLINE_URL", &self.url);
        let mut login = login.stdin(Stdio::piped()).spawn().unwrap();
        let mut answers = login.stdin.take().unwrap();
        writeln!(answers, "{PASSWORD}").unwrap();
        let mut refused = String::new();
        let mut shown = BufReader::new(login.stderr.take().unwrap()).lines().map(Result::unwrap);
        let Some(secret) = shown.find_map(|line| {
            refused.push_str(&line);
            as_secret(&line)
        }) else {
            login.wait().unwrap();
            return (refused, None);
        };
        writeln!(answers, "{}", code(&secret, -30)).unwrap();
        drop(answers);
        let rest: String = shown.collect();
        let output = login.wait_with_output().unwrap();
        assert!(output.status.success(), "{rest}");
        (String::from_utf8(output.stdout).unwrap(), Some(secret))
    }

    /// What a command answers to which these lines are typed.
    pub(crate) fn typed(&self, arguments: &[&str], lines: &[&str]) -> Output {
        let mut command = self.command(arguments);
        let mut command =
            command.env("PROOFLINE_URL", &self.url).stdin(Stdio::piped()).spawn().unwrap();
        command.stdin.take().unwrap().write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
        command.wait_with_output().unwrap()
    }

    /// The link of the last letter to somebody, once it is there.
    pub(crate) fn link(&self, to: &str, kind: &str) -> String {
        let outbox = self.folder.path().join("proofline-data/outbox");
        for _ in 0..100_000 {
            let letters = fs::read_dir(&outbox).into_iter().flatten().flatten();
            let letters = letters.filter_map(|entry| fs::read_to_string(entry.path()).ok());
            let mut to_them = letters.filter(|letter| letter.contains(&format!("To: {to}\r\n")));
            let found = to_them.find_map(|letter| {
                let mut lines = letter.lines().map(str::to_owned);
                lines.find(|line| line.starts_with("http") && line.contains(kind))
            });
            if let Some(link) = found {
                return link;
            }
        }
        panic!("no letter to {to} has a link with {kind}")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_proofline"));
    command.args(arguments).env_clear().current_dir(folder);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A line of groups of base 32, without the spaces.
pub(crate) fn as_secret(line: &str) -> Option<String> {
    let text = line.replace(' ', "");
    let is_base32 = |c: char| matches!(c, 'A'..='Z' | '2'..='7');
    (text.len() == 32 && text.chars().all(is_base32)).then_some(text)
}

/// What the authenticator app shows, `offset_s` from now (RFC 6238).
pub(crate) fn code(secret: &str, offset_s: i64) -> String {
    #[expect(clippy::disallowed_methods, reason = "it stands in for a person's authenticator app")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let secret = Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new().with_secret(secret).build().unwrap();
    totp.generate(now.strict_add_signed(offset_s)).to_string()
}

pub(crate) fn said(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}
