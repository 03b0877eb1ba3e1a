//! Every setting that people write: the example that they copy, and a page that says what each should look like.

use std::collections::BTreeMap;

use host::{Counts, SETTINGS, Setting};
use serde_json::{Value, json};
use web::QUEUE_CONNECTION;

use super::{Files, apps::pretty};

/// What the Functions host and its tools want besides ours.
const OF_THE_FUNCTIONS_HOST: [(&str, &str); 3] = [
    ("AzureWebJobsStorage", "UseDevelopmentStorage=true"),
    ("FUNCTIONS_WORKER_RUNTIME", "custom"),
    (QUEUE_CONNECTION, "UseDevelopmentStorage=true"),
];

/// The port of Core Tools and of `proofline serve`.
const LOCAL_PORT: u16 = 7071;

pub(super) fn files() -> anyhow::Result<Files> {
    Ok(Files::from([
        ("local.settings.example.json".to_owned(), pretty(&example())?),
        ("docs/generated/settings.md".to_owned(), page()),
    ]))
}

/// Core Tools takes a file without `IsEncrypted` for an encrypted one, and wants text for every value. A setting without a
/// default has an example: it does not count until the backend is changed, and then has to be filled in.
fn example() -> Value {
    let mut values = BTreeMap::from(OF_THE_FUNCTIONS_HOST);
    values.extend(SETTINGS.iter().map(|setting| (setting.name, setting.example)));
    json!({"Host": {"LocalHttpPort": LOCAL_PORT}, "IsEncrypted": false, "Values": values})
}

fn page() -> String {
    let mut page = String::from(HEAD);
    SETTINGS.iter().map(row).for_each(|row| page.push_str(&row));
    page
}

const HEAD: &str = "\
# Settings

Made by `cargo xtask generate` from the table that the program reads (`host::SETTINGS`). All of them are environment variables, and app settings in
Azure; none is a secret. A process that finds mistakes says all of them and does not start. `local.settings.example.json` holds every setting, with
its default or an example.

One process that hosts several apps in Azure (`serve --backend azure`) has an identity for each: `AZURE_CLIENT_ID_AUTH` and its like count before
`AZURE_CLIENT_ID`.

| Setting | Counts | Without it | What it should look like |
|---|---|---|---|
";

fn row(setting: &Setting) -> String {
    let Setting { name, form, .. } = setting;
    format!("| `{name}` | {} | {} | {form} |\n", counts(setting.counts), default(setting.default))
}

const fn counts(counts: Counts) -> &'static str {
    match counts {
        Counts::Everywhere => "always",
        Counts::Local => "with `local`",
        Counts::Azure => "with `azure`",
    }
}

fn default(default: Option<&str>) -> String {
    match default {
        None => "refused".to_owned(),
        Some("") => "nothing".to_owned(),
        Some(text) => format!("`{text}`"),
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::BTreeSet};

    use host::{Backend, Config, ConfigError};

    use super::*;

    /// The value of the example, as a process reads it that was started with this backend.
    fn parse(backend: &str, read: &RefCell<BTreeSet<String>>) -> Result<Config, Vec<ConfigError>> {
        let example = example();
        Config::parse(|name| {
            read.borrow_mut().insert(name.to_owned());
            if name == "PROOFLINE_BACKEND" {
                return Some(backend.to_owned());
            }
            example["Values"].get(name).map(|value| value.as_str().unwrap().to_owned())
        })
    }

    #[test]
    fn the_example_is_what_core_tools_can_read() {
        let example = example();
        assert_eq!(example["IsEncrypted"], false);
        assert_eq!(example["Host"]["LocalHttpPort"], 7071);
        let values = example["Values"].as_object().unwrap();
        assert!(values.values().all(Value::is_string), "{values:?}");
        assert_eq!(values["FUNCTIONS_WORKER_RUNTIME"], "custom");
        assert_eq!(values["AzureWebJobsStorage"], "UseDevelopmentStorage=true");
        assert_eq!(values.len(), SETTINGS.len() + OF_THE_FUNCTIONS_HOST.len());
    }

    #[test]
    fn the_example_starts_a_process_on_this_machine() {
        let config = parse("local", &RefCell::default()).unwrap();
        assert_eq!(config.backend, Backend::Local);
    }

    #[test]
    fn the_example_has_the_form_that_azure_wants() {
        let config = parse("azure", &RefCell::default()).unwrap();
        assert!(matches!(config.backend, Backend::Azure(_)));
    }

    /// A name that is read and not in the table would be in no list; one that is in the table and not read would be a promise.
    #[test]
    fn what_is_read_is_what_the_table_lists() {
        let read = RefCell::default();
        for backend in ["local", "azure"] {
            let _either = parse(backend, &read);
        }
        let by_others = |name: &String| {
            ["FUNCTIONS_CUSTOMHANDLER_PORT", "WEBSITE_INSTANCE_ID"].contains(&name.as_str())
                || name.starts_with("AZURE_CLIENT_ID_")
        };
        let read: BTreeSet<_> =
            read.into_inner().into_iter().filter(|name| !by_others(name)).collect();
        let listed = SETTINGS.iter().map(|setting| setting.name.to_owned()).collect();
        assert_eq!(read, listed);
    }

    #[test]
    fn the_page_says_where_each_setting_counts_and_what_is_without_it() {
        let page = page();
        for line in [
            "| `PROOFLINE_BACKEND` | always | `local` |",
            "| `PROOFLINE_DATA` | with `local` | `./proofline-data` |",
            "| `PROOFLINE_AZURE_VAULT_URL` | with `azure` | refused |",
            "| `AZURE_CLIENT_ID` | with `azure` | nothing |",
        ] {
            assert!(page.contains(line), "{line}");
        }
    }
}
