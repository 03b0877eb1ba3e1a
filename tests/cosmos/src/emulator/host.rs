//! The emulator behind a port of this machine, for several processes.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{self, Response, StatusCode},
    response::IntoResponse as _,
};
use azure_core::http::{Method, Request};
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
};
use url::Url;

use super::{Emulator, Guard};

/// The SDK sends batches of 2 MB; nothing is longer.
const BODY_BYTES_MAX: usize = 4 << 20;

/// How long a port may take to be free again, in steps of [`FREE_STEP`].
const FREE_STEPS_MAX: u32 = 100;
const FREE_STEP: Duration = Duration::from_millis(20);

/// The running host. It ends with this value, its connections included, as a process would.
pub struct EmulatorHost {
    /// `http://127.0.0.1:<port>/`.
    pub url: Url,
    /// What is behind it.
    pub emulator: Emulator,
    runtime: Option<Runtime>,
}

#[derive(Clone)]
struct Serving {
    emulator: Emulator,
    guard: Option<Arc<Guard>>,
}

impl EmulatorHost {
    /// A new account behind `port` of 127.0.0.1 (0: any), with what the deployment makes; `guard` refuses what roles do not allow.
    ///
    /// # Errors
    /// * The port is taken, or the emulator refuses.
    pub async fn start(port: u16, guard: Option<Arc<Guard>>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?.into_std()?;
        let url: Url = format!("http://{}/", listener.local_addr()?).parse()?;
        let emulator = Emulator::empty(url)?;
        emulator.deploy().await?;
        Self::serve(listener, emulator, guard)
    }

    /// The same account behind its port again, for tests in which it comes back.
    ///
    /// # Errors
    /// * The port stays taken.
    pub async fn again(emulator: Emulator, guard: Option<Arc<Guard>>) -> anyhow::Result<Self> {
        let port = emulator.url.port().context("an emulator without a port")?;
        for _ in 0..FREE_STEPS_MAX {
            if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await {
                return Self::serve(listener.into_std()?, emulator, guard);
            }
            tokio::time::sleep(FREE_STEP).await;
        }
        anyhow::bail!("port {port} stays taken")
    }

    fn serve(
        listener: std::net::TcpListener,
        emulator: Emulator,
        guard: Option<Arc<Guard>>,
    ) -> anyhow::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let url = emulator.url.clone();
        let app = Router::new()
            .fallback(answer)
            .with_state(Serving { emulator: emulator.clone(), guard });
        let serving = async move {
            let served = match TcpListener::from_std(listener) {
                Ok(listener) => axum::serve(listener, app).await,
                Err(error) => Err(error),
            };
            if let Err(error) = served {
                tracing::error!(%error, "the Cosmos emulator ended");
            }
        };
        // The runtime runs it; nobody waits for its end.
        drop(runtime.spawn(serving));
        Ok(Self { url, emulator, runtime: Some(runtime) })
    }
}

impl Drop for EmulatorHost {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn answer(State(shared): State<Serving>, request: http::Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    if let Some(guard) = &shared.guard
        && let Err(refusal) = guard.admit(&parts, &body)
    {
        return *refusal;
    }
    match forward(&shared.emulator, &parts, &body).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

async fn forward(
    emulator: &Emulator,
    parts: &http::request::Parts,
    body: &[u8],
) -> anyhow::Result<Response<Body>> {
    let method: Method = match parts.method {
        http::Method::GET => Method::Get,
        http::Method::POST => Method::Post,
        http::Method::PUT => Method::Put,
        http::Method::PATCH => Method::Patch,
        http::Method::DELETE => Method::Delete,
        _ => Method::Head,
    };
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::new(emulator.url.join(path)?, method);
    for (name, value) in &parts.headers {
        request.insert_header(name.as_str().to_owned(), value.to_str()?.to_owned());
    }
    if !body.is_empty() {
        request.set_body(body.to_vec());
    }
    let answer = emulator.http.execute_request(&request).await?.try_into_raw_response().await?;
    let mut response = Response::builder().status(u16::from(answer.status()));
    let framing = ["content-length", "transfer-encoding", "connection"];
    for (name, value) in answer.headers().iter() {
        if !framing.contains(&name.as_str()) {
            response = response.header(name.as_str(), value.as_str());
        }
    }
    Ok(response.body(Body::from(answer.body().to_vec()))?)
}
