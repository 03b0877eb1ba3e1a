//! A real mail server that delivers nothing: aiosmtpd, in Python (`tests/interop/mail`).

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, bail};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::certificates::Certificates;

/// How a connection is made safe.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Door {
    /// Not at all.
    Plain,
    /// Nothing but STARTTLS is taken before STARTTLS.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// The running server; it is stopped with this value.
pub struct MailSink {
    folder: PathBuf,
    port: u16,
    _child: Child,
}

impl MailSink {
    /// Starts it on a port of its own. Letters go to the Maildir `folder/letters`; with an `account`, user and password, nothing is taken from others.
    ///
    /// # Errors
    /// * It is not installed and cannot be, or it did not start.
    pub async fn start(
        folder: &Path,
        door: Door,
        certificates: &Certificates,
        account: Option<(&str, &str)>,
    ) -> anyhow::Result<Self> {
        let packages = installed().await?;
        let door = match door {
            Door::Plain => "plain",
            Door::StartTls => "starttls",
            Door::Tls => "tls",
        };
        let mut command = Command::new("python3");
        command.arg(pinned().join("sink.py")).env("PYTHONPATH", packages);
        command.arg("--maildir").arg(folder.join("letters")).args(["--door", door]);
        command.arg("--certificate").arg(&certificates.certificate);
        command.arg("--key").arg(&certificates.key);
        if let Some((user, password)) = account {
            set_account(folder, user, password)?;
            command.arg("--account").arg(account_file(folder));
        }
        command.env("PYTHONDONTWRITEBYTECODE", "1").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start python3")?;
        let port = port(&mut child).await?;
        Ok(Self { folder: folder.to_owned(), port, _child: child })
    }

    /// Where it listens, on 127.0.0.1.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Sets user and password for the next letter.
    ///
    /// # Errors
    /// * It cannot be written.
    pub fn set_account(&self, user: &str, password: &str) -> io::Result<()> {
        set_account(&self.folder, user, password)
    }

    /// Every letter, in no order.
    ///
    /// # Errors
    /// * The folder cannot be read.
    pub fn letters(&self) -> io::Result<Vec<String>> {
        fs::read_dir(self.folder.join("letters/new"))?
            .map(|entry| fs::read_to_string(entry?.path()))
            .collect()
    }
}

fn account_file(folder: &Path) -> PathBuf {
    folder.join("account")
}

fn set_account(folder: &Path, user: &str, password: &str) -> io::Result<()> {
    fs::write(account_file(folder), format!("{user}\n{password}\n"))
}

async fn port(child: &mut Child) -> anyhow::Result<u16> {
    let output = child.stdout.take().context("no output")?;
    let line = BufReader::new(output).lines().next_line().await?;
    let port = line.as_deref().and_then(|line| line.strip_prefix("listening "));
    Ok(port.context("the mail server ended before it listened")?.parse()?)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn pinned() -> PathBuf {
    root().join("tests/interop/mail")
}

/// Where it is installed; installs what is pinned when that changed, or when nothing is there. Whoever is second waits for the first.
async fn installed() -> anyhow::Result<PathBuf> {
    let folder = root().join("target/counterparts/mail");
    fs::create_dir_all(&folder)?;
    let lock = fs::File::create(folder.join("lock"))?;
    let _alone = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await??;
    let pins = fs::read(pinned().join("requirements.txt"))?;
    let (packages, done) = (folder.join("packages"), folder.join("installed"));
    if fs::read(&done).is_ok_and(|installed| installed == pins) {
        return Ok(packages);
    }
    let pip = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"])
        .args(["--require-hashes", "--only-binary", ":all:", "--target"])
        .arg(&packages)
        .arg("--requirement")
        .arg(pinned().join("requirements.txt"))
        .stdin(Stdio::null())
        .status()
        .await
        .context("cannot start python3; the mail server needs Python 3.10 or later, with pip")?;
    if !pip.success() {
        bail!("pip could not install aiosmtpd");
    }
    fs::write(done, pins)?;
    Ok(packages)
}
