//! Reading one `function.json`.

use ports::QueueName;
use serde_json::Value;

use super::{
    super::{mistake::Rule, routes::Template, settings::Settings},
    Destination, Function, Http, Level, Output, Trigger,
    members::{
        Members, check_direction, check_names, flag, form, is_binary, is_name, kind, text_of,
    },
    retry::retry,
};

/// Reads the file of one function.
pub(super) struct Reader<'a> {
    pub(super) name: &'a str,
    pub(super) prefix: &'a str,
    pub(super) settings: &'a Settings,
}

impl Reader<'_> {
    pub(super) fn read(&self, text: &[u8]) -> Result<Function, Rule> {
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

pub(super) fn template(prefix: &str, route: &str) -> Result<Template, Rule> {
    let bare = route.trim_start_matches('/').to_ascii_lowercase();
    if bare.starts_with("admin") || bare.starts_with("runtime") {
        return Err(Rule::ReservedRoute(route.to_owned()));
    }
    Template::parse(prefix, route)
}

pub(super) fn auth_level(text: &str) -> Result<Level, Rule> {
    match text.to_ascii_lowercase().as_str() {
        "anonymous" => Ok(Level::Anonymous),
        "function" => Ok(Level::Function),
        "admin" => Ok(Level::Admin),
        _ => Err(form("authLevel", text, "anonymous, function or admin")),
    }
}
