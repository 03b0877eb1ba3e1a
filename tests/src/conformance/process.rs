//! A custom handler as a process: started as the host starts it, talked to in bytes, ended.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;
use web::Trigger;

use super::{
    listening,
    subject::{Subject, envelope, input},
};

/// Far longer than any answer here takes: longer is a hang.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(2);
/// The media type of the host's envelopes.
pub(super) const JSON: &str = "content-type: application/json; charset=utf-8\r\n";
/// The invocation's name, as the host sends it.
pub(super) const INVOCATION: &str = "0c0f9a7e-0000-4000-8000-000000000000";

/// A process that is killed when it is dropped.
pub(super) struct Process {
    pub(super) port: u16,
    pub(super) folder: Arc<TempDir>,
    child: Child,
}

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Status line and headers in lower case.
    pub(super) head: String,
    pub(super) body: String,
}

/// How a process ended, and what it had said.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Subject {
    /// The program with nothing in its environment but what the host gives, and the one setting that says where to store.
    pub(super) fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(self.program);
        command.env_clear().env("PROOFLINE_DATA", folder.join("data")).current_dir("/");
        command.env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", INVOCATION);
        command.env("FUNCTIONS_APP_ROOT_PATH", "/").stdin(Stdio::null());
        command.stdout(File::create(folder.join("stdout")).unwrap());
        command.stderr(File::create(folder.join("stderr")).unwrap());
        command
    }

    /// A process that answers, on a store of its own.
    pub(super) fn start(&self) -> Process {
        self.start_with(&Arc::new(tempfile::tempdir().unwrap()), &[])
    }

    /// A process that answers, on the store in `folder`.
    pub(super) fn start_with(&self, folder: &Arc<TempDir>, settings: &[(&str, &str)]) -> Process {
        loop {
            let mut process = self.spawn(folder, settings);
            if process.is_ready() {
                return process;
            }
            // Somebody was faster: a port that is free may be taken a moment later.
            let stderr = read(folder, "stderr");
            assert!(stderr.contains("address already in use"), "it did not start: {stderr}");
        }
    }

    /// A process that has just begun.
    pub(super) fn spawn(&self, folder: &Arc<TempDir>, settings: &[(&str, &str)]) -> Process {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = self.command(folder.path());
        command.env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string());
        let child = command.envs(settings.iter().copied()).spawn().unwrap();
        Process { port, folder: Arc::clone(folder), child }
    }

    /// Runs the program to its end.
    pub(super) fn run(&self, settings: &[(&str, &str)]) -> Ended {
        let folder = tempfile::tempdir().unwrap();
        let status = self.command(folder.path()).envs(settings.iter().copied()).status().unwrap();
        Ended { status, stdout: read(&folder, "stdout"), stderr: read(&folder, "stderr") }
    }
}

impl Process {
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Whether it answers; `false` when it ended instead. That somebody does at its port would not do: it may be whoever was faster, or the connection
    /// itself, which may come from the very port that it goes to.
    pub(super) fn is_ready(&mut self) -> bool {
        let (begun, address) = (Instant::now(), listening::on_loopback(self.port));
        while !listening::addresses(self.id()).contains(&address) {
            assert!(begun.elapsed() < PATIENCE, "it does not get ready");
            if !self.is_alive() {
                return false;
            }
            std::thread::sleep(PAUSE);
        }
        true
    }

    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends the bytes as they are, and gives the answer as it comes.
    pub(super) fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request).unwrap();
        Answer::read(&mut stream)
    }

    pub(super) fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n"
        );
        self.raw(format!("{head}{headers}\r\n{body}").as_bytes())
    }

    pub(super) fn invoke(&self, trigger: &Trigger, envelope: &Value) -> Answer {
        let headers = format!("{JSON}x-azure-functions-invocationid: {INVOCATION}\r\n");
        self.send("POST", &format!("/{}", trigger.name), &headers, &envelope.to_string())
    }

    /// Invokes with an input that succeeds.
    pub(super) fn invoke_well(&self, trigger: &Trigger) -> Answer {
        self.invoke(trigger, &envelope(trigger, input(trigger)))
    }

    pub(super) fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// Waits until it has ended by itself.
    pub(super) fn wait(mut self) -> Ended {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(PAUSE);
        };
        let (stdout, stderr) = (read(&self.folder, "stdout"), read(&self.folder, "stderr"));
        Ended { status, stdout, stderr }
    }

    /// Asks it to end, and waits.
    pub(super) fn end(self) -> Ended {
        self.signal("-TERM");
        self.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Answer {
    pub(super) fn read(stream: &mut TcpStream) -> Self {
        let mut text = Vec::new();
        stream.read_to_end(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// Asserts a problem with this status and code.
    #[track_caller]
    pub(super) fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.head.contains("content-type: application/problem+json"), "{}", self.head);
        assert_eq!(self.json()["code"], code);
    }
}

impl Ended {
    /// The log line of each answer.
    pub(super) fn answers(&self) -> Vec<Value> {
        let lines = self.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["message"] == "answered").collect()
    }
}

fn read(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap()
}
