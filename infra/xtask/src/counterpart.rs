//! Programs that we did not write and that must agree with us (`tests/interop`).

mod browser;
mod described;
mod module;
mod openssl;
mod packages;
mod publishers;
mod second;
mod tables;
mod witness;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, ensure};
use chain::{
    container,
    manifest::{File, Manifest},
};

use crate::{
    progress::say,
    sample_log::{SampleLog, signer},
    steps::{Steps, run as run_program},
    workspace::{counterparts, root},
};

/// What to do about a counterpart whose tool is missing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Demand {
    /// Say so and go on.
    WhatIsHere,
    /// Fail.
    All,
}

struct Counterpart {
    name: &'static str,
    /// What must be on the machine, for people.
    needs: &'static str,
    /// A command that ends well if it is.
    probe: fn() -> Command,
    /// The verifier, ready for its arguments.
    verifier: fn() -> Command,
    /// Tests of its own, which ask us for samples.
    tests: Option<fn() -> Command>,
}

const ALL: [Counterpart; 3] = [
    Counterpart {
        name: "exports verified by Go's x/mod/sumdb",
        needs: "Go, and golang.org/x/mod from its module proxy",
        probe: || go(&["mod", "download"]),
        verifier: || go(&["run", "."]),
        // Go must not take its last result: it does not see that we changed.
        tests: Some(|| go(&["test", "-count=1", "."])),
    },
    Counterpart {
        name: "exports verified by Python's hashlib",
        needs: "Python 3",
        probe: || python(&["-c", "import hashlib, zipfile"]),
        verifier: || python(&["verify.py"]),
        tests: None,
    },
    Counterpart {
        name: "roots by pymerkle, and a thousand rows hashed by sha256sum",
        needs: "Python 3 with pip and PyPI, and coreutils",
        probe: || python(&["-c", "import pymerkle"]),
        verifier: || python(&["oracles.py"]),
        tests: None,
    },
];

/// Both sides of a full tile, of a full level, and one row alone.
const SIZES: [u64; 13] =
    [1, 2, 3, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000, (1 << 20) + 1];

/// Its modules and what it builds stay below `target/`.
fn go(arguments: &[&str]) -> Command {
    let mut go = Command::new("go");
    let kept = counterparts().join("go");
    go.args(arguments).current_dir(root().join("tests/interop/go"));
    go.env("GOMODCACHE", kept.join("modules")).env("GOCACHE", kept.join("cache"));
    go.env("GOTOOLCHAIN", "local").env("GOFLAGS", "-mod=readonly -modcacherw");
    go
}

fn python(arguments: &[&str]) -> Command {
    let mut python = Command::new("python3");
    python.args(arguments).current_dir(root().join("tests/interop/python"));
    python.envs(packages::path());
    python
}

/// Runs every counterpart whose tool is here, over exports that somebody gave with their policy, or over samples.
pub(crate) fn run(given: Option<(PathBuf, Vec<PathBuf>)>) -> ExitCode {
    let mut steps = Steps::new("interop");
    let mut logs =
        given.map(|(policy, sound)| Logs { policy, sound, changed: Vec::new(), is_given: true });
    run_over(&mut steps, Demand::All, &mut logs);
    steps.finish()
}

/// Runs every counterpart over samples, and every publisher.
pub(crate) fn run_all(steps: &mut Steps, demand: Demand) {
    run_over(steps, demand, &mut None);
    second::run(steps, demand);
    witness::run(steps, demand);
    publishers::run(steps, demand);
    openssl::run(steps, demand);
    tables::run(steps, demand);
    described::run(steps, demand);
}

fn run_over(steps: &mut Steps, demand: Demand, logs: &mut Option<Logs>) {
    if let Err(error) = packages::install() {
        // Whoever needs them says that they are missing.
        say(format_args!("packages of Python: {error:#}"));
    }
    for counterpart in &ALL {
        let missing = format!("it needs {}", counterpart.needs);
        match (counterpart.is_here(), demand) {
            (true, _) => steps.work(counterpart.name, || counterpart.run(Logs::written(logs)?)),
            (false, Demand::WhatIsHere) => steps.not_run(counterpart.name, &missing),
            (false, Demand::All) => {
                steps.work(counterpart.name, || Err(anyhow::Error::msg(missing)));
            }
        }
    }
    browser::run(steps, demand, logs);
}

impl Counterpart {
    fn is_here(&self) -> bool {
        (self.probe)().output().is_ok_and(|output| output.status.success())
    }

