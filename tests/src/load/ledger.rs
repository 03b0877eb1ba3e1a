//! What was acknowledged, and whether it is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::http::{Method, StatusCode};
use protocol::{
    dsse::Envelope,
    routes::{EventStatus, EventsAnswer, RECEIPTS, ReceiptsAnswer},
};
use tokio::sync::watch;

use super::{
    connection::{Connection, Outgoing},
    exported::Exported,
    synthetic_runner::{Said, SyntheticRunner},
};
use crate::world::Answer;

/// How long one statement may take to be acknowledged, over all attempts.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(20);

/// Which way statements go in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Door {
    /// The HTTPS endpoint, whose answer is the receipt.
    Https,
    /// The Event Grid stand-in, whose answer is that it will be delivered.
    EventGrid,
}

/// A statement that was acknowledged.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// What was said.
    pub said: Said,
    /// The receipt, if the door gives one. It was verified.
    pub receipt: Option<Envelope>,
}

/// One Runner, the way that it goes, and everything that was acknowledged to it.
pub struct Ledger {
    /// The Runner.
    pub runner: SyntheticRunner,
    /// Its way.
    pub door: Door,
    /// In the order of their numbers, from 1, without a gap.
    pub acknowledged: Vec<Acknowledged>,
    /// How many statements were sent without being acknowledged, each time: each was taken in or not.
    pub unanswered: usize,
    connection: Option<Connection>,
}

impl Ledger {
    /// Nothing is acknowledged yet.
    pub fn new(runner: SyntheticRunner, door: Door) -> Self {
        Self { runner, door, acknowledged: Vec::new(), unanswered: 0, connection: None }
    }

    /// Makes statements and sends them, 1 to 4 in a request, each until it is acknowledged; begins nothing new once `over` says so.
    pub async fn fill(&mut self, server: watch::Receiver<SocketAddr>, over: watch::Receiver<bool>) {
        let mut size = 0;
        while !*over.borrow() {
            size = size % 4 + 1;
            let said: Vec<Said> = (0..size).map(|_| self.runner.say()).collect();
            self.insist(said, &server).await;
        }
        self.connection = None;
    }

