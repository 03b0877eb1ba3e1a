//! What every part of the host shares: the apps and the services around them.

use std::sync::Arc;

use axum::{body::Body, http::HeaderValue};
use domain::Timestamp;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use local::Topics;
use ports::{Clock, Randomness};
use tokio::sync::mpsc;

use super::{
    chaos::Chaos,
    connections::Connections,
    function_json::Function,
    host_json::HostJson,
    ids::Ids,
    keys::Keys,
    settings::Cors,
    worker::{Times, Worker},
};
use crate::{
    Inbox,
    serve::{dispatcher::guid, envelope::Sys},
};

/// One hosted package.
pub(crate) struct App {
    pub(crate) name: String,
    pub(crate) host: HostJson,
    pub(crate) functions: Vec<Arc<Function>>,
    pub(crate) cors: Cors,
    pub(crate) worker: Worker,
    /// Open connections to the worker's port.
    pub(crate) connections: Arc<Connections>,
    /// `None` when nobody needs one.
    pub(crate) keys: Option<Keys>,
}

/// All of them, and what they are given.
pub(crate) struct Site {
    pub(crate) apps: Vec<Arc<App>>,
    /// Towards webhooks.
    pub(crate) client: Client<HttpConnector, Body>,
    pub(crate) inbox: Arc<dyn Inbox>,
    pub(crate) topics: Topics,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    pub(crate) ids: Ids,
    pub(crate) chaos: Chaos,
    pub(crate) times: Times,
    pub(crate) is_azure_like: bool,
    pub(crate) body_bytes_max: u64,
    /// Takes invocations that nobody waits for.
    pub(crate) errands: mpsc::UnboundedSender<Errand>,
}

/// An invocation that was asked for through `/admin/functions/…`.
pub(crate) struct Errand {
    pub(crate) app: Arc<App>,
    pub(crate) function: Arc<Function>,
    pub(crate) input: String,
}

/// Keeps connections to webhooks open.
pub(crate) fn client() -> Client<HttpConnector, Body> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).build(connector)
}

impl Site {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn guid(&self) -> String {
        guid(&*self.randomness)
    }

    /// Names an invocation.
    pub(crate) fn invocation_id(&self) -> HeaderValue {
        self.ids.next()
    }

    pub(crate) fn sys(&self, function: &Function) -> Sys {
        Sys::new(function.name.clone(), self.now(), &*self.randomness)
    }

    /// The function `name`, or `app.name` where several apps have one of this name.
    pub(crate) fn function(&self, name: &str) -> Option<(Arc<App>, Arc<Function>)> {
        let of_all = self.apps.iter().flat_map(|app| app.functions.iter().map(move |it| (app, it)));
        let mut found = of_all.filter(|(app, function)| {
            let qualified =
                name.strip_prefix(app.name.as_str()).and_then(|rest| rest.strip_prefix('.'));
            function.name.eq_ignore_ascii_case(qualified.unwrap_or(name))
        });
        let (app, function) = found.next()?;
        found.next().is_none().then(|| (Arc::clone(app), Arc::clone(function)))
    }
}

impl App {
    /// `app/function`: how log lines call it.
    pub(crate) fn full_name(&self, function: &Function) -> String {
        format!("{}/{}", self.name, function.name)
    }
}
