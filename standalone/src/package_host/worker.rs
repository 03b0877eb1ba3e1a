//! The one process of a package: started, asked until it answers, watched, started again, ended (functions-host §1.3).

mod errors;
mod readiness;
mod supervisor;

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
    sync::Arc,
    time::Duration,
};

use ports::Randomness;
use tokio::sync::{mpsc, watch};

pub(crate) use self::supervisor::{Spec, Supervisor};

/// The host's waits. [`Times::default`] has the real ones.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The pause between two looks whether a handler is ready.
    pub look_every: Duration,
    /// How long a request waits for a handler that is not ready; then the host stops.
    pub request_wait: Duration,
    /// Errors with at most this between two are in a row.
    pub errors_apart: Duration,
    /// How long a handler may finish what it began, after SIGTERM.
    pub grace: Duration,
    /// How long a proxied request may go without a byte in either direction.
    pub idle: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            look_every: Duration::from_millis(25),
            request_wait: Duration::from_mins(2),
            errors_apart: Duration::from_mins(30),
            grace: Duration::from_secs(11),
            idle: Duration::from_mins(4),
        }
    }
}

/// One life of the process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Life {
    /// Counts the starts.
    pub(crate) number: u64,
    /// The port on 127.0.0.1, the same in every life.
    pub(crate) port: u16,
}

/// What is known of the process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    /// It will answer soon.
    Starting,
    /// It answers.
    Ready(Life),
    /// It ended and is not started again.
    Ended(Gone),
}

/// Why there is no process any more.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Gone {
    #[error(
        "the handler exited with 0, which the Functions host takes for the end: it never starts it again"
    )]
    ExitedWith0,
    #[error("the handler failed three times in a row: the Functions host stops there")]
    ThirdError,
    #[error(
        "the handler was not ready while a request waited for 120 s: the Functions host stops there"
    )]
    Late,
    #[error("the host was asked to end")]
    Asked,
}

/// What others ask of the supervisor.
#[derive(Clone, Copy, Debug)]
enum Order {
    Kill(u64),
    GiveUp,
}

/// The way to the process.
#[derive(Clone)]
pub(crate) struct Worker {
    state: watch::Sender<State>,
    orders: mpsc::UnboundedSender<Order>,
    request_wait: Duration,
}

/// A port of 127.0.0.1 that is free now.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The two ends of a process that is not started yet.
pub(crate) fn worker(spec: Spec, randomness: Arc<dyn Randomness>) -> (Worker, Supervisor) {
    let state = watch::Sender::new(State::Starting);
    let (sender, orders) = mpsc::unbounded_channel();
    let request_wait = spec.times.request_wait;
    let worker = Worker { state: state.clone(), orders: sender, request_wait };
    let supervisor = Supervisor::new(spec, state, orders, randomness);
    (worker, supervisor)
}

impl Worker {
    /// The process, when it is ready; after 120 s the host stops.
    pub(crate) async fn ready(&self) -> Result<Life, Gone> {
        if let State::Ready(life) = *self.state.borrow() {
            return Ok(life);
        }
        let mut state = self.state.subscribe();
        let known = state.wait_for(|state| *state != State::Starting);
        match tokio::time::timeout(self.request_wait, known).await {
            Ok(Ok(known)) => match *known {
                State::Ready(life) => Ok(life),
                State::Ended(gone) => Err(gone),
                State::Starting => Err(Gone::Asked),
            },
            Ok(Err(_)) => Err(Gone::Asked),
            Err(_) => {
                self.order(Order::GiveUp);
                Err(Gone::Late)
            }
        }
    }

    /// Kills the process in this life, if it still lives it; it is started again.
    pub(crate) fn kill(&self, life: Life) {
        // At once, so that whoever comes next waits for the next life.
        self.state.send_if_modified(|state| {
            let is_alive = *state == State::Ready(life);
            if is_alive {
                *state = State::Starting;
            }
            is_alive
        });
        self.order(Order::Kill(life.number));
    }

    /// Until the host of this package stopped for a reason of its own.
    pub(crate) async fn stopped(&self) -> Gone {
        let mut state = self.state.subscribe();
        let is_over = |state: &State| matches!(state, State::Ended(Gone::ThirdError | Gone::Late));
        let known = state.wait_for(is_over).await.map(|state| *state);
        match known {
            Ok(State::Ended(gone)) => gone,
            Ok(State::Starting | State::Ready(_)) | Err(_) => std::future::pending().await,
        }
    }

    fn order(&self, order: Order) {
        // Nobody listens: then the process is gone too.
        self.orders.send(order).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// functions-host §1.3.
    #[test]
    fn the_waits_are_the_hosts() {
        let times = Times::default();
        assert_eq!(times.look_every, Duration::from_millis(25));
        assert_eq!(times.errors_apart, Duration::from_mins(30));
        assert_eq!(
            (times.request_wait, times.idle),
            (Duration::from_mins(2), Duration::from_mins(4))
        );
    }
}
