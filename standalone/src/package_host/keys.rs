//! Function keys of one app, made once and kept in the data folder.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use axum::http::{HeaderMap, Uri};
use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use ports::Randomness;
use serde::{Deserialize, Serialize};

use super::{function_json::Level, routes::decode};

/// The keys of one app.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Keys {
    /// Opens everything, and what is under `/admin`.
    #[serde(rename = "_master")]
    master: String,
    /// Opens every function.
    default: String,
    /// Opens the Event Grid webhook.
    eventgrid_extension: String,
}

impl Keys {
    /// Those of `app`, from the folder `data`, or new ones.
    pub(crate) fn load(
        data: &Path,
        app: &str,
        randomness: &dyn Randomness,
    ) -> Result<Self, (PathBuf, io::Error)> {
        let path = path(data, app);
        let load = || match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Self::new(randomness).keep(&path)
            }
            Err(error) => Err(error),
        };
        load().map_err(|error| (path.clone(), error))
    }

    fn new(randomness: &dyn Randomness) -> Self {
        let key = || URL_SAFE.encode(randomness.bytes::<40>());
        Self { master: key(), default: key(), eventgrid_extension: key() }
    }

    fn keep(self, path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let fresh = path.with_extension("new");
        let mut file = fs::OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&fresh)?;
        file.write_all(&serde_json::to_vec_pretty(&self)?)?;
        file.sync_all()?;
        fs::rename(fresh, path)?;
        Ok(self)
    }

    /// The key that Event Grid sends.
    pub(crate) fn event_grid(&self) -> &str {
        &self.eventgrid_extension
    }

    /// Whether a request may reach a function of this level.
    pub(crate) fn open(&self, level: Level, headers: &HeaderMap, uri: &Uri) -> bool {
        let has = |key: &str| sent(headers, uri).is_some_and(|sent| is_same(&sent, key));
        match level {
            Level::Anonymous => true,
            Level::Function => has(&self.default) || has(&self.master),
            Level::Admin => has(&self.master),
        }
    }

    /// Whether a request may reach the webhook of Event Grid.
    pub(crate) fn open_event_grid(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        let has = |key: &str| sent(headers, uri).is_some_and(|sent| is_same(&sent, key));
        has(&self.eventgrid_extension) || has(&self.master)
    }
}

/// Where the keys of `app` lie.
pub(crate) fn path(data: &Path, app: &str) -> PathBuf {
    data.join("function-keys").join(format!("{app}.json"))
}

/// The header counts before the query.
fn sent(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let header = headers.get("x-functions-key").and_then(|value| value.to_str().ok());
    header.map(str::to_owned).or_else(|| query(uri, "code"))
}

/// The first value of `name` in the query, decoded.
pub(crate) fn query(uri: &Uri, name: &str) -> Option<String> {
    let pairs = uri.query()?.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut values = pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name));
    values
        .next()
        .map(|(_, value)| decode(&value.replace('+', " ")).replace("%2F", "/").replace("%2f", "/"))
}

/// Takes as long wherever the first difference is.
fn is_same(sent: &str, key: &str) -> bool {
    let differences = sent.bytes().zip(key.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    sent.len() == key.len() && differences == 0
}
