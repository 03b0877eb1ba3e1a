//! `host.json`: one for each package, with the app settings over it.

use std::time::Duration;

use serde_json::Value;

use super::{mistake::Rule, overrides::Tree, settings::Settings};

/// `functionTimeout` on Flex Consumption when `host.json` says nothing.
const FUNCTION_TIMEOUT: Duration = Duration::from_mins(30);
const READY_WITHIN: Duration = Duration::from_secs(30);

/// How requests of plain HTTP functions reach the handler.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Passing {
    /// As envelopes, like everything else.
    Envelope,
    /// Built again, without streams (`enableForwardingHttpRequest`).
    Forward,
    /// As streams (`enableProxyingHttpRequest`).
    Proxy,
}

/// What `host.json` says.
#[derive(Clone, Debug)]
pub(crate) struct HostJson {
    /// `None` is unbounded ("-1").
    pub(crate) function_timeout: Option<Duration>,
    /// Without slashes at its ends.
    pub(crate) route_prefix: String,
    pub(crate) executable: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) working_directory: Option<String>,
    /// Whether a line on stderr is an error whatever it says.
    pub(crate) stderr_is_errors: bool,
    pub(crate) passing: Passing,
    /// A port that somebody insists on.
    pub(crate) port: Option<u16>,
    pub(crate) ready_within: Duration,
    /// After a failure a message waits this long.
    pub(crate) visibility_timeout: Duration,
    /// Messages at once: `batchSize`.
    pub(crate) batch_size: usize,
    /// Functions that are hosted; `None` is all.
    pub(crate) allowed: Option<Vec<String>>,
    /// `customHandler.http.routes`, each with its level.
    pub(crate) routes: Vec<(String, String)>,
}

impl HostJson {
    /// Reads it, or says everything that is wrong.
    pub(crate) fn parse(text: &[u8], settings: &Settings) -> Result<Self, Vec<Rule>> {
        let tree = Tree::parse(text, settings).map_err(|rule| vec![rule])?;
        let mut rules = refusals(&tree);
        match read(&tree, settings) {
            Ok(host) if rules.is_empty() => return Ok(host),
            Ok(_) => {}
            Err(rule) => rules.push(rule),
        }
        Err(rules)
    }

    /// Whether a function of this name is hosted.
    pub(crate) fn allows(&self, function: &str) -> bool {
        let is_it = |name: &String| name.eq_ignore_ascii_case(function);
        self.allowed.as_ref().is_none_or(|names| names.iter().any(is_it))
    }
}

fn refusals(tree: &Tree) -> Vec<Rule> {
    let mut rules = Vec::new();
    if tree.get("version").and_then(Value::as_str) != Some("2.0") {
        rules.push(Rule::Version);
    }
    if tree.get("configurationProfile").is_some() {
        rules.push(Rule::Profile);
    }
    match tree.text("customHandler.type") {
        Ok(Some(kind)) if !kind.eq_ignore_ascii_case("http") => rules.push(Rule::HandlerType(kind)),
        Ok(_) => {}
        Err(rule) => rules.push(rule),
    }
    match tree.number("extensions.queues.maxDequeueCount") {
        Ok(Some(count)) if count != u64::from(ports::MAX_DEQUEUE_COUNT) => {
            rules.push(Rule::DequeueCount(count));
        }
        Ok(_) => {}
        Err(rule) => rules.push(rule),
    }
    rules
}

