//! `docs/generated/access.md`: what roles grant and plans include.

use domain::{Feature, Permission, Plan, Role};
use serde_json::Value;

use super::Files;

const FEATURES: [Feature; 2] = [Feature::Runner, Feature::AuditRead];

pub(super) fn files() -> Files {
    let roles = Permission::ALL.map(|permission| {
        let step_up = if permission.is_sensitive() { "yes" } else { "" };
        let grants = Role::ALL.map(|role| mark(role.grants(permission)));
        row(&word(permission), grants.into_iter().chain([step_up]))
    });
    let plans = FEATURES.map(|feature| {
        row(&format!("`{}`", feature.name()), Plan::ALL.map(|plan| mark(plan.includes(feature))))
    });
    let text = format!(
        "# Roles and plans\n\nMade from `domain::access` by `cargo xtask generate`.\n\n\
         What a role grants; *step-up* asks for a second factor within the last five minutes.\n\n{}{}\n\
         What a plan includes.\n\n{}{}",
        head("permission", Role::ALL.map(word).into_iter().chain(["step-up".to_owned()])),
        roles.concat(),
        head("feature", Plan::ALL.map(word)),
        plans.concat(),
    );
    Files::from([("docs/generated/access.md".to_owned(), text)])
}

const fn mark(is_allowed: bool) -> &'static str {
    if is_allowed { "yes" } else { "" }
}

/// The name that the API uses.
fn word(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(name)) => format!("`{name}`"),
        Ok(_) | Err(_) => String::new(),
    }
}

fn head(first: &str, columns: impl IntoIterator<Item = String>) -> String {
    let columns: Vec<_> = columns.into_iter().collect();
    let line = columns.iter().map(|_| "---|").collect::<String>();
    format!("{}|---|{line}\n", row(first, columns.iter().map(String::as_str)))
}

fn row<'a>(first: &str, cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells = cells.into_iter().map(|cell| format!(" {cell} |"));
    format!("| {first} |{}\n", cells.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_the_code_decides() {
        let text = files().into_values().next().unwrap();
        assert!(text.contains("| `evidence_drill` | yes |  | yes | yes |  | yes |\n"), "{text}");
        assert!(text.contains("| `audit.read` |  |  | yes | yes |\n"), "{text}");
    }
}
