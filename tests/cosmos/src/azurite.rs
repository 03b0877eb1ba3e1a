//! Azurite, Microsoft's storage emulator, with TLS and tokens: <https://github.com/Azure/Azurite>.
//!
//! It looks at a token's audience, issuer and times, not at its signature and not at rights; those are Azure's own to prove.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    task::JoinSet,
};
use url::Url;

use crate::certificates::Certificates;

/// The account of the product.
pub const ACCOUNT: &str = "proofline";
/// Accounts beside it, for tests that need one of their own.
pub const TEST_ACCOUNTS: u32 = 96;

/// A busy machine takes this long to start it.
const READY_MAX: Duration = Duration::from_mins(1);

/// The running emulator; it is stopped with this value.
pub struct Azurite {
    child: Child,
    blobs: u16,
    queues: u16,
    _output: JoinSet<()>,
}

impl Azurite {
    /// Starts it on ports of its own, all in memory, and waits until it listens.
    ///
    /// # Errors
    /// * It is not installed and cannot be, or it did not start.
    pub async fn start(certificates: &Certificates) -> anyhow::Result<Self> {
        Self::start_at(certificates, None).await
    }

    /// The same on the ports that an earlier one had, for tests in which storage comes back.
    ///
    /// # Errors
    /// * As [`start`](Self::start), and when a port was taken meanwhile.
    pub async fn start_at(
        certificates: &Certificates,
        ports: Option<(u16, u16)>,
    ) -> anyhow::Result<Self> {
        let program = installed().await?;
        let (blobs, queues) = ports.unwrap_or_default();
        let mut child = Command::new("node")
            .arg(program)
            .args(["--oauth", "basic", "--inMemoryPersistence", "--disableTelemetry"])
            .args(["--blobHost", "127.0.0.1", "--blobPort", &blobs.to_string()])
            .args(["--queueHost", "127.0.0.1", "--queuePort", &queues.to_string()])
            .args(["--tableHost", "127.0.0.1", "--tablePort", "0"])
            .arg("--cert")
            .arg(&certificates.certificate)
            .arg("--key")
            .arg(&certificates.key)
            .env("AZURITE_ACCOUNTS", accounts())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start node; Azurite needs Node.js 20 or later")?;
        let output = child.stdout.take().context("no output")?;
        let mut lines = BufReader::new(output).lines();
        let (blobs, queues) = tokio::time::timeout(READY_MAX, listening(&mut lines))
            .await
            .context("Azurite did not start in time")??;
        let mut output = JoinSet::new();
        output.spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, blobs, queues, _output: output })
    }

    /// The blob endpoint of an account.
    ///
    /// # Errors
    /// * A name that no URL can have.
    pub fn blobs(&self, account: &str) -> anyhow::Result<Url> {
        Ok(format!("https://127.0.0.1:{}/{account}", self.blobs).parse()?)
    }

    /// The queue endpoint of an account.
    ///
    /// # Errors
    /// * A name that no URL can have.
    pub fn queues(&self, account: &str) -> anyhow::Result<Url> {
        Ok(format!("https://127.0.0.1:{}/{account}", self.queues).parse()?)
    }

    /// Stops it at once, and gives its ports.
    ///
    /// # Errors
    /// * It could not be stopped.
    pub async fn stop(mut self) -> anyhow::Result<(u16, u16)> {
        self.child.kill().await?;
        Ok((self.blobs, self.queues))
    }
}

/// The name of a test's account, below [`TEST_ACCOUNTS`].
pub fn test_account(number: u32) -> String {
    format!("test{number:03}")
}

/// Every account with a key that nobody uses: we come with tokens.
fn accounts() -> String {
    let key = STANDARD.encode([0; 64]);
    let names = (0..TEST_ACCOUNTS).map(test_account).chain([ACCOUNT.to_owned()]);
    names.map(|name| format!("{name}:{key}")).collect::<Vec<_>>().join(";")
}

/// Reads on until all three services said where they listen (tables come last, we do not use them); gives the ports of blobs and queues.
async fn listening(lines: &mut Lines<BufReader<ChildStdout>>) -> anyhow::Result<(u16, u16)> {
    let (mut blobs, mut queues) = (None, None);
    while let Some(line) = lines.next_line().await? {
        let Some((service, url)) = line.split_once(" service is successfully listening at ") else {
            continue;
        };
        let port = url.trim().parse::<Url>()?.port();
        match service {
            "Azurite Blob" => blobs = port,
            "Azurite Queue" => queues = port,
            _ => return blobs.zip(queues).context("Azurite listens, and did not say where"),
        }
    }
    bail!("Azurite ended; is its port taken?")
}

/// Where it is installed; installs what the lock file pins when that changed, or when nothing is there.
async fn installed() -> anyhow::Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (pinned, folder) =
        (root.join("tests/interop/azurite"), root.join("target/counterparts/azurite"));
    let program = folder.join("node_modules/azurite/dist/src/azurite.js");
    let lock =
        std::fs::read(pinned.join("package-lock.json")).context("no lock file of Azurite")?;
    let done = folder.join("installed");
    if std::fs::read(&done).is_ok_and(|installed| installed == lock) && program.exists() {
        return Ok(program);
    }
    std::fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(pinned.join(file), folder.join(file))?;
    }
    let npm = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .status()
        .await
        .context("cannot start npm; Azurite needs Node.js 20 or later")?;
    if !npm.success() {
        bail!("npm could not install Azurite");
    }
    std::fs::write(done, lock)?;
    Ok(program)
}
