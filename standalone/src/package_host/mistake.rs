//! What is wrong with a package: the file, and the rule that it breaks.

use std::{fmt, path::PathBuf};

use crate::NcrontabError;

/// One file that breaks one rule of the Functions host, or asks for something that is not hosted here.
#[derive(Debug)]
pub struct Mistake {
    /// The file.
    pub file: PathBuf,
    /// The rule.
    pub rule: Rule,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.rule)
    }
}

/// A rule, said to whoever wrote the file.
#[derive(Debug, thiserror::Error)]
pub enum Rule {
    /// The file is not there, or not ours to read.
    #[error("the file cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// The text is no JSON object.
    #[error("the file is not a JSON object: {0}")]
    NotJson(String),
    /// A value of another type.
    #[error("{key} is {value}; it should be {form}")]
    Form {
        /// Which, as a path from the root of the file.
        key: String,
        /// What it says.
        value: String,
        /// What it should look like.
        form: &'static str,
    },
    /// `version` of `host.json`.
    #[error("version must be exactly \"2.0\"")]
    Version,
    /// `customHandler.description.defaultExecutablePath`.
    #[error(
        "customHandler.description.defaultExecutablePath is empty or missing; name the program that answers"
    )]
    NoExecutable,
    /// `customHandler.type`.
    #[error("customHandler.type is {0:?}; only \"http\" is hosted")]
    HandlerType(String),
    /// `configurationProfile`.
    #[error(
        "configurationProfile is a preview that sets routePrefix \"\", where anybody can invoke triggers; write the values out instead"
    )]
    Profile,
    /// `customHandler.http.routes` beside functions.
    #[error(
        "customHandler.http.routes excludes every function.json; the Functions host starts neither"
    )]
    RoutesAndFunctions,
    /// `maxDequeueCount`.
    #[error(
        "extensions.queues.maxDequeueCount is {0}; the queues here set aside after 5, which is also the default"
    )]
    DequeueCount(u64),
    /// Nothing to host.
    #[error("the package has no function: no folder beside host.json holds a function.json")]
    NoFunctions,
    /// The name of a function's folder.
    #[error(
        "{0:?} is no name of a function: a letter, then at most 127 letters, digits, `_` and `-`, and not `host`"
    )]
    FunctionName(String),
    /// No bindings.
    #[error("a function has at least one binding")]
    NoBindings,
    /// The name of a binding.
    #[error(
        "{0:?} is no name of a binding: a letter, then at most 127 letters and digits, or `$return`"
    )]
    BindingName(String),
    /// Two of one name.
    #[error("two bindings have the name {0:?}")]
    DuplicateBinding(String),
    /// None, or two.
    #[error("a function has exactly one trigger, not {0}")]
    Triggers(usize),
    /// A direction that the type does not have.
    #[error(
        "the binding {0:?} has the wrong direction: triggers are `in`, http and queue are `out`"
    )]
    Direction(String),
    /// A type that nobody knows.
    #[error("{0:?} is no type of a binding that is known here")]
    BindingType(String),
    /// A type that the Functions host knows and this one does not.
    #[error("bindings of the type {0:?} are not hosted here: {1}")]
    NotHosted(String, &'static str),
    /// A setting that is named between percent signs.
    #[error(
        "%{0}% does not resolve to a value: set {0} in the environment or in local.settings.json"
    )]
    Unresolved(String),
    /// A queue that nobody has.
    #[error("there is no queue {0:?}; there are: {1}")]
    Queue(String, String),
    /// A schedule that nobody can keep.
    #[error("the schedule cannot be kept: {0}")]
    Schedule(#[source] NcrontabError),
    /// `retry` beside another trigger than a timer.
    #[error("`retry` counts for timers alone; the queue, Event Grid and HTTP have their own ways")]
    Retry,
    /// A template that cannot be read.
    #[error("the route {0:?} cannot be read: {1}")]
    Route(String, &'static str),
    /// A reserved beginning.
    #[error("the route {0:?} begins with `admin` or `runtime`, which belong to the host")]
    ReservedRoute(String),
    /// Two functions for one request.
    #[error("the route {0:?} with an overlapping method belongs to {1} too")]
    OverlappingRoute(String, String),
    /// `IsEncrypted`.
    #[error(
        "IsEncrypted must say false: without it the values count as encrypted, and nobody here has the key"
    )]
    Encrypted,
    /// A value that is no text.
    #[error("Values.{0} must be a string: it becomes an environment variable")]
    SettingNotText(String),
    /// Two packages with one name.
    #[error("another package is called {0:?} too; packages have the name of their folder or zip")]
    DuplicatePackage(String),
    /// No package.
    #[error(
        "neither a package (a folder with host.json, or a zip of one) nor a folder that holds some"
    )]
    NoPackage,
    /// A zip that cannot be unpacked.
    #[error("the zip cannot be unpacked: {0}")]
    Zip(String),
}

impl Rule {
    /// In which file.
    pub(crate) fn of(self, file: impl Into<PathBuf>) -> Mistake {
        Mistake { file: file.into(), rule: self }
    }
}
