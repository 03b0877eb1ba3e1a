//! `proofline serve` as a process: started, looked at, killed.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::world::{DEPLOYMENT, PUBLIC_URL};

/// A process that is asked to end finishes what it began; longer is a hang.
const END_WITHIN: Duration = Duration::from_secs(30);

/// How the apps run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Layout {
    /// All in the server's own process.
    OneProcess,
    /// Each in a process of its own.
    Processes,
}

/// A server that is a process group of its own; dropping it kills the whole group.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// The first owner's invitation, when there is no owner yet.
    pub invitation: Option<String>,
    /// Where everything is stored.
    pub data: PathBuf,
    child: Child,
    // Kept open: what is written to a closed pipe ends the writer.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts the program `proofline` on a free port, as [`DEPLOYMENT`] under [`PUBLIC_URL`], and waits until it says that it serves.
    ///
    /// The URL stays the same when it is started again, on another port: what Runners signed for it counts.
    pub fn start(proofline: &Path, data: &Path, layout: Layout) -> Self {
        let public_url = format!("--public-url={PUBLIC_URL}");
        Self::start_with(proofline, data, layout, &[&public_url])
    }

    /// As [`start`](Self::start), under the address at which it listens: for whoever goes where the URL points.
    pub fn start_where_it_listens(proofline: &Path, data: &Path, layout: Layout) -> Self {
        Self::start_with(proofline, data, layout, &[])
    }

    /// As [`start_where_it_listens`](Self::start_where_it_listens), where a server listened that has ended: whoever knew that one goes on with this one.
    pub fn start_in_place_of(address: SocketAddr, proofline: &Path, data: &Path) -> Self {
        Self::start_set_to(address, proofline, data, &[])
    }

    /// As [`start_in_place_of`](Self::start_in_place_of), with these settings.
    pub fn start_set_to(
        address: SocketAddr,
        proofline: &Path,
        data: &Path,
        settings: &[(&str, &str)],
    ) -> Self {
        let port = format!("--port={}", address.port());
        Self::start_on((&port, settings), proofline, data, Layout::OneProcess, &[])
    }

    fn start_with(proofline: &Path, data: &Path, layout: Layout, arguments: &[&str]) -> Self {
        Self::start_on(("--port=0", &[]), proofline, data, layout, arguments)
    }

    fn start_on(
        (port, settings): (&str, &[(&str, &str)]),
        proofline: &Path,
        data: &Path,
        layout: Layout,
        arguments: &[&str],
    ) -> Self {
        let mut command = Command::new(proofline);
        command.args(["serve", port, "--json", "--while-stdin"]).args(arguments);
        command.arg("--data").arg(data).env("PROOFLINE_DEPLOYMENT", DEPLOYMENT);
        command.envs(settings.iter().copied());
        command.env_remove("PROOFLINE_LOG").env_remove("PROOFLINE_PUBLIC_URL");
        if layout == Layout::Processes {
            command.arg("--processes");
        }
        // Should this process be killed, its end of the pipe is closed and the server ends too.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        // What it says about apps that were killed is expected.
        command.stderr(Stdio::null());
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("{}: {error}", proofline.display()));
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("`proofline serve` does not serve; it said {line:?}"));
        let url = said["url"].as_str().unwrap();
        let address = url.trim_start_matches("http://").parse().unwrap();
        let invitation = said["invitation"].as_str().map(str::to_owned);
        Self { address, invitation, data: data.to_owned(), child, _stdout: stdout }
    }

    /// The server's own process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// The processes of the apps, each with its app's name; none when all apps are in the server's.
    pub fn apps(&self) -> Vec<(u32, String)> {
        group(self.child.id())
            .into_iter()
            .filter_map(|process| Some((process, app(process)?)))
            .collect()
    }

    /// The process of one app.
    pub fn app(&self, name: &str) -> Option<u32> {
        self.apps().into_iter().find(|(_, app)| app == name).map(|(process, _)| process)
    }

    /// Kills the server and every app at once, and waits until nothing of them is left.
    pub fn kill(self) {
        let group = self.child.id();
        drop(self);
        assert_eq!(self::group(group), Vec::<u32>::new(), "a process survived its server");
    }

    /// Asks the server to end, as a terminal does, and waits until it and every app have ended by themselves.
    pub fn stop(self) {
        signal(self.child.id(), "-TERM");
        self.end();
    }

    /// Goes away, as far as the server can tell, and waits until it and every app have ended by themselves.
    pub fn abandon(mut self) {
        drop(self.child.stdin.take());
        self.end();
    }

    fn end(mut self) {
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < END_WITHIN, "the server does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(group(self.child.id()), Vec::<u32>::new(), "an app survived its server");
    }

    /// Lets every process of the server stand still: it accepts connections and answers nothing.
    pub fn pause(&self) {
        for process in group(self.child.id()) {
            signal(process, "-STOP");
        }
    }

    /// Lets them go on.
    pub fn resume(&self) {
        for process in group(self.child.id()) {
            signal(process, "-CONT");
        }
    }

    /// Kills one process, which cannot do anything about it.
    pub fn kill_one(&self, process: u32) {
        signal(process, "-KILL");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A process that was waited for gives its number back, and the group may be somebody else's then.
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            for process in group(self.child.id()) {
                signal(process, "-KILL");
            }
            self.child.wait().ok();
        }
        let begun = Instant::now();
        while !group(self.child.id()).is_empty() && begun.elapsed() < END_WITHIN {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn signal(process: u32, signal: &str) {
    // It may have ended by itself a moment ago.
    Command::new("kill").args([signal, &process.to_string()]).stderr(Stdio::null()).status().ok();
}

/// The living processes of a group.
fn group(leader: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|process| is_living_member(*process, leader)).collect()
}

/// The fields of `/proc/<process>/stat` after the name, which may hold anything: state, parent, group, …
fn stat(process: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

fn is_living_member(process: u32, leader: u32) -> bool {
    stat(process).is_some_and(|fields| {
        let is_living = fields.first().is_some_and(|state| state != "Z" && state != "X");
        is_living && fields.get(2).and_then(|group| group.parse().ok()) == Some(leader)
    })
}

/// The app that a process is: `proofline app NAME …`.
fn app(process: u32) -> Option<String> {
    let line = fs::read(format!("/proc/{process}/cmdline")).ok()?;
    let mut words = line.split(|byte| *byte == 0).skip(1);
    let name = (words.next()? == b"app").then(|| words.next())??;
    String::from_utf8(name.to_vec()).ok()
}

/// The processor time that a process has used, in all its threads, in steps of 10 ms (Linux).
pub fn cpu_time(process: u32) -> Option<Duration> {
    let fields = stat(process)?;
    let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
    // User and system time, in hundredths of a second on every Linux.
    Some(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}
