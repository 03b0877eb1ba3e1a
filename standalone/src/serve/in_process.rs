//! Apps in this process: their port is a function call.

use std::collections::HashMap;

use async_trait::async_trait;
use axum::{
    Router,
    extract::Request,
    response::{IntoResponse as _, Response},
};
use host::{Backend, Config, handler};
use local::Store;
use ports::Identity;
use tower::ServiceExt as _;
use web::Problem;

use super::{ServeError, dispatcher::Dispatcher};
use crate::HostedApp;

/// Every app, opened here.
pub(crate) struct InProcess {
    apps: HashMap<Identity, Router>,
}

impl InProcess {
    /// Opens every app on the backend that the settings name; `store` is the one on this machine.
    pub(crate) async fn open(
        apps: &[HostedApp],
        store: &Store,
        config: &Config,
    ) -> Result<Self, ServeError> {
        let mut opened = HashMap::new();
        for app in apps {
            let ports = match config.backend {
                Backend::Local => store.ports(app.identity),
                Backend::Azure(_) => host::ports(config, app.identity).await?,
            };
            let handler = handler(app.open(ports, config).await?);
            opened.insert(app.identity, handler);
        }
        Ok(Self { apps: opened })
    }
}

#[async_trait]
impl Dispatcher for InProcess {
    async fn send(&self, app: Identity, request: Request) -> Response {
        let Some(app) = self.apps.get(&app) else { return Problem::not_found().into_response() };
        let Ok(response) = app.clone().oneshot(request).await;
        response
    }
}