fn read(tree: &Tree, settings: &Settings) -> Result<HostJson, Rule> {
    let expand = |text: &str| settings.expand(text, |_| Ok(String::new()));
    let description = |name: &str| format!("customHandler.description.{name}");
    let executable = tree.text(&description("defaultExecutablePath"))?.unwrap_or_default();
    let executable = expand(&executable)?;
    if executable.trim().is_empty() {
        return Err(Rule::NoExecutable);
    }
    let mut arguments = texts(tree, &description("arguments"))?.unwrap_or_default();
    // The host joins them with spaces and quotes nothing, so that one with spaces arrives as several.
    arguments = expand(&arguments.join(" "))?.split_whitespace().map(str::to_owned).collect();
    Ok(HostJson {
        function_timeout: function_timeout(tree)?,
        route_prefix: route_prefix(tree)?,
        executable,
        arguments,
        working_directory: tree.text(&description("workingDirectory"))?,
        stderr_is_errors: tree
            .flag(&description("useStdErrorStreamForErrorsOnly"))?
            .unwrap_or(true),
        passing: passing(tree)?,
        port: port(tree)?,
        ready_within: tree.time("customHandler.initializationTimeout")?.unwrap_or(READY_WITHIN),
        visibility_timeout: tree.time("extensions.queues.visibilityTimeout")?.unwrap_or_default(),
        batch_size: batch_size(tree)?,
        allowed: texts(tree, "functions")?,
        routes: routes(tree)?,
    })
}

fn texts(tree: &Tree, path: &str) -> Result<Option<Vec<String>>, Rule> {
    let form = "a list of texts";
    let Some(list) = tree.list(path)? else { return Ok(None) };
    let text = |value: &Value| {
        let refused = || Rule::Form { key: path.to_owned(), value: value.to_string(), form };
        value.as_str().map(str::to_owned).ok_or_else(refused)
    };
    list.iter().map(text).collect::<Result<_, _>>().map(Some)
}

fn function_timeout(tree: &Tree) -> Result<Option<Duration>, Rule> {
    if tree.get("functionTimeout").and_then(Value::as_str) == Some("-1") {
        return Ok(None);
    }
    Ok(Some(tree.time("functionTimeout")?.unwrap_or(FUNCTION_TIMEOUT)))
}

fn route_prefix(tree: &Tree) -> Result<String, Rule> {
    let prefix = tree.text("extensions.http.routePrefix")?;
    Ok(prefix.unwrap_or_else(|| "api".to_owned()).trim_matches('/').to_owned())
}

/// Proxying wins when both are said.
fn passing(tree: &Tree) -> Result<Passing, Rule> {
    let proxy = tree.flag("customHandler.enableProxyingHttpRequest")?.unwrap_or(false);
    let forward = tree.flag("customHandler.enableForwardingHttpRequest")?.unwrap_or(false);
    Ok(match (proxy, forward) {
        (true, _) => Passing::Proxy,
        (false, true) => Passing::Forward,
        (false, false) => Passing::Envelope,
    })
}

fn port(tree: &Tree) -> Result<Option<u16>, Rule> {
    let key = "customHandler.port";
    let Some(port) = tree.number(key)? else { return Ok(None) };
    let form = "a port from 1 to 65535";
    let refused = |_| Rule::Form { key: key.to_owned(), value: port.to_string(), form };
    u16::try_from(port).map(|port| (port != 0).then_some(port)).map_err(refused)
}

fn batch_size(tree: &Tree) -> Result<usize, Rule> {
    let key = "extensions.queues.batchSize";
    match tree.number(key)?.unwrap_or(16) {
        size @ 1..=32 => Ok(usize::try_from(size).unwrap_or(32)),
        size => {
            let form = "a number from 1 to 32";
            Err(Rule::Form { key: key.to_owned(), value: size.to_string(), form })
        }
    }
}

fn routes(tree: &Tree) -> Result<Vec<(String, String)>, Rule> {
    let level = tree.text("customHandler.http.defaultAuthorizationLevel")?;
    let level = level.unwrap_or_else(|| "function".to_owned());
    let routes = tree.list("customHandler.http.routes")?.unwrap_or_default();
    let text = |route: &Value, name: &str| route.get(name)?.as_str().map(str::to_owned);
    let route = |route: Value| {
        let own = text(&route, "authorizationLevel").unwrap_or_else(|| level.clone());
        (text(&route, "route").unwrap_or_default(), own)
    };
    Ok(routes.into_iter().map(route).collect())
}

#[cfg(test)]
mod tests;
