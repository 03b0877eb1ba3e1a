//! `function.json`: the bindings of one function.

mod retry;

use std::{collections::BTreeSet, path::Path};

use ports::QueueName;
use serde_json::{Map, Value};

pub(crate) use self::retry::Retry;
use self::retry::retry;
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

struct Reader<'a> {
    name: &'a str,
    prefix: &'a str,
    settings: &'a Settings,
}

type Members = Map<String, Value>;

impl Reader<'_> {
    fn read(&self, text: &[u8]) -> Result<Function, Rule> {
        let file: Members =
            serde_json::from_slice(text).map_err(|error| Rule::NotJson(error.to_string()))?;
        if !is_name(self.name, 128, "_-") || self.name.eq_ignore_ascii_case("host") {
            return Err(Rule::FunctionName(self.name.to_owned()));
        }
        let bindings = file.get("bindings").and_then(Value::as_array).map(Vec::as_slice);
        let bindings: Vec<&Members> =
            bindings.unwrap_or_default().iter().filter_map(Value::as_object).collect();
        if bindings.is_empty() {
            return Err(Rule::NoBindings);
        }
        check_names(&bindings)?;
        let (triggers, others): (Vec<&Members>, Vec<&Members>) =
            bindings.into_iter().partition(|binding| kind(binding).ends_with("trigger"));
        let [trigger] = triggers.as_slice() else { return Err(Rule::Triggers(triggers.len())) };
        check_direction(trigger, "in")?;
        let outputs = others.into_iter().map(|binding| self.output(binding));
        let outputs = outputs.collect::<Result<_, _>>()?;
        let trigger_of = self.trigger(trigger)?;
        let retry = retry(&file)?;
        if retry.is_some() && !matches!(trigger_of, Trigger::Timer { .. }) {
            return Err(Rule::Retry);
        }
        Ok(Function {
            name: self.name.to_owned(),
            binding: text_of(trigger, "name").unwrap_or_default().to_owned(),
            trigger: trigger_of,
            outputs,
            retry,
            is_disabled: file.get("disabled") == Some(&Value::Bool(true)),
        })
    }

    fn trigger(&self, binding: &Members) -> Result<Trigger, Rule> {
        let not_hosted = |why| {
            Err(Rule::NotHosted(text_of(binding, "type").unwrap_or_default().to_owned(), why))
        };
        match kind(binding).as_str() {
            "httptrigger" => self.http(binding).map(Trigger::Http),
            "timertrigger" => {
                let schedule = self.expanded(binding, "schedule")?;
                Ok(Trigger::Timer {
                    schedule: schedule.parse().map(Box::new).map_err(Rule::Schedule)?,
                    on_startup: flag(binding, "runOnStartup")?.unwrap_or(false),
                    is_monitored: flag(binding, "useMonitor")?.unwrap_or(true),
                })
            }
            "queuetrigger" => {
                Ok(Trigger::Queue { queue: self.queue(binding)?, is_binary: is_binary(binding) })
            }
            "eventgridtrigger" => match text_of(binding, "cardinality").unwrap_or("one") {
                "one" => Ok(Trigger::EventGrid { is_many: false }),
                "many" => Ok(Trigger::EventGrid { is_many: true }),
                other => Err(form("cardinality", other, "\"one\" or \"many\"")),
            },
            "cosmosdbtrigger" => not_hosted(
                "it loses a batch whenever an invocation fails without `retry`; use a queue, as every app here does",
            ),
            "blobtrigger" => not_hosted("use Event Grid events of the blobs instead"),
            "servicebustrigger" | "eventhubtrigger" | "kafkatrigger" => not_hosted(
                "there is no stand-in for that service; use Storage queues or Event Grid",
            ),
            _ => Err(Rule::BindingType(text_of(binding, "type").unwrap_or_default().to_owned())),
        }
    }

    fn http(&self, binding: &Members) -> Result<Http, Rule> {
        let route = text_of(binding, "route").unwrap_or(self.name).trim_matches('/').to_owned();
        let methods = binding.get("methods").and_then(Value::as_array).map(|methods| {
            methods.iter().filter_map(Value::as_str).map(str::to_ascii_uppercase).collect()
        });
        Ok(Http {
            template: template(self.prefix, &route)?,
            route,
            methods,
            level: auth_level(text_of(binding, "authLevel").unwrap_or("function"))?,
        })
    }

    fn output(&self, binding: &Members) -> Result<Output, Rule> {
        let to = match kind(binding).as_str() {
            "http" => Destination::Http,
            "queue" => Destination::Queue(self.queue(binding)?),
            "blob" | "cosmosdb" | "table" | "eventgrid" | "servicebus" | "signalr" | "sendgrid" => {
                let kind = text_of(binding, "type").unwrap_or_default().to_owned();
                return Err(Rule::NotHosted(
                    kind,
                    "call the service from the handler, where errors can be handled",
                ));
            }
            _ => {
                return Err(Rule::BindingType(
                    text_of(binding, "type").unwrap_or_default().to_owned(),
                ));
            }
        };
        check_direction(binding, "out")?;
        Ok(Output { name: text_of(binding, "name").unwrap_or_default().to_owned(), to })
    }

    fn queue(&self, binding: &Members) -> Result<QueueName, Rule> {
        let name = self.expanded(binding, "queueName")?;
        let names = || QueueName::ALL.map(QueueName::name).join(", ");
        let known = QueueName::ALL.into_iter().find(|queue| queue.name() == name);
        known.ok_or_else(|| Rule::Queue(name, names()))
    }

    fn expanded(&self, binding: &Members, key: &str) -> Result<String, Rule> {
        let text = text_of(binding, key).unwrap_or_default();
        self.settings.expand(text, |name| Err(Rule::Unresolved(name.to_owned())))
    }
}

