//! Bodies on their way through the host: as streams, with a limit of size, of silence and of time.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};

/// Why a body was broken off.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Broken {
    #[error("the body is larger than the host takes")]
    TooLarge,
    #[error("no byte came for the time that a connection may be idle")]
    Idle,
    #[error("the function did not end within functionTimeout")]
    Late,
}

/// What is known of a request's body while it streams.
#[derive(Debug)]
pub(crate) struct Progress {
    began: Instant,
    last_ms: AtomicU64,
    is_too_large: AtomicBool,
}

impl Progress {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            last_ms: AtomicU64::new(0),
            is_too_large: AtomicBool::new(false),
        })
    }

    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    /// When a byte passed last.
    pub(crate) fn last(&self) -> Instant {
        self.began + Duration::from_millis(self.last_ms.load(Ordering::Relaxed))
    }

    pub(crate) fn is_too_large(&self) -> bool {
        self.is_too_large.load(Ordering::Relaxed)
    }

    fn passed(&self) {
        let ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(ms, Ordering::Relaxed);
    }
}

/// A request's body.
pub(crate) struct Sent {
    pub(crate) body: Body,
    pub(crate) left: u64,
    pub(crate) progress: Arc<Progress>,
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            self.progress.passed();
            let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
            if bytes > self.left {
                self.progress.is_too_large.store(true, Ordering::Relaxed);
                return Poll::Ready(Some(Err(Broken::TooLarge.into())));
            }
            self.left -= bytes;
        }
        polled.map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body.
pub(crate) struct Received<B> {
    pub(crate) body: B,
    pub(crate) idle: Duration,
    /// When `functionTimeout` is over, and what then happens beside the break.
    pub(crate) deadline: Option<(Instant, Box<dyn FnOnce() + Send>)>,
    /// Made when there is something to wait for.
    pub(crate) silence: Option<Pin<Box<Sleep>>>,
}

impl<B> HttpBody for Received<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.silence = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let until = Instant::now() + self.idle;
        let until = self.deadline.as_ref().map_or(until, |(deadline, _)| until.min(*deadline));
        let silence = self.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        if silence.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        let is_late =
            self.deadline.as_ref().is_some_and(|(deadline, _)| *deadline <= Instant::now());
        if is_late && let Some((_, then)) = self.deadline.take() {
            then();
            return Poll::Ready(Some(Err(Broken::Late.into())));
        }
        Poll::Ready(Some(Err(Broken::Idle.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
