//! App settings: the environment, and under it the values of `local.settings.json`, as Core Tools read them.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Map, Value};

use super::mistake::{Mistake, Rule};

const FILE: &str = "local.settings.json";

/// The settings of one app.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings(BTreeMap<String, String>);

/// What `Host` of `local.settings.json` says of other origins.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Cors {
    /// Origins that may ask; `*` is all.
    pub(crate) origins: Vec<String>,
    /// Whether with credentials.
    pub(crate) credentials: bool,
}

impl Settings {
    /// The environment, and what the nearest `local.settings.json` upward from `folder` says that the environment does not.
    pub(crate) fn read(
        environment: &BTreeMap<String, String>,
        folder: &Path,
    ) -> Result<(Self, Cors), Mistake> {
        let Some(file) = folder.ancestors().map(|at| at.join(FILE)).find(|at| at.is_file()) else {
            return Ok((Self(environment.clone()), Cors::default()));
        };
        let text = fs::read(&file).map_err(|error| Rule::Unreadable(error).of(&file))?;
        let (mut settings, cors) = parse(&text).map_err(|rule| rule.of(&file))?;
        settings.extend(environment.iter().map(|(name, value)| (name.clone(), value.clone())));
        Ok((Self(settings), cors))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What stands between percent signs, replaced. `missing` answers for settings that are not there.
    pub(crate) fn expand(
        &self,
        text: &str,
        missing: impl Fn(&str) -> Result<String, Rule>,
    ) -> Result<String, Rule> {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            let Some((name, after)) = after.split_once('%') else { break };
            expanded.push_str(before);
            expanded
                .push_str(&self.get(name).map_or_else(|| missing(name), |it| Ok(it.to_owned()))?);
            rest = after;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }

    /// Whether `AzureWebJobs.{function}.Disabled` says so; Linux writes the dots as underscores.
    pub(crate) fn disables(&self, function: &str) -> bool {
        let names = [
            format!("AzureWebJobs.{function}.Disabled"),
            format!("AzureWebJobs_{function}_Disabled"),
        ];
        let says = |name: &String| {
            self.iter().any(|(set, value)| {
                set.eq_ignore_ascii_case(name)
                    && (value.eq_ignore_ascii_case("true") || value == "1")
            })
        };
        names.iter().any(says)
    }
}

fn parse(text: &[u8]) -> Result<(BTreeMap<String, String>, Cors), Rule> {
    let file: Map<String, Value> =
        serde_json::from_slice(text).map_err(|error| Rule::NotJson(error.to_string()))?;
    if file.get("IsEncrypted") != Some(&Value::Bool(false)) {
        return Err(Rule::Encrypted);
    }
    let members = |name: &str| file.get(name).and_then(Value::as_object).into_iter().flatten();
    let mut settings = BTreeMap::new();
    for (name, value) in members("Values") {
        let text = value.as_str().ok_or_else(|| Rule::SettingNotText(name.clone()))?;
        settings.insert(name.clone(), text.to_owned());
    }
    for (name, value) in members("ConnectionStrings") {
        let text = value.as_str().or_else(|| value.get("ConnectionString")?.as_str());
        let text = text.ok_or_else(|| Rule::SettingNotText(format!("ConnectionStrings.{name}")))?;
        settings.insert(format!("ConnectionStrings:{name}"), text.to_owned());
    }
    let host = file.get("Host");
    let said = |name: &str| host.and_then(|host| host.get(name));
    let origins = said("CORS").and_then(Value::as_str).unwrap_or_default().split(',');
    let origins =
        origins.map(str::trim).filter(|origin| !origin.is_empty()).map(str::to_owned).collect();
    let credentials = said("CORSCredentials").and_then(Value::as_bool).unwrap_or(false);
    Ok((settings, Cors { origins, credentials }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn read(file: &str, pairs: &[(&str, &str)]) -> Result<(Settings, Cors), Mistake> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), file).unwrap();
        let below = folder.path().join("dist/app");
        fs::create_dir_all(&below).unwrap();
        Settings::read(&environment(pairs), &below)
    }

    #[test]
    fn the_environment_wins_over_the_file_upward() {
        let file = r#"{"IsEncrypted": false, "Values": {"A": "file", "B": "file"},
            "ConnectionStrings": {"Sql": "x", "Full": {"ConnectionString": "y", "ProviderName": "p"}},
            "Host": {"CORS": "http://a, http://b", "CORSCredentials": true}}"#;
        let (settings, cors) = read(file, &[("A", "environment")]).unwrap();
        assert_eq!(settings.get("A"), Some("environment"));
        assert_eq!(settings.get("B"), Some("file"));
        assert_eq!(settings.get("ConnectionStrings:Sql"), Some("x"));
        assert_eq!(settings.get("ConnectionStrings:Full"), Some("y"));
        assert_eq!(
            cors,
            Cors { origins: vec!["http://a".into(), "http://b".into()], credentials: true }
        );
    }

    #[test]
    fn a_file_that_may_be_encrypted_or_holds_no_text_is_refused() {
        for file in ["{}", r#"{"IsEncrypted": true, "Values": {}}"#, r#"{"Values": {"A": "x"}}"#] {
            let mistake = read(file, &[]).unwrap_err();
            assert!(matches!(mistake.rule, Rule::Encrypted), "{file}");
            assert!(mistake.to_string().contains(FILE));
        }
        let number = read(r#"{"IsEncrypted": false, "Values": {"A": 1}}"#, &[]).unwrap_err();
        assert!(matches!(number.rule, Rule::SettingNotText(name) if name == "A"));
        assert!(matches!(read("{", &[]).unwrap_err().rule, Rule::NotJson(_)));
    }

    #[test]
    fn percent_signs_name_settings() {
        let settings = Settings(environment(&[("A", "1")]));
        let none = |name: &str| Err(Rule::Unresolved(name.to_owned()));
        assert_eq!(settings.expand("x%A%y", none).unwrap(), "x1y");
        assert_eq!(settings.expand("100%", none).unwrap(), "100%");
        assert!(matches!(settings.expand("%B%", none), Err(Rule::Unresolved(name)) if name == "B"));
        assert_eq!(settings.expand("x%B%", |_| Ok(String::new())).unwrap(), "x");
    }

    #[test]
    fn a_function_is_disabled_by_either_name() {
        let disables = |name, value| Settings(environment(&[(name, value)])).disables("sweep");
        assert!(disables("AzureWebJobs.sweep.Disabled", "true"));
        assert!(disables("AzureWebJobs.sweep.Disabled", "True"));
        assert!(disables("AzureWebJobs_sweep_Disabled", "1"));
        assert!(!disables("AzureWebJobs.sweep.Disabled", "false"));
        assert!(!disables("AzureWebJobs.other.Disabled", "true"));
    }
}
