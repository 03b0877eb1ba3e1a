//! Starting one program, and ending it with everything that it started.

use std::{
    os::unix::process::ExitStatusExt as _,
    process::{ExitStatus, Stdio},
};

use domain::run::ReasonCode;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process_group, prlimit};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::connector::{Bounds, CollectError};

/// Bytes of a file that the program may write.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What became of the program.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) exit_code: Option<i32>,
    pub(super) signal: Option<i32>,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
    pub(super) is_truncated: bool,
}

/// Runs `program` to its end. Dropping the future, as a timeout does, ends the program and its children.
pub(super) async fn run(
    program: &str,
    arguments: &[String],
    bounds: &Bounds<'_>,
) -> Result<Finished, CollectError> {
    let missing = |detail: String| CollectError::new(ReasonCode::ToolMissing, detail);
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .env_clear()
        .envs([("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("LC_ALL", "C.UTF-8"), ("TZ", "UTC")])
        .env("HOME", bounds.scratch)
        .current_dir(bounds.scratch)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| missing(format!("{program}: {error}")))?;
    let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let group = Group(pid.ok_or_else(|| missing(format!("{program} ended at once")))?);
    group.limit(bounds);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let ended = async {
        let status = child.wait().await;
        group.end();
        status
    };
    let (status, stdout, stderr) = tokio::join!(
        ended,
        read(stdout, bounds.max_bytes, &group),
        read(stderr, bounds.max_bytes, &group)
    );
    let status: ExitStatus = status.map_err(|error| missing(format!("{program}: {error}")))?;
    Ok(Finished {
        exit_code: status.code(),
        signal: status.signal(),
        is_truncated: stdout.1 || stderr.1,
        stdout: stdout.0,
        stderr: stderr.0,
    })
}

/// What a pipe delivers, up to `max_bytes`, and whether there was more; then the program is ended.
async fn read(
    pipe: Option<impl AsyncRead + Unpin>,
    max_bytes: u64,
    group: &Group,
) -> (Vec<u8>, bool) {
    let mut kept = Vec::new();
    let Some(pipe) = pipe else { return (kept, false) };
    let mut limited = pipe.take(max_bytes.saturating_add(1));
    // A pipe that breaks has delivered what there is.
    let whole = limited.read_to_end(&mut kept).await.is_ok();
    let max = usize::try_from(max_bytes).unwrap_or(usize::MAX);
    let is_cut = kept.len() > max || !whole;
    kept.truncate(max);
    if is_cut {
        group.end();
    }
    (kept, is_cut)
}

/// The process group of a program: it and its children, unless they leave it.
struct Group(Pid);

impl Group {
    fn end(&self) {
        // The group may be gone already; that is what is wanted.
        kill_process_group(self.0, Signal::KILL).unwrap_or_default();
    }

    /// Limits what the program may use up. It runs already, so this is a bound for accidents, not against an attacker.
    fn limit(&self, bounds: &Bounds<'_>) {
        let cpu_s = bounds.timeout.as_secs().saturating_add(1);
        let limits =
            [(Resource::Cpu, cpu_s), (Resource::Fsize, FILE_BYTES_MAX), (Resource::Core, 0)];
        for (resource, most) in limits {
            let limit = Rlimit { current: Some(most), maximum: Some(most) };
            // A program that has ended needs no limit.
            prlimit(Some(self.0), resource, limit).map(drop).unwrap_or_default();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}