    /// Accepts every sound log, refuses every changed one.
    fn run(&self, logs: &Logs) -> anyhow::Result<()> {
        if let (Some(tests), false) = (self.tests, logs.changed.is_empty()) {
            run_program(&mut tests())?;
        }
        run_program((self.verifier)().args(logs.sound()?))?;
        for changed in &logs.changed {
            let output = (self.verifier)().args(absolute([&logs.policy, changed])?).output()?;
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            // A verifier that could not start refuses nothing.
            let has_refused = !output.status.success() && said.contains("FAILED ");
            ensure!(has_refused, "it did not refuse {}: {said}", changed.display());
            say(said
                .lines()
                .find(|line| line.starts_with("FAILED "))
                .unwrap_or_default()
                .replacen("FAILED", "refused", 1));
        }
        Ok(())
    }
}

/// Exports in files, for programs that know nothing of us.
struct Logs {
    policy: PathBuf,
    sound: Vec<PathBuf>,
    changed: Vec<PathBuf>,
    /// Whether somebody gave them: then the product made them.
    is_given: bool,
}

impl Logs {
    /// The arguments of a verifier that must accept. It runs in another folder.
    fn sound(&self) -> anyhow::Result<Vec<PathBuf>> {
        absolute([&self.policy].into_iter().chain(&self.sound))
    }

    /// Those that were given, or samples, which are written once.
    fn written(logs: &mut Option<Self>) -> anyhow::Result<&Self> {
        if logs.is_none() {
            *logs = Some(Self::write(&counterparts().join("logs"))?);
        }
        logs.as_ref().context("the logs were just written")
    }

    fn write(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut logs = Self {
            policy: folder.join("policy"),
            sound: Vec::new(),
            changed: Vec::new(),
            is_given: false,
        };
        for size in SIZES {
            let log = SampleLog::new(size)?;
            fs::write(&logs.policy, log.policy.to_string())?;
            logs.sound.push(write(folder, &format!("sound-{size}.zip"), &log.bundle)?);
            if size == 511 {
                let purged = SampleLog::purged(600)?;
                logs.sound.push(write(folder, "sound-purged.zip", &purged.bundle)?);
            }
            if size == 257 {
                for (name, part, from, to) in CHANGES {
                    let changed = change(&log.bundle, part, from.as_bytes(), to.as_bytes())?;
                    logs.changed.push(write(folder, &format!("changed-{name}.zip"), &changed)?);
                }
            }
        }
        Ok(logs)
    }
}

/// What is changed in which file of an export, from what to what.
const CHANGES: [(&str, &str, &str, &str); 4] = [
    ("row", "tile/entries/000", "\"score\":\"87\"", "\"score\":\"97\""),
    ("last-row", "tile/entries/001.p/1", "\"out\":\"ok\"", "\"out\":\"no\""),
    ("number", "tile/entries/000", "\"seq\":7", "\"seq\":8"),
    ("head", "checkpoint", "\n257\n", "\n256\n"),
];

/// The export with the first `from` of one file replaced, made by somebody who can sign manifests and nothing else.
fn change(bundle: &[u8], part: &str, from: &[u8], to: &[u8]) -> anyhow::Result<Vec<u8>> {
    let archive = container::read(bundle);
    let mut files: BTreeMap<_, _> =
        archive.files.iter().map(|(name, data)| ((*name).to_owned(), data.to_vec())).collect();
    let data = files.get_mut(part).context("an export of 257 rows has this file")?;
    let place = data.windows(from.len()).position(|window| window == from);
    let place = place.context("the file has this text")?;
    data.splice(place..place + from.len(), to.iter().copied());
    let changed = File::of(data);
    let manifest = archive.files.get("manifest.json").context("an export has a manifest")?;
    let mut manifest = Manifest::parse(manifest)?;
    manifest.files.insert(part.to_owned(), changed);
    let text = manifest.to_text()?.into_bytes();
    let statement = Manifest::statement(&manifest.origin, &text);
    files.insert("manifest.sig".to_owned(), signer()?.sign(&statement)?.into_bytes());
    files.insert("manifest.json".to_owned(), text);
    Ok(container::write(&files)?)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
    let path = folder.join(name);
    fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}

fn absolute<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> anyhow::Result<Vec<PathBuf>> {
    Ok(paths.into_iter().map(std::path::absolute).collect::<Result<_, _>>()?)
}
