//! Connections to one handler: kept open, and driven by the request that uses one, so that no other task wakes for it.

use std::{
    io,
    net::Ipv4Addr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderValue, Request, Response, Version, uri::PathAndQuery},
};
use hyper::{
    body::{Frame, Incoming, SizeHint},
    client::conn::http1::{Builder, Connection as Driver, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How many connections wait for the next request; more are closed after their answer.
const IDLE_MAX: usize = 256;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    #[error("nobody listens at the handler's port: {0}")]
    Connect(#[source] io::Error),
    #[error("the connection to the handler broke: {0}")]
    Broke(#[source] hyper::Error),
}

/// The way to one handler's port.
pub(crate) struct Connections {
    port: u16,
    host: HeaderValue,
    idle: Mutex<Vec<Connection>>,
}

struct Connection {
    sender: SendRequest<Body>,
    /// `None` once it is closed.
    driver: Option<Box<Driver<TokioIo<TcpStream>, Body>>>,
}

/// What was not sent, because the connection had been closed meanwhile.
enum Failed {
    Unsent(Box<Request<Body>>),
    Broke(hyper::Error),
}

impl Connections {
    /// To `port` of 127.0.0.1.
    pub(crate) fn new(port: u16) -> Self {
        let host = HeaderValue::from_str(&format!("127.0.0.1:{port}"));
        let host = host.unwrap_or(HeaderValue::from_static("127.0.0.1"));
        Self { port, host, idle: Mutex::default() }
    }

    /// What the handler is called in `Host`.
    pub(crate) fn host(&self) -> &HeaderValue {
        &self.host
    }

    /// Sends `request` and waits for the head of its answer. Dropping this, or the answer's body before its end, closes the connection.
    pub(crate) async fn request(
        self: &Arc<Self>,
        request: Request<Body>,
    ) -> Result<Response<Answer>, Unanswered> {
        let mut request = readdressed(request);
        while let Some(mut connection) = self.take().await {
            match connection.send(request).await {
                Ok(answer) => return Ok(self.answer(connection, answer)),
                Err(Failed::Broke(error)) => return Err(Unanswered::Broke(error)),
                // The handler closed it just now: nothing of the request went out.
                Err(Failed::Unsent(unsent)) => request = *unsent,
            }
        }
        // Rare, and larger than all the rest.
        let mut connection = Box::pin(self.connect()).await?;
        match connection.send(request).await {
            Ok(answer) => Ok(self.answer(connection, answer)),
            Err(Failed::Broke(error)) => Err(Unanswered::Broke(error)),
            Err(Failed::Unsent(_)) => {
                Err(Unanswered::Connect(io::ErrorKind::ConnectionAborted.into()))
            }
        }
    }

    fn answer(
        self: &Arc<Self>,
        connection: Connection,
        answer: Response<Incoming>,
    ) -> Response<Answer> {
        let to = Arc::clone(self);
        answer.map(|body| {
            let mut body = Answer { body, connection: Some(connection), to };
            if body.body.is_end_stream() {
                body.give_back();
            }
            body
        })
    }

    /// One that is still open. The latest first: it is the least likely to have been closed.
    async fn take(&self) -> Option<Connection> {
        loop {
            let mut connection = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if connection.ready().await {
                return Some(connection);
            }
        }
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX {
            idle.push(connection);
        }
    }

    async fn connect(&self) -> Result<Connection, Unanswered> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await;
        let stream = stream.map_err(Unanswered::Connect)?;
        stream.set_nodelay(true).map_err(Unanswered::Connect)?;
        // Requests are small: one buffer is written sooner than a list of them.
        let made = Builder::new().writev(false).handshake(TokioIo::new(stream)).await;
        let (sender, driver) = made.map_err(Unanswered::Broke)?;
        Ok(Connection { sender, driver: Some(Box::new(driver)) })
    }
}

impl Connection {
    /// Reads and writes what can be read and written now.
    fn drive(&mut self, context: &mut Context<'_>) {
        if let Some(driver) = &mut self.driver
            && Pin::new(driver).poll(context).is_ready()
        {
            self.driver = None;
        }
    }

    /// Whether it takes a request. Its last answer was read to the end, so that this is known at once.
    async fn ready(&mut self) -> bool {
        std::future::poll_fn(|context| {
            self.drive(context);
            Poll::Ready(self.driver.is_some() && self.sender.is_ready())
        })
        .await
    }

    async fn send(&mut self, request: Request<Body>) -> Result<Response<Incoming>, Failed> {
        let answer = self.sender.try_send_request(request);
        tokio::pin!(answer);
        let answered = std::future::poll_fn(|context| {
            if let Some(driver) = &mut self.driver
                && Pin::new(driver).poll(context).is_ready()
            {
                self.driver = None;
            }
            answer.as_mut().poll(context)
        });
        answered.await.map_err(|mut error| match error.take_message() {
            Some(request) => Failed::Unsent(Box::new(request)),
            None => Failed::Broke(error.into_error()),
        })
    }
}

/// The body of an answer. Its connection is used again once it was read to its end.
pub(crate) struct Answer {
    body: Incoming,
    connection: Option<Connection>,
    to: Arc<Connections>,
}

impl Answer {
    fn give_back(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.to.keep(connection);
        }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if let Some(connection) = &mut self.connection {
            connection.drive(context);
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            self.give_back();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// As it goes to a server: path and query alone, in HTTP/1.1.
fn readdressed(mut request: Request<Body>) -> Request<Body> {
    *request.version_mut() = Version::HTTP_11;
    if request.uri().authority().is_some() {
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.unwrap_or_else(|| PathAndQuery::from_static("/")).into();
    }
    request
}
