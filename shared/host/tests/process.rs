//! A custom handler as a whole process: how it starts, complains and ends. The test starts itself again as the handler.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy takes what is outside a #[test] for production code"
)]

#[path = "apps/tiny.rs"]
mod tiny;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, ExitCode, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("handler") {
        return host::run::<tiny::Tiny>();
    }
    let tests: [(&str, fn()); 6] = [
        (
            "a_missing_or_impossible_port_is_said_by_name",
            a_missing_or_impossible_port_is_said_by_name,
        ),
        (
            "a_port_in_use_is_said_as_the_host_looks_for_it",
            a_port_in_use_is_said_as_the_host_looks_for_it,
        ),
        ("a_wish_to_end_ends_it_with_0", a_wish_to_end_ends_it_with_0),
        ("it_listens_on_loopback_alone", it_listens_on_loopback_alone),
        (
            "each_request_is_one_line_of_json_without_secrets",
            each_request_is_one_line_of_json_without_secrets,
        ),
        ("files_inside_azure_are_refused", files_inside_azure_are_refused),
    ];
    for (name, test) in tests {
        println!("test {name}");
        test();
    }
    ExitCode::SUCCESS
}

fn handler(folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("handler").env_clear().env("PROOFLINE_DATA", folder.join("data"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A handler that answers.
struct Running {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Running {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = handler(folder.path());
        let child = command.env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string()).spawn().unwrap();
        let mut running = Self { child, port, _folder: folder };
        while running.send("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").is_none() {
            assert!(running.child.try_wait().unwrap().is_none(), "it ended before it was ready");
            std::thread::yield_now();
        }
        running
    }

    fn send(&self, request: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    fn end(self) -> Output {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait_with_output().unwrap()
    }
}

fn a_missing_or_impossible_port_is_said_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for port in [None, Some("0"), Some("x")] {
        let mut command = handler(folder.path());
        command.envs(port.map(|port| ("FUNCTIONS_CUSTOMHANDLER_PORT", port)));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8(output.stderr).unwrap().contains("FUNCTIONS_CUSTOMHANDLER_PORT"));
    }
}

fn a_port_in_use_is_said_as_the_host_looks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = handler(folder.path()).env("FUNCTIONS_CUSTOMHANDLER_PORT", port).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("address already in use"));
}

fn a_wish_to_end_ends_it_with_0() {
    assert_eq!(Running::start().end().status.code(), Some(0));
}

fn it_listens_on_loopback_alone() {
    let running = Running::start();
    let listening = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let port = format!(":{:04X}", running.port);
    let local: Vec<_> = listening
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .filter(|address| address.ends_with(&port))
        .collect();
    assert!(
        !local.is_empty() && local.iter().all(|address| address.starts_with("0100007F")),
        "{local:?}"
    );
    running.end();
}

fn each_request_is_one_line_of_json_without_secrets() {
    let running = Running::start();
    let head = "host: x\r\nconnection: close\r\nauthorization: Bearer swordfish\r\nx-functions-key: swordfish\r\n\
                content-type: application/json\r\nx-azure-functions-invocationid: forged\r\n\
                x-azure-functions-invocationid: 0c0f9a7e-0000-4000-8000-000000000000\r\n";
    let post = |path: &str, body: &str| {
        let length = body.len();
        let request =
            format!("POST {path} HTTP/1.1\r\n{head}content-length: {length}\r\n\r\n{body}");
        running.send(&request).unwrap();
    };
    post("/api/runs/v1/echo?code=swordfish", r#"{"word":"swordfish"}"#);
    post("/api/runs/v1/swordfish", "{}");
    post("/take_message", r#"{"Data":{"message":"\"swordfish\""}}"#);
    running.send(&format!("GET /api/runs/v1/panic HTTP/1.1\r\n{head}\r\n")).unwrap();
    let output = running.end();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        !stdout.contains("swordfish")
            && !String::from_utf8(output.stderr).unwrap().contains("swordfish")
    );
    assert!(!stdout.contains('\x1b'));
    let lines: Vec<Value> = BufReader::new(stdout.as_bytes())
        .lines()
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .filter(|line: &Value| line["message"] == "answered")
        .collect();
    let said = |name: &str| lines.iter().map(|line| line[name].clone()).collect::<Vec<_>>();
    assert_eq!(
        said("endpoint"),
        [Value::from("/v1/echo"), Value::Null, "take_message".into(), Value::Null]
    );
    assert_eq!(said("status"), [200, 404, 200, 500]);
    assert_eq!(said("class"), ["success", "not-found", "success", "internal"]);
    assert_eq!(said("level"), ["INFO", "WARN", "INFO", "ERROR"]);
    assert!(said("invocation.id").iter().all(|id| id == "0c0f9a7e-0000-4000-8000-000000000000"));
    assert!(said("duration_ms").iter().all(Value::is_f64));
    assert!(
        lines.iter().take(3).all(|line| line["request.id"].as_str().unwrap().starts_with("req_"))
    );
}

fn files_inside_azure_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = handler(folder.path());
    command.env("FUNCTIONS_CUSTOMHANDLER_PORT", "7072").env("WEBSITE_INSTANCE_ID", "x");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("WEBSITE_INSTANCE_ID"));
    assert!(!folder.path().join("data").exists());
}
