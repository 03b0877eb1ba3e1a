//! One connection that is kept open, and requests that are ready to be sent.

use std::{io, net::SocketAddr, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Method, Request, header},
};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, task::JoinSet, time::timeout};

use crate::world::Answer;

/// Longer than the server waits for an app that starts again.
const ANSWER_WITHIN: Duration = Duration::from_secs(40);

/// A request that can be sent again as it is. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub path: String,
    /// Its headers; `host` is added.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Outgoing {
    /// A request without anything; `token` becomes the bearer token, `body` is sent as JSON.
    pub fn json(method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Self {
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        }
        let body = body.map(|body| {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Bytes::from(body.to_string())
        });
        let (method, path) = (method.parse().unwrap(), path.to_owned());
        Self { method, path, headers, body: body.unwrap_or_default() }
    }
}

/// An open connection. After an error it is of no use any more.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
    // Ends with the connection.
    _driver: JoinSet<()>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, driver) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let mut drivers = JoinSet::new();
        drivers.spawn(async move {
            // What goes wrong is told to whoever waits for an answer.
            driver.await.ok();
        });
        let host = address.to_string().parse().map_err(io::Error::other)?;
        Ok(Self { sender, host, _driver: drivers })
    }

    /// Sends one request and reads its answer.
    ///
    /// # Errors
    /// There was none: what was asked for was done or not.
    pub async fn send(&mut self, outgoing: &Outgoing) -> io::Result<Answer> {
        let mut request = Request::new(Full::new(outgoing.body.clone()));
        *request.method_mut() = outgoing.method.clone();
        *request.uri_mut() = outgoing.path.parse().map_err(io::Error::other)?;
        *request.headers_mut() = outgoing.headers.clone();
        request.headers_mut().insert(header::HOST, self.host.clone());
        let answered = async {
            self.sender.ready().await?;
            let (parts, body) = self.sender.send_request(request).await?.into_parts();
            let bytes = body.collect().await?.to_bytes().to_vec();
            Ok(Answer { status: parts.status, headers: parts.headers, bytes })
        };
        timeout(ANSWER_WITHIN, answered)
            .await?
            .map_err(|error: hyper::Error| io::Error::other(error))
    }
}

/// Sends JSON once, over a connection of its own, and expects success.
#[track_caller]
pub fn call(
    address: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> impl Future<Output = Value> {
    let outgoing = Outgoing::json(method, path, token, body);
    async move {
        let answer = Connection::open(address).await.unwrap().send(&outgoing).await.unwrap();
        let json = answer.json();
        assert!(
            answer.status.is_success(),
            "{} {}: {} {json}",
            outgoing.method,
            outgoing.path,
            answer.status
        );
        json
    }
}

impl From<Outgoing> for Request<Body> {
    fn from(outgoing: Outgoing) -> Self {
        let mut request = Request::new(Body::from(outgoing.body));
        *request.method_mut() = outgoing.method;
        *request.uri_mut() = outgoing.path.parse().unwrap();
        *request.headers_mut() = outgoing.headers;
        request
    }
}
