//! Accepting connections, and stopping without losing what was begun.

use std::{io, time::Duration};

use axum::{Router, serve::ListenerExt as _};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::Notify,
};

/// How long work that was begun may go on after a stop.
const GRACE: Duration = Duration::from_secs(10);

/// Answers on `listener` until `stop`; then accepts nothing new and finishes what was begun, for at most 10 s.
///
/// # Errors
/// When the socket fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let stopping = std::sync::Arc::new(Notify::new());
    let begin = std::sync::Arc::clone(&stopping);
    // An answer goes out as soon as it is there: many are smaller than one packet.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = %error, "a socket keeps small packets back");
        }
    });
    let server = axum::serve(listener, router).with_graceful_shutdown(async move {
        stop.await;
        begin.notify_one();
    });
    tokio::select! {
        result = server.into_future() => result,
        () = async { stopping.notified().await; tokio::time::sleep(GRACE).await } => {
            tracing::warn!(grace_s = GRACE.as_secs(), "requests were still open at the end of the time for them");
            Ok(())
        }
    }
}

/// Until the process is asked to end: SIGTERM, or SIGINT from a terminal.
///
/// # Errors
/// When signals cannot be received.
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