fn kind(binding: &Members) -> String {
    text_of(binding, "type").unwrap_or_default().to_ascii_lowercase()
}

fn text_of<'a>(binding: &'a Members, key: &str) -> Option<&'a str> {
    binding.get(key).and_then(Value::as_str)
}

fn flag(binding: &Members, key: &str) -> Result<Option<bool>, Rule> {
    match binding.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(other) => Err(form(key, &other.to_string(), "true or false")),
    }
}

fn is_binary(binding: &Members) -> bool {
    text_of(binding, "dataType").is_some_and(|kind| kind.eq_ignore_ascii_case("binary"))
}

fn form(key: &str, value: &str, form: &'static str) -> Rule {
    Rule::Form { key: key.to_owned(), value: value.to_owned(), form }
}

/// A letter, then letters, digits and `others`.
fn is_name(text: &str, length_max: usize, others: &str) -> bool {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || others.contains(letter);
    text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text.len() <= length_max
        && text.chars().all(is_allowed)
}

fn check_names(bindings: &[&Members]) -> Result<(), Rule> {
    let mut seen = BTreeSet::new();
    for binding in bindings {
        let name = text_of(binding, "name").unwrap_or_default();
        if name != "$return" && !is_name(name, 128, "") {
            return Err(Rule::BindingName(name.to_owned()));
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(Rule::DuplicateBinding(name.to_owned()));
        }
    }
    Ok(())
}

fn check_direction(binding: &Members, direction: &str) -> Result<(), Rule> {
    let said = text_of(binding, "direction").unwrap_or_default();
    let name = || text_of(binding, "name").unwrap_or_default().to_owned();
    if said.eq_ignore_ascii_case(direction) { Ok(()) } else { Err(Rule::Direction(name())) }
}

fn template(prefix: &str, route: &str) -> Result<Template, Rule> {
    let bare = route.trim_start_matches('/').to_ascii_lowercase();
    if bare.starts_with("admin") || bare.starts_with("runtime") {
        return Err(Rule::ReservedRoute(route.to_owned()));
    }
    Template::parse(prefix, route)
}

