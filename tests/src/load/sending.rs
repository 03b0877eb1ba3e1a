//! Many requests at the same time, each lane in its order.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{sync::Barrier, task::JoinSet};

use super::connection::{Connection, Outgoing};
use crate::world::Answer;

/// What came of a burst of requests.
pub struct Burst {
    /// From the moment when every lane was connected to the last answer.
    pub wall: Duration,
    /// The answers, lane by lane, in the order of the requests.
    pub answers: Vec<Vec<Answer>>,
}

/// Sends every lane over a connection of its own. Every request must be answered; what with is for the caller to look at.
pub async fn send_all(server: SocketAddr, lanes: Vec<Vec<Outgoing>>) -> Burst {
    let ready = std::sync::Arc::new(Barrier::new(lanes.len() + 1));
    let mut running = JoinSet::new();
    for (number, lane) in lanes.into_iter().enumerate() {
        let ready = std::sync::Arc::clone(&ready);
        running.spawn(async move {
            let mut connection = Connection::open(server).await.unwrap();
            ready.wait().await;
            let mut answers = Vec::with_capacity(lane.len());
            for outgoing in &lane {
                answers.push(connection.send(outgoing).await.unwrap());
            }
            (number, answers)
        });
    }
    ready.wait().await;
    let begun = Instant::now();
    let mut answers = running.join_all().await;
    let wall = begun.elapsed();
    answers.sort_by_key(|(number, _)| *number);
    Burst { wall, answers: answers.into_iter().map(|(_, answers)| answers).collect() }
}