    /// Sends statements until they are acknowledged, whatever happens to the server meanwhile.
    async fn insist(&mut self, said: Vec<Said>, server: &watch::Receiver<SocketAddr>) {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE, "{:?} was not acknowledged", said[0].event);
            // Signed anew: a signature counts for two minutes.
            let outgoing = match self.door {
                Door::Https => self.runner.hand_in(&said),
                Door::EventGrid => SyntheticRunner::publish(&said),
            };
            let address = *server.borrow();
            match self.send(address, &outgoing, said.len()).await {
                Some(answer) if answer.status == StatusCode::OK => {
                    self.unanswered -= said.len();
                    self.note(said, &answer);
                    return;
                }
                Some(answer) if !answer.status.is_server_error() => {
                    panic!("{} {}", answer.status, answer.json())
                }
                Some(_) | None => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Sends over the connection that is open, or a new one; a broken one is dropped.
    async fn send(
        &mut self,
        server: SocketAddr,
        outgoing: &Outgoing,
        said: usize,
    ) -> Option<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(server).await.ok()?,
        };
        self.unanswered += said;
        let answer = connection.send(outgoing).await.ok()?;
        self.connection = Some(connection);
        Some(answer)
    }

    fn note(&mut self, said: Vec<Said>, answer: &Answer) {
        if self.door == Door::EventGrid {
            let noted = said.into_iter().map(|said| Acknowledged { said, receipt: None });
            self.acknowledged.extend(noted);
            return;
        }
        let answer: EventsAnswer = serde_json::from_slice(&answer.bytes).unwrap();
        assert_eq!(answer.results.len(), said.len());
        for (said, result) in said.into_iter().zip(answer.results) {
            // A duplicate: the first attempt was taken in, and its answer lost.
            assert!(
                matches!(result.status, EventStatus::Accepted | EventStatus::Duplicate),
                "{result:?}"
            );
            let receipt = result.receipt.expect("an accepted statement has a receipt");
            assert!(self.runner.is_receipt(&receipt, &said), "not the receipt of {said:?}");
            self.acknowledged.push(Acknowledged { said, receipt: Some(receipt) });
        }
    }

    /// Every receipt that the control plane has for this Runner, by the number of its statement.
    ///
    /// What comes through Event Grid comes in any order: a page may have gaps that are filled later.
    pub async fn receipts(&self, server: SocketAddr) -> BTreeMap<u64, Envelope> {
        let mut connection = Connection::open(server).await.unwrap();
        let mut receipts = BTreeMap::new();
        loop {
            let after = receipts.keys().next_back().copied().unwrap_or(0);
            let path = format!("{RECEIPTS}?after={after}");
            let answer =
                connection.send(&self.runner.request(Method::GET, &path, None)).await.unwrap();
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
            let page: ReceiptsAnswer = serde_json::from_slice(&answer.bytes).unwrap();
            if page.receipts.is_empty() {
                return receipts;
            }
            receipts.extend(page.receipts.into_iter().map(|receipt| (number(&receipt), receipt)));
        }
    }

    /// Checks that the control plane holds every statement once, with the receipt that was given for it.
    ///
    /// What went through Event Grid may still be on its way, so it is asked for until it is there.
    pub async fn assert_held(&mut self, server: SocketAddr) {
        let begun = Instant::now();
        let mut receipts = self.receipts(server).await;
        while receipts.len() < self.acknowledged.len() {
            let (held, of) = (receipts.len(), self.acknowledged.len());
            let is_late = self.door == Door::Https || begun.elapsed() > PATIENCE;
            assert!(!is_late, "{:?} lost statements: {held} of {of} are held", self.door);
            tokio::time::sleep(PAUSE).await;
            receipts = self.receipts(server).await;
        }
        assert_eq!(receipts.len(), self.acknowledged.len(), "more is held than was said");
        for Acknowledged { said, receipt } in &mut self.acknowledged {
            let held = receipts.get(&said.sequence);
            let held = held.unwrap_or_else(|| panic!("{} is not held", said.sequence));
            assert!(self.runner.is_receipt(held, said), "{} has another receipt", said.sequence);
            assert_eq!(receipt.get_or_insert_with(|| held.clone()), held, "not the first receipt");
        }
    }

    /// Hands everything in again, through the HTTPS door, and checks that each statement is a duplicate with the receipt that it had.
    pub async fn assert_repeated(&self, server: SocketAddr) {
        let mut connection = Connection::open(server).await.unwrap();
        for page in self.acknowledged.chunks(100) {
            let said: Vec<Said> =
                page.iter().map(|acknowledged| acknowledged.said.clone()).collect();
            let answer = connection.send(&self.runner.hand_in(&said)).await.unwrap();
            let said = String::from_utf8_lossy(&answer.bytes);
            let answer: EventsAnswer = serde_json::from_str(&said).expect(&said);
            for (acknowledged, result) in page.iter().zip(answer.results) {
                assert_eq!(result.status, EventStatus::Duplicate);
                assert_eq!(result.receipt, acknowledged.receipt);
            }
        }
    }
}

/// Checks that the log has one row for each statement of `ledgers`, and no other about a run.
pub fn assert_logged_once(ledgers: &[Ledger], exported: &Exported) {
    let mut rows = BTreeMap::new();
    for row in exported.runs() {
        *rows.entry(row).or_insert(0) += 1;
    }
    let twice: Vec<_> = rows.iter().filter(|(_, count)| **count != 1).collect();
    assert!(twice.is_empty(), "more than once in the log: {twice:?}");
    let said = ledgers.iter().flat_map(|ledger| &ledger.acknowledged);
    let said: BTreeSet<_> =
        said.map(|one| (one.said.runner, one.said.sequence, one.said.digest)).collect();
    let rows: BTreeSet<_> = rows.into_keys().collect();
    let lost: Vec<_> = said.difference(&rows).collect();
    assert!(lost.is_empty(), "acknowledged and not in the log: {lost:?}");
    let unsaid: Vec<_> = rows.difference(&said).collect();
    assert!(unsaid.is_empty(), "in the log and never said: {unsaid:?}");
}

/// The number of the statement that a receipt is for; whether the receipt is good is checked elsewhere.
fn number(receipt: &Envelope) -> u64 {
    let payload: serde_json::Value = serde_json::from_slice(receipt.unverified_payload()).unwrap();
    payload["sequence"].as_u64().unwrap()
}