fn auth_level(text: &str) -> Result<Level, Rule> {
    match text.to_ascii_lowercase().as_str() {
        "anonymous" => Ok(Level::Anonymous),
        "function" => Ok(Level::Function),
        "admin" => Ok(Level::Admin),
        _ => Err(form("authLevel", text, "anonymous, function or admin")),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use super::*;

    fn parse(name: &str, text: &str) -> Result<Function, String> {
        let environment = BTreeMap::from([("QUEUE".to_owned(), "seal".to_owned())]);
        let (settings, _) = Settings::read(&environment, Path::new("/nowhere")).unwrap();
        let file = Path::new("app/f/function.json");
        Function::parse(name, text.as_bytes(), file, "api", &settings)
            .map_err(|mistake| mistake.to_string())
    }

    fn bindings(bindings: &str) -> Result<Function, String> {
        parse("f", &format!(r#"{{"bindings": [{bindings}]}}"#))
    }

    const TIMER: &str = r#"{"type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "0 */5 * * * *"}"#;
    const REQUEST: &str = r#"{"type": "httpTrigger", "direction": "in", "name": "req"}"#;
    const ANSWER: &str = r#"{"type": "http", "direction": "out", "name": "res"}"#;
    const SEND: &str =
        r#"{"type": "queue", "direction": "out", "name": "seal", "queueName": "%QUEUE%"}"#;

    #[test]
    fn the_generated_files_read_as_they_are() {
        let http = parse(
            "http",
            include_str!("../../../docs/generated/functions/runs/http/function.json"),
        )
        .unwrap();
        assert!(http.is_plain_http());
        let Trigger::Http(request) = http.trigger else { panic!() };
        assert_eq!((request.route.as_str(), request.level), ("runs/{*path}", Level::Anonymous));
        assert!(request.methods.unwrap().contains("PATCH"));
        let event = parse(
            "ingest_event",
            include_str!("../../../docs/generated/functions/runs/ingest_event/function.json"),
        );
        assert!(matches!(event.unwrap().trigger, Trigger::EventGrid { is_many: false }));
        let seal = parse(
            "seal_intents",
            include_str!("../../../docs/generated/functions/audit/seal_intents/function.json"),
        );
        assert!(matches!(
            seal.unwrap().trigger,
            Trigger::Queue { queue: QueueName::Seal, is_binary: false }
        ));
        let sweep = parse(
            "sweep",
            include_str!("../../../docs/generated/functions/audit/sweep_intents/function.json"),
        );
        assert!(matches!(
            sweep.unwrap().trigger,
            Trigger::Timer { on_startup: false, is_monitored: true, .. }
        ));
    }

    #[test]
    fn an_http_function_says_nothing_and_gets_the_defaults() {
        let function = bindings(&format!("{REQUEST}, {ANSWER}")).unwrap();
        let Trigger::Http(request) = &function.trigger else { panic!() };
        assert_eq!((request.route.as_str(), request.level), ("f", Level::Function));
        assert!(request.methods.is_none() && function.is_plain_http());
    }

    /// functions-host §3: any other binding, and the function falls back to the envelope.
    #[test]
    fn another_binding_makes_an_http_function_one_of_envelopes() {
        let function = bindings(&format!("{REQUEST}, {ANSWER}, {SEND}")).unwrap();
        assert!(!function.is_plain_http());
        assert_eq!(function.outputs[1].to, Destination::Queue(QueueName::Seal));
        assert!(!bindings(REQUEST).unwrap().is_plain_http());
    }

    #[test]
    fn each_broken_rule_is_said_with_its_file() {
        let said = |result: Result<Function, String>, part: &str| {
            let text = result.unwrap_err();
            assert!(text.starts_with("app/f/function.json: ") && text.contains(part), "{text}");
        };
        for name in ["1st", "host", "Host", "a.b", "", &"a".repeat(129)] {
            said(parse(name, &format!(r#"{{"bindings": [{TIMER}]}}"#)), "name of a function");
        }
        assert!(parse(&"a".repeat(128), &format!(r#"{{"bindings": [{TIMER}]}}"#)).is_ok());
        said(parse("f", "{}"), "at least one binding");
        said(bindings(""), "at least one binding");
        said(bindings(&format!("{TIMER}, {REQUEST}")), "exactly one trigger, not 2");
        said(bindings(ANSWER), "exactly one trigger, not 0");
        said(
            bindings(&format!("{TIMER}, {}", ANSWER.replace("res", "Timer"))),
            "two bindings have the name",
        );
        said(bindings(&TIMER.replace("\"timer\"", "\"a_b\"")), "name of a binding");
        said(bindings(&TIMER.replace("timerTrigger", "moonTrigger")), "\"moonTrigger\" is no type");
        said(
            bindings(&format!("{TIMER}, {}", ANSWER.replace("\"http\"", "\"fax\""))),
            "\"fax\" is no type",
        );
        said(bindings(&TIMER.replace("\"in\"", "\"out\"")), "direction");
        said(
            bindings(&TIMER.replace("0 */5", "*/5"))
                .map_err(|text| text.replace("cannot be kept", "schedule")),
            "schedule",
        );
        said(bindings(&TIMER.replace("0 */5 * * * *", "%NONE%")), "%NONE% does not resolve");
        said(bindings(&TIMER.replace("timerTrigger", "cosmosDBTrigger")), "not hosted here");
        said(bindings(&TIMER.replace("timerTrigger", "blobTrigger")), "not hosted here");
        said(
            bindings(&format!("{TIMER}, {}", SEND.replace("%QUEUE%", "other"))),
            "no queue \"other\"",
        );
        for route in ["admin/x", "administration", "runtime", "/Admin"] {
            let request = REQUEST.replace("\"req\"", &format!("\"req\", \"route\": \"{route}\""));
            said(bindings(&request), "belong to the host");
        }
        let runs = REQUEST.replace("\"req\"", "\"req\", \"route\": \"runs\"");
        assert!(bindings(&runs).is_ok());
    }

    #[test]
    fn retries_count_for_timers_alone() {
        let with = |trigger: &str, retry: &str| {
            parse("f", &format!(r#"{{"retry": {retry}, "bindings": [{trigger}]}}"#))
        };
        let fixed =
            r#"{"strategy": "fixedDelay", "maxRetryCount": -1, "delayInterval": "00:00:10"}"#;
        let retry = with(TIMER, fixed).unwrap().retry.unwrap();
        assert_eq!(
            (retry.max, retry.wait(1), retry.wait(9)),
            (None, Duration::from_secs(10), Duration::from_secs(10))
        );
        let doubled = r#"{"strategy": "exponentialBackoff", "maxRetryCount": 3, "minimumInterval": "00:00:10", "maximumInterval": "00:00:30"}"#;
        let retry = with(TIMER, doubled).unwrap().retry.unwrap();
        assert_eq!(retry.max, Some(3));
        assert_eq!([1, 2, 3, 40].map(|count| retry.wait(count).as_secs()), [10, 20, 30, 30]);
        assert!(with(REQUEST, fixed).unwrap_err().contains("timers alone"));
        assert!(
            with(TIMER, r#"{"strategy": "hope", "maxRetryCount": 1}"#)
                .unwrap_err()
                .contains("strategy")
        );
        assert!(with(TIMER, &fixed.replace("-1", "-2")).unwrap_err().contains("maxRetryCount"));
    }
}
