//! Starting and killing the processes of a storm.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use domain::EventId;
use ports::Randomness;

use super::event;
use crate::doubles::SeededRandomness;

/// Longer than any process needs for its next word, on a busy machine.
const SILENCE_MAX: Duration = Duration::from_mins(2);

/// How much happens.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Processes that write.
    pub writers: u32,
    /// Events of each.
    pub events_each: u32,
    /// How many of them are on their way at once.
    pub tasks_each: usize,
    /// Processes that seal and sign.
    pub sealers: usize,
    /// How often one of all processes is killed.
    pub kills: u32,
}

impl Size {
    /// Every event that there must be in the end.
    pub fn events(self) -> BTreeSet<EventId> {
        let of = |writer| (0..self.events_each).map(move |index| event(writer, index));
        (0..self.writers).flat_map(of).collect()
    }
}

/// What a process said, or that it has ended.
enum Said {
    Stored { writer: u32, index: u32 },
    Ended { writer: u32, life: u32 },
}

/// A writer, and what it acknowledged.
struct Writer {
    process: Child,
    life: u32,
    stored: BTreeSet<u32>,
}

/// Starts the processes of a storm, kills them, and starts others in their place.
pub struct Supervisor {
    size: Size,
    program: Box<dyn Fn(&str) -> Command>,
    chance: Arc<SeededRandomness>,
    writers: Vec<Writer>,
    sealers: Vec<Child>,
    says: Sender<Said>,
    said: Receiver<Said>,
}

impl Supervisor {
    /// Starts everything. `program` makes the command `writer` or `sealer`, to which are added: a seed, and for a writer which one it is, its first
    /// event, its last and how many at once.
    pub fn start(size: Size, program: impl Fn(&str) -> Command + 'static) -> Self {
        let (says, said) = channel();
        let mut supervisor = Self {
            size,
            program: Box::new(program),
            chance: SeededRandomness::new(0x5ea1),
            writers: Vec::new(),
            sealers: Vec::new(),
            says,
            said,
        };
        for writer in 0..size.writers {
            let process = supervisor.writer(writer, 0, 0);
            supervisor.writers.push(Writer { process, life: 0, stored: BTreeSet::new() });
        }
        supervisor.sealers = (0..size.sealers).map(|_| supervisor.sealer()).collect();
        supervisor
    }

    fn below(&self, bound: u32) -> u32 {
        let bytes = (&*self.chance as &dyn Randomness).bytes::<4>();
        u32::from_be_bytes(bytes) % bound
    }

    /// A writer that goes on where nothing is known, and a thread that listens to it.
    fn writer(&self, writer: u32, life: u32, from: u32) -> Child {
        let Size { events_each, tasks_each, .. } = self.size;
        let seed = self.below(u32::MAX);
        let mut command = (self.program)("writer");
        command.args([seed, writer, from, events_each].map(|number| number.to_string()));
        command.arg(tasks_each.to_string()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let says = self.says.clone();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                says.send(Said::Stored { writer, index: line.parse().unwrap() }).ok();
            }
            says.send(Said::Ended { writer, life }).ok();
        });
        process
    }

    fn sealer(&self) -> Child {
        let seed = self.below(u32::MAX).to_string();
        (self.program)("sealer").arg(seed).stdin(Stdio::null()).spawn().unwrap()
    }

    /// Lets them work, and kills one of them at moments that chance decides, until every event is acknowledged.
    pub fn run(&mut self) {
        let total = self.size.writers * self.size.events_each;
        let mut moments: Vec<_> = (0..self.size.kills).map(|_| self.below(total)).collect();
        moments.sort_unstable_by(|one, other| other.cmp(one));
        let (mut stored, mut ended) = (0, 0);
        while ended < self.size.writers {
            match self.said.recv_timeout(SILENCE_MAX).expect("somebody says something") {
                Said::Stored { writer, index } => {
                    self.look(stored);
                    stored += u32::from(self.writers[writer as usize].stored.insert(index));
                }
                Said::Ended { writer, life } => ended += u32::from(self.is_done(writer, life)),
            }
            while moments.last().is_some_and(|moment| *moment <= stored) {
                moments.pop();
                self.kill_one();
            }
        }
        assert_eq!(stored, total);
    }

    /// Looks now and then whether the sealers live.
    fn look(&mut self, stored: u32) {
        if stored.is_multiple_of(1_000) {
            self.assert_no_alarm();
        }
    }

    /// Whether a writer has ended by itself, with everything done.
    fn is_done(&mut self, writer: u32, life: u32) -> bool {
        let is = &mut self.writers[writer as usize];
        if is.life != life {
            // It was killed, and another one is in its place.
            return false;
        }
        assert!(is.process.wait().unwrap().success(), "writer {writer} failed");
        assert_eq!(is.stored.len(), self.size.events_each as usize);
        true
    }

    fn kill_one(&mut self) {
        let sealers = u32::try_from(self.sealers.len()).unwrap();
        let victim = self.below(self.size.writers + sealers);
        if let Some(sealer) = victim.checked_sub(self.size.writers) {
            self.kill_sealer(sealer as usize);
            self.sealers[sealer as usize] = self.sealer();
            return;
        }
        let is = &mut self.writers[victim as usize];
        if is.process.try_wait().unwrap().is_some() {
            return;
        }
        is.process.kill().unwrap();
        is.process.wait().unwrap();
        is.life += 1;
        let (life, stored) = (is.life, is.stored.clone());
        // The first that is not known to be stored; later ones that are will be acknowledged again.
        let from = (0..self.size.events_each).find(|index| !stored.contains(index));
        let from = from.unwrap_or(self.size.events_each);
        self.writers[victim as usize].process = self.writer(victim, life, from);
    }

    /// A sealer never ends by itself, unless it saw an alarm.
    pub fn assert_no_alarm(&mut self) {
        let mut ended = self.sealers.iter_mut().map(|sealer| sealer.try_wait().unwrap());
        assert!(ended.all(|status| status.is_none()), "a sealer raised an alarm");
    }

    fn kill_sealer(&mut self, sealer: usize) {
        self.assert_no_alarm();
        let process = &mut self.sealers[sealer];
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Ends everything that still runs.
    pub fn end(mut self) {
        self.assert_no_alarm();
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let writers = self.writers.iter_mut().map(|writer| &mut writer.process);
        for process in writers.chain(&mut self.sealers) {
            // It may have ended by itself.
            process.kill().ok();
            process.wait().ok();
        }
    }
}
