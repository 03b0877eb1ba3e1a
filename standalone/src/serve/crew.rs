//! Several workers that take from one place: each takes, lets the next one look, and then works.
//!
//! So one arrival wakes one worker, many arrivals wake as many as there are, and nobody asks an empty place twice.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};

use super::stop::Stop;

/// What a crew does.
pub(crate) trait Work: Send + Sync + 'static {
    /// What is taken.
    type Item: Send;

    /// Takes one; `None` when there is none now.
    fn take(&self) -> impl Future<Output = Option<Self::Item>> + Send;

    /// Works on it to the end, and says itself what failed.
    fn process(&self, item: Self::Item) -> impl Future<Output = ()> + Send;
}

/// Works with `size` workers until `stop`, and finishes what was taken. Looks at each arrival, and every `poll`.
pub(crate) async fn crew<W: Work>(
    work: Arc<W>,
    size: usize,
    mut arrivals: watch::Receiver<u64>,
    poll: Duration,
    stop: Stop,
) {
    let wake = Arc::new(Notify::new());
    let mut workers = JoinSet::new();
    for _ in 0..size {
        workers.spawn(worker(Arc::clone(&work), Arc::clone(&wake), stop.clone()));
    }
    while !stop.is_stopped() {
        wake.notify_one();
        tokio::select! {
            () = stop.stopped() => {}
            () = tokio::time::sleep(poll) => {}
            Ok(()) = arrivals.changed() => {}
        }
    }
    while let Some(ended) = workers.join_next().await {
        if let Err(error) = ended {
            tracing::error!(error = %error, "a worker broke");
        }
    }
}

async fn worker<W: Work>(work: Arc<W>, wake: Arc<Notify>, stop: Stop) {
    loop {
        tokio::select! {
            () = stop.stopped() => return,
            () = wake.notified() => {}
        }
        while !stop.is_stopped() {
            let Some(item) = work.take().await else { break };
            wake.notify_one();
            work.process(item).await;
        }
    }
}
