//! Where the demo works: its folder, and the commands that it runs as anyone would.

use std::{
    fs,
    path::PathBuf,
    process::{Output, Stdio},
};

use serde_json::Value;
use tokio::process::{Child, Command};

use super::{
    DemoArgs,
    telling::{DemoError, Doing as _},
};

/// Tells a folder of an earlier demo, which may be replaced, from anything else, which may not.
const MARKER: &str = "made-by-proofline-demo";

/// The demo's folder and program.
pub(super) struct Bench {
    /// Everything that the demo makes.
    pub(super) out: PathBuf,
    /// What the demo was asked for.
    pub(super) args: DemoArgs,
    program: PathBuf,
}

/// What a command said.
pub(super) struct Ran {
    /// Its exit code.
    pub(super) code: i32,
    /// What it said as JSON on stdout.
    pub(super) json: Value,
    /// What it said to people on stderr.
    pub(super) stderr: String,
}

impl Bench {
    /// An empty folder: a new one, or that of an earlier demo.
    pub(super) fn prepare(args: &DemoArgs) -> Result<Self, DemoError> {
        const DOING: &str = "preparing the output folder";
        let out = &args.out;
        if out.join(MARKER).exists() {
            fs::remove_dir_all(out).doing(DOING)?;
        } else if out.exists() {
            let why = format!(
                "{} exists and was not made by a demo; name another folder with --out",
                out.display()
            );
            return Err(DemoError::Step { doing: DOING, why });
        }
        fs::create_dir_all(out).doing(DOING)?;
        fs::write(out.join(MARKER), "`proofline demo` may replace this folder.\n").doing(DOING)?;
        let out = fs::canonicalize(out).doing(DOING)?;
        fs::create_dir(out.join("keys")).doing(DOING)?;
        let program = std::env::current_exe().doing(DOING)?;
        Ok(Self { out, args: args.clone(), program })
    }

    /// A path in the folder, as text for a command line.
    pub(super) fn path(&self, name: &str) -> String {
        self.out.join(name).display().to_string()
    }

    /// `proofline runner …` in the Runner's own home, with `--json`.
    pub(super) async fn runner(&self, arguments: &[&str]) -> Result<Ran, DemoError> {
        self.runner_at("runner", arguments).await
    }

    /// As [`runner`](Self::runner), in another home.
    pub(super) async fn runner_at(&self, home: &str, arguments: &[&str]) -> Result<Ran, DemoError> {
        let home = self.path(home);
        let mut all = vec!["runner", "--home", home.as_str(), "--json"];
        all.extend(arguments);
        self.proofline(&all).await
    }

    /// As [`runner`](Self::runner), for a command that must succeed.
    pub(super) async fn runner_ok(&self, arguments: &[&str]) -> Result<Value, DemoError> {
        let ran = self.runner(arguments).await?;
        if ran.code == 0 {
            return Ok(ran.json);
        }
        let why = format!(
            "`proofline runner {}` ended with {}: {} {}",
            arguments.join(" "),
            ran.code,
            ran.json,
            ran.stderr
        );
        Err(DemoError::Step { doing: "a command of the Runner", why })
    }

    /// This very program, to its end.
    pub(super) async fn proofline(&self, arguments: &[&str]) -> Result<Ran, DemoError> {
        let output = self
            .command(arguments)
            .stdin(Stdio::null())
            .output()
            .await
            .doing("running a command")?;
        Ok(Ran::of(&output))
    }

    /// This very program, until its standard input ends: with us, at the latest. So it can end what it started itself.
    pub(super) fn start(&self, arguments: &[&str], log: &str) -> Result<Child, DemoError> {
        const DOING: &str = "starting a process";
        let log = fs::File::create(self.out.join(log)).doing(DOING)?;
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        command.spawn().doing(DOING)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).env("PROOFLINE_LOG", "info");
        command
    }
}

impl Ran {
    fn of(output: &Output) -> Self {
        let stdout = String::from_utf8_lossy(&output.stdout);
        let json = serde_json::from_str(&stdout).unwrap_or_else(|_| Value::from(stdout.trim()));
        let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Self { code: output.status.code().unwrap_or(-1), json, stderr }
    }
}

/// The text at a JSON pointer.
pub(super) fn text(value: &Value, pointer: &str) -> Result<String, DemoError> {
    let found = value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| DemoError::Step {
        doing: "reading an answer",
        why: format!("no text at {pointer} in {value}"),
    })
}
