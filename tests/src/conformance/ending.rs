//! A17 and A18: how it ends.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
};

use super::{
    process::{Answer, JSON},
    subject::{Subject, envelope, input},
};

/// Kills it in the middle of its work, which is all that the host ever does, and starts it again on the same store.
pub fn a17_after_a_kill_it_goes_on_with_what_it_left(subject: &Subject) {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    for trigger in &subject.open_triggers {
        let process = subject.start_with(&folder, &[]);
        let answer = process.invoke_well(trigger);
        assert_eq!(answer.status, 200, "{answer:?}");
        let mut stream = process.connect();
        let body = envelope(trigger, input(trigger)).to_string();
        let head = format!("POST /{} HTTP/1.1\r\nhost: x\r\n{JSON}", trigger.name);
        let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).unwrap();
        process.signal("-KILL");
        assert_eq!(process.wait().status.code(), None, "killed, not ended");
        let again = subject.start_with(&folder, &[]).invoke_well(trigger);
        assert_eq!(again.json(), answer.json());
    }
}

/// Asks it to end while it reads a request: it accepts nothing new, finishes that one, and ends with 0.
pub fn a18_a_wish_to_end_lets_what_was_begun_finish(subject: &Subject) {
    let Some(trigger) = subject.open_triggers.first() else { return };
    for signal in ["-TERM", "-INT"] {
        let process = subject.start();
        let body = envelope(trigger, input(trigger)).to_string();
        let mut stream = process.connect();
        let head =
            format!("POST /{} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n", trigger.name);
        let head = format!("{head}{JSON}content-length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).unwrap();
        // It is reading: it asks for the body.
        let mut asked = [0; 25];
        stream.read_exact(&mut asked).unwrap();
        assert!(asked.starts_with(b"HTTP/1.1 100 Continue"));
        process.signal(signal);
        while TcpStream::connect(("127.0.0.1", process.port)).is_ok() {
            std::thread::yield_now();
        }
        stream.write_all(body.as_bytes()).unwrap();
        assert_eq!(Answer::read(&mut stream).status, 200);
        assert_eq!(process.wait().status.code(), Some(0), "{signal}");
    }
}
