//! Sign-in: how much of it is hashing, what refreshes wait for meanwhile, and what it costs to know who asks.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use domain::{auth::Ticket, kind};
use system_tests::{
    load::{Burst, Connection, Layout, Member, Outgoing, Server, cpu_time, invitations, send_all},
    sign_up::PASSWORD,
};
use tokio::{runtime::Runtime, task::JoinSet};

use super::{
    process::binary,
    table::{Goal, Row},
    verify::median,
};

const LOGINS_GOAL: f64 = 0.9;
const REFRESH_GOAL_MS: f64 = 20.0;
const READ_GOAL_US: f64 = 60.0;
/// Users who sign in, each once in a round.
const MEMBERS: u128 = 32;
/// Of them on one connection: eight sign in at a time; each core hashes one, and the others wait.
const IN_A_LANE: usize = 4;
const LANES: u128 = MEMBERS / 4;
/// Of those who come in for the first time on one connection: no more than eight connections, or the server says that it is busy.
const COMING_IN_A_LANE: usize = 7;
/// Users who only refresh: each may 30 times a minute.
const REFRESHING: u128 = 24;
/// Odd, so that the median is one of them.
const ROUNDS: usize = 3;
/// How long the hashes are counted that the logins are compared with.
const HASHING: Duration = Duration::from_secs(3);
/// bcrypt's, as the product hashes passwords.
const COST: u32 = 12;
/// Between two refreshes.
const PAUSE: Duration = Duration::from_millis(20);
/// What a signed-in user reads.
const READ: &str = "/api/auth/v1/tenant";
const READERS: usize = 16;
const READS: usize = 500;
const READ_ROUNDS: usize = 7;

/// What came of one round of logins.
struct Round {
    /// Logins a second.
    logins: f64,
    /// Hashes a second, all cores hashing and nothing else done.
    hashes: f64,
    /// How long each refresh took meanwhile, in milliseconds.
    refreshes: Vec<f64>,
}

pub(super) fn measure(folder: &Path) -> anyhow::Result<[Row; 3]> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let server = Server::start(&binary(), &folder.join("data"), Layout::OneProcess);
    let mut members = runtime.block_on(come_in(&server))?;
    let read = reads(&runtime, &server, &members.0)?;
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        rounds.push(round(&runtime, server.address, &mut members)?);
    }
    let middle = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
    let refreshes = rounds.iter().flat_map(|round| round.refreshes.iter().copied()).collect();
    let (count, p99) = percentile_99(refreshes)?;
    let (logins, hashes) = (middle(|round| round.logins)?, middle(|round| round.hashes)?);
    Ok([
        Row {
            name: "logins a second, against bcrypt alone on every core".to_owned(),
            figure: middle(|round| round.logins / round.hashes)?,
            unit: "×",
            goal: Goal::AtLeast(LOGINS_GOAL),
            note: format!(
                "median of {ROUNDS} rounds of {MEMBERS} logins with password and code over {LANES} connections, in turn with bcrypt of cost {COST} on \
                 every core: {logins:.1} logins/s, {hashes:.1} hashes/s; the client works on the same cores"
            ),
            why: "",
        },
        Row {
            name: "refresh of a session while logins run, p99".to_owned(),
            figure: p99,
            unit: "ms",
            goal: Goal::AtMost(REFRESH_GOAL_MS),
            note: format!(
                "{count} refreshes, one after the other, on a connection of their own; every core hashes"
            ),
            why: "",
        },
        Row {
            name: "authenticated read of the tenant: processor time of the server".to_owned(),
            figure: read,
            unit: "µs",
            goal: Goal::AtMost(READ_GOAL_US),
            note: format!(
                "all of `proofline serve`; GET {READ}, {READERS} users on a connection each, median of {READ_ROUNDS} rounds of {} requests",
                READERS * READS
            ),
            why: "",
        },
    ])
}

/// Those who sign in, and those who are signed in and stay so.
async fn come_in(server: &Server) -> anyhow::Result<(Vec<Member>, Vec<Member>)> {
    let invitation = server.invitation.as_deref().context("the server has an owner already")?;
    let ticket: Ticket<kind::Invitation> = invitation.parse()?;
    let mut tokens = invitations(&server.data, ticket.tenant, MEMBERS + REFRESHING).await;
    let (mut lanes, address, mut lane_number) = (JoinSet::new(), server.address, 0);
    while !tokens.is_empty() {
        let lane = tokens.split_off(tokens.len().saturating_sub(COMING_IN_A_LANE));
        lane_number += 1;
        lanes.spawn(async move {
            let mut members = Vec::with_capacity(lane.len());
            for (number, token) in lane.iter().enumerate() {
                let email = format!("member{lane_number}-{number}@customer.example");
                members.push(Member::come_in(address, token, &email).await);
            }
            members
        });
    }
    let mut members: Vec<_> = lanes.join_all().await.into_iter().flatten().collect();
    let refreshing = members.split_off(usize::try_from(MEMBERS)?);
    Ok((members, refreshing))
}

