//! Events at an even pace, whatever the server does: who falls behind has measured less than it seems.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::ensure;
use system_tests::load::{Connection, Outgoing, SyntheticRunner};
use tokio::{task::JoinSet, time::sleep_until};

/// How many events come in, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Events a second, each in a request of its own.
    pub(super) per_second: u32,
    /// Connections, each with a Runner of its own.
    pub(super) lanes: usize,
    /// For how long.
    pub(super) time: Duration,
}

impl Pace {
    /// How many events in all; each lane has as many as the others.
    pub(super) fn events(self) -> usize {
        self.of_a_lane() * self.lanes
    }

    fn of_a_lane(self) -> usize {
        let all = self.time.as_secs() * u64::from(self.per_second);
        usize::try_from(all).unwrap_or(usize::MAX) / self.lanes
    }

    /// Between two requests of a lane.
    fn every(self) -> Duration {
        Duration::from_secs(self.lanes as u64) / self.per_second
    }
}

/// Sends everything, and says how long that took.
pub(super) async fn send(
    server: SocketAddr,
    runners: Vec<SyntheticRunner>,
    pace: Pace,
) -> anyhow::Result<Duration> {
    let mut lanes: Vec<Vec<Outgoing>> = Vec::new();
    for mut runner in runners {
        // A request counts for two minutes; all of them are signed before the first is sent.
        let request = |_| {
            let said = runner.say();
            runner.hand_in(&[said])
        };
        lanes.push((0..pace.of_a_lane()).map(request).collect());
    }
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for (number, lane) in (0_u32..).zip(lanes) {
        let first = begun + pace.every() / u32::try_from(pace.lanes)? * number;
        running.spawn(run(server, lane, first, pace.every()));
    }
    for lane in running.join_all().await {
        lane?;
    }
    Ok(begun.elapsed())
}

async fn run(
    server: SocketAddr,
    lane: Vec<Outgoing>,
    first: Instant,
    every: Duration,
) -> anyhow::Result<()> {
    let mut connection = Connection::open(server).await?;
    for (number, outgoing) in (0_u32..).zip(&lane) {
        sleep_until((first + every * number).into()).await;
        let answer = connection.send(outgoing).await?;
        ensure!(answer.status.is_success(), "{} {}", answer.status, answer.json());
    }
    Ok(())
}
