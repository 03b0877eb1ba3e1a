//! A1 to A5 and A24: how it starts, and that nothing ends it.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use ambient::{SystemClock, SystemRandomness};
use local::Store;
use rusqlite::Connection;

use super::{
    listening,
    process::{JSON, Process},
    subject::Subject,
};

const PORT: &str = "FUNCTIONS_CUSTOMHANDLER_PORT";

/// Asks whether a port that is missing or impossible is said by its variable's name, with an exit code that is a failure.
pub fn a01_a_missing_or_impossible_port_is_said_by_name(subject: &Subject) {
    for port in ["", "0", "65536", "-1", "x"] {
        let ended = subject.run(&[(PORT, port)]);
        assert_eq!(ended.status.code(), Some(1), "{port:?}");
        assert!(ended.stderr.contains(PORT) && ended.stdout.is_empty(), "{}", ended.stderr);
    }
    let ended = subject.run(&[]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stderr.contains("FUNCTIONS_CUSTOMHANDLER_PORT is not set"), "{}", ended.stderr);
}

/// Asks whether its only listening socket is the one that the host expects.
pub fn a01_it_listens_at_its_port_of_loopback_alone(subject: &Subject) {
    let process = subject.start();
    let found: BTreeSet<_> = (0..READS).flat_map(|_| listening::addresses(process.id())).collect();
    assert_eq!(found, BTreeSet::from([listening::on_loopback(process.port)]));
}

/// How often the table of sockets is read.
const READS: usize = 20;

/// Asks for readiness as the host does, and as anybody else may: no authorization, under 10 ms.
pub fn a02_it_is_ready_at_once_without_a_question_to_anybody(subject: &Subject) {
    let process = subject.start();
    let mut fastest = Duration::MAX;
    for headers in ["", "authorization: Bearer x\r\n", "x-functions-key: x\r\n"].repeat(5) {
        let begun = Instant::now();
        let answer = process.send("GET", "/", headers, "");
        fastest = fastest.min(begun.elapsed());
        assert_eq!((answer.status, answer.body.as_str()), (200, "ready\n"));
    }
    assert!(fastest < Duration::from_millis(10), "{fastest:?}");
    assert_eq!(process.send("HEAD", "/", "", "").status, 200);
}

/// Asks whether the port stays closed while the app cannot write its keys: any answer would be readiness to the host.
pub fn a03_it_is_not_bound_before_it_is_ready(subject: &Subject) {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let data = folder.path().join("data");
    Store::open(&data, Arc::new(SystemClock), Arc::new(SystemRandomness)).unwrap();
    let database = database(&data);
    let writer = Connection::open(&database).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut process = subject.spawn(&folder, &[]);
    while !has_open(&process, &database) {
        assert!(process.is_alive(), "it did not wait for the store");
        std::thread::yield_now();
    }
    for _ in 0..100 {
        assert!(TcpStream::connect(("127.0.0.1", process.port)).is_err(), "bound too early");
        std::thread::sleep(Duration::from_millis(1));
    }
    writer.execute_batch("COMMIT").unwrap();
    assert!(process.is_ready());
    assert_eq!(process.send("GET", "/", "", "").status, 200);
}

fn database(data: &Path) -> std::path::PathBuf {
    let files = fs::read_dir(data).unwrap().flatten().map(|entry| entry.path());
    let is_database =
        |path: &std::path::PathBuf| fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite"));
    files.into_iter().find(is_database).unwrap()
}

fn has_open(process: &Process, path: &Path) -> bool {
    let open = fs::read_dir(format!("/proc/{}/fd", process.id())).into_iter().flatten().flatten();
    open.filter_map(|entry| fs::read_link(entry.path()).ok()).any(|link| link == path)
}

/// Asks for the words that the host looks for, and for an exit code that it takes for a failure: neither 0 nor 200.
pub fn a04_a_port_in_use_is_said_as_the_host_looks_for_it(subject: &Subject) {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = subject.run(&[(PORT, &port)]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stderr.contains("address already in use"), "{}", ended.stderr);
    assert!(ended.stderr.contains(&port) && ended.stderr.lines().count() == 1);
}

/// Asks whether it survives what is no request, and whoever goes away in the middle of one.
pub fn a05_nothing_that_is_sent_ends_it(subject: &Subject) {
    let mut process = subject.start();
    let path = process.folder.path().join("stdout");
    let noise = vec![0xff; 100_000];
    let nonsense: [&[u8]; 6] = [
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        &noise,
    ];
    for bytes in nonsense {
        let mut stream = process.connect();
        // It may hang up before everything was sent.
        stream.write_all(bytes).ok();
        stream.shutdown(Shutdown::Both).ok();
    }
    for trigger in &subject.open_triggers {
        let mut stream = process.connect();
        let head = format!("POST /{} HTTP/1.1\r\nhost: x\r\n{JSON}", trigger.name);
        stream.write_all(format!("{head}content-length: 100\r\n\r\n{{").as_bytes()).unwrap();
        drop(stream);
        for body in ["", "{", "[]", "null", "\"\"", "0"] {
            assert_eq!(process.send("POST", &format!("/{}", trigger.name), JSON, body).status, 400);
        }
    }
    assert_eq!(process.send("GET", "/", "", "").status, 200);
    assert!(process.is_alive(), "{}", fs::read_to_string(path).unwrap());
}

/// Asks whether it works with no home, no path and no folder of its own, and leaves no file but its data's.
pub fn a24_it_needs_nothing_but_the_hosts_variables_and_its_settings(subject: &Subject) {
    let process = subject.start();
    for trigger in &subject.open_triggers {
        assert_eq!(process.invoke_well(trigger).status, 200, "{}", trigger.name);
    }
    let environment = fs::read(format!("/proc/{}/environ", process.id())).unwrap();
    let names = environment.split(|byte| *byte == 0).filter(|entry| !entry.is_empty());
    let mut names: Vec<_> = names
        .map(|entry| String::from_utf8_lossy(entry).split('=').next().unwrap().to_owned())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "FUNCTIONS_APP_ROOT_PATH",
            "FUNCTIONS_CUSTOMHANDLER_PORT",
            "FUNCTIONS_CUSTOMHANDLER_WORKER_ID",
            "PROOFLINE_DATA"
        ]
    );
    let files = fs::read_dir(process.folder.path()).unwrap().flatten();
    let mut files: Vec<_> = files.map(|entry| entry.file_name()).collect();
    files.sort();
    assert_eq!(files, ["data", "stderr", "stdout"]);
}
