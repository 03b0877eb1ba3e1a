//! `function.json`: the bindings of one function.

mod members;
mod reader;
mod retry;

use std::{collections::BTreeSet, path::Path};

use ports::QueueName;

use self::reader::{Reader, auth_level, template};
pub(crate) use self::retry::Retry;
use super::{
    mistake::{Mistake, Rule},
    routes::Template,
    settings::Settings,
};
use crate::serve::ncrontab::Ncrontab;

/// One function of a package.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    /// The name of its folder.
    pub(crate) name: String,
    /// The name of the trigger's binding.
    pub(crate) binding: String,
    pub(crate) trigger: Trigger,
    pub(crate) outputs: Vec<Output>,
    pub(crate) retry: Option<Retry>,
    /// `disabled` in the file; settings can say it too.
    pub(crate) is_disabled: bool,
}

/// What invokes a function.
#[derive(Clone, Debug)]
pub(crate) enum Trigger {
    /// A request.
    Http(Http),
    /// A schedule.
    Timer { schedule: Box<Ncrontab>, on_startup: bool, is_monitored: bool },
    /// A message.
    Queue { queue: QueueName, is_binary: bool },
    /// An event, or several at once.
    EventGrid { is_many: bool },
}

/// Which requests.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    pub(crate) route: String,
    pub(crate) template: Template,
    /// In capitals; `None` is every method.
    pub(crate) methods: Option<BTreeSet<String>>,
    pub(crate) level: Level,
}

/// Which key a request needs when keys count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Level {
    /// None.
    Anonymous,
    /// The app's, or the master key.
    Function,
    /// The master key.
    Admin,
}

/// Where an answer's output goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Output {
    /// `$return` is the answer's `ReturnValue`.
    pub(crate) name: String,
    pub(crate) to: Destination,
}

/// Kinds of outputs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Destination {
    /// Whoever asked.
    Http,
    /// A queue.
    Queue(QueueName),
}

impl Function {
    /// Whether requests reach the handler as they are: one input and one output, both HTTP (functions-host §3).
    pub(crate) fn is_plain_http(&self) -> bool {
        let is_http = |output: &Output| output.to == Destination::Http;
        matches!(self.trigger, Trigger::Http(_))
            && self.outputs.len() == 1
            && self.outputs.iter().all(is_http)
    }

    /// Reads the file `file` of the function `name`, or says what is wrong.
    pub(crate) fn parse(
        name: &str,
        text: &[u8],
        file: &Path,
        prefix: &str,
        settings: &Settings,
    ) -> Result<Self, Mistake> {
        Reader { name, prefix, settings }.read(text).map_err(|rule| rule.of(file))
    }

    /// One of `customHandler.http.routes`.
    pub(crate) fn of_route(
        number: usize,
        prefix: &str,
        route: &str,
        level: &str,
    ) -> Result<Self, Rule> {
        let http = Http {
            route: route.to_owned(),
            template: template(prefix, route)?,
            methods: None,
            level: auth_level(level)?,
        };
        let output = Output { name: "res".to_owned(), to: Destination::Http };
        Ok(Self {
            name: format!("http-handler{number}"),
            binding: "req".to_owned(),
            trigger: Trigger::Http(http),
            outputs: vec![output],
            retry: None,
            is_disabled: false,
        })
    }
}

#[cfg(test)]
mod tests;