/// Every member signs in once, while others refresh.
fn round(
    runtime: &Runtime,
    server: SocketAddr,
    (members, refreshing): &mut (Vec<Member>, Vec<Member>),
) -> anyhow::Result<Round> {
    while !members.iter().all(Member::has_a_code) {
        thread::sleep(Duration::from_secs(1));
    }
    let hashes = hashes_a_second()?;
    runtime.block_on(async {
        let count = f64::from(u32::try_from(members.len())?);
        let begun = Instant::now();
        let mut lanes = JoinSet::new();
        while !members.is_empty() {
            let lane = members.split_off(members.len().saturating_sub(IN_A_LANE));
            lanes.spawn(sign_in(server, lane));
        }
        let mut connection = Connection::open(server).await?;
        let mut refreshes = Vec::new();
        while !lanes.is_empty() {
            refreshes.push(refresh(&mut connection, refreshing).await);
            tokio::time::sleep(PAUSE).await;
            while let Some(lane) = lanes.try_join_next() {
                members.extend(lane??);
            }
        }
        Ok(Round { logins: count / begun.elapsed().as_secs_f64(), hashes, refreshes })
    })
}

async fn sign_in(server: SocketAddr, mut lane: Vec<Member>) -> std::io::Result<Vec<Member>> {
    let mut connection = Connection::open(server).await?;
    for member in &mut lane {
        member.sign_in(&mut connection).await;
    }
    Ok(lane)
}

/// The next of them in turn; how long it took, in milliseconds.
async fn refresh(connection: &mut Connection, refreshing: &mut [Member]) -> f64 {
    refreshing.rotate_left(1);
    let begun = Instant::now();
    if let Some(member) = refreshing.first_mut() {
        member.refresh(connection).await;
    }
    begun.elapsed().as_secs_f64() * 1e3
}

/// What all cores hash when they do nothing else.
fn hashes_a_second() -> anyhow::Result<f64> {
    let cores = thread::available_parallelism()?.get();
    let begun = Instant::now();
    let hash = || {
        let mut count = 0_u32;
        while begun.elapsed() < HASHING {
            bcrypt::hash_with_salt(PASSWORD, COST, [7; 16])?;
            count += 1;
        }
        anyhow::Ok(f64::from(count) / begun.elapsed().as_secs_f64())
    };
    let rates = thread::scope(|scope| {
        let running: Vec<_> = (0..cores).map(|_| scope.spawn(hash)).collect();
        running.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let mut sum = 0.0;
    for rate in rates {
        sum += rate.map_err(|_| anyhow::anyhow!("a thread that hashed panicked"))??;
    }
    Ok(sum)
}

/// Microseconds of processor time for one read by somebody who is signed in.
fn reads(runtime: &Runtime, server: &Server, members: &[Member]) -> anyhow::Result<f64> {
    let used = || cpu_time(server.process()).context("the server has ended");
    let lane =
        |member: &Member| vec![Outgoing::json("GET", READ, Some(&member.access), None); READS];
    let mut figures = Vec::with_capacity(READ_ROUNDS);
    for _ in 0..READ_ROUNDS {
        let lanes = members.iter().take(READERS).map(lane).collect();
        let before = used()?;
        let Burst { answers, .. } = runtime.block_on(send_all(server.address, lanes));
        let spent = used()?.saturating_sub(before);
        let is_answered = answers.iter().flatten().all(|answer| answer.status.is_success());
        ensure!(is_answered, "a read failed");
        let count = u32::try_from(answers.iter().map(Vec::len).sum::<usize>())?;
        figures.push(spent.as_secs_f64() * 1e6 / f64::from(count));
    }
    median(figures)
}

/// How many there are, and what all but a hundredth of them keep to.
fn percentile_99(mut figures: Vec<f64>) -> anyhow::Result<(usize, f64)> {
    figures.sort_unstable_by(f64::total_cmp);
    let index = (figures.len() * 99).div_ceil(100).saturating_sub(1);
    let figure = figures.get(index).context("there is no refresh")?;
    Ok((figures.len(), *figure))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundredth_is_left_out() {
        let figures = |count: u32| (1..=count).map(f64::from).rev().collect();
        assert_eq!(percentile_99(figures(100)).unwrap(), (100, 99.0));
        assert_eq!(percentile_99(figures(200)).unwrap(), (200, 198.0));
        assert_eq!(percentile_99(figures(3)).unwrap(), (3, 3.0));
        assert!(percentile_99(Vec::new()).is_err());
    }
}
