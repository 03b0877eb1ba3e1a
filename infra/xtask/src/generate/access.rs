//! `docs/generated/access.md`: what roles grant and plans include.

use domain::{Feature, Permission, Plan, Quota, Role, Separation};
use serde_json::Value;

use super::Files;

pub(super) fn files() -> Files {
    let roles = Permission::ALL.map(|permission| {
        let step_up = if permission.is_sensitive() { "yes" } else { "" };
        let grants = Role::ALL.map(|role| mark(role.grants(permission)));
        row(&word(permission), grants.into_iter().chain([step_up]))
    });
    let features = Feature::ALL.iter().map(|feature| {
        row(&format!("`{}`", feature.name()), Plan::ALL.map(|plan| mark(plan.includes(*feature))))
    });
    let quotas = Quota::ALL.iter().map(|quota| {
        let limits = Plan::ALL.map(|plan| amount(plan.quota(*quota)));
        row(&format!("`{}`", quota.name()), limits.iter().map(String::as_str))
    });
    let separations = Separation::BUILT_IN.iter().map(|rule| {
        let object = if rule.same_object { "on the same object" } else { "at all" };
        let holds = if rule.always { "always" } else { "where the tenant says so" };
        let (a, b) = (format!("`{}`", rule.a.name()), format!("`{}`", rule.b.name()));
        row(&format!("`{}`", rule.name.as_str()), [a.as_str(), b.as_str(), object, holds])
    });
    let text = format!(
        "# Roles and plans\n\nMade from `domain::access` by `cargo xtask generate`.\n\n\
         What a role grants; *step-up* asks for a second factor within the last five minutes.\n\n{}{}\n\
         What a plan includes; a number is how much of it, and nothing is as much as is asked for.\n\n{}{}{}\n\
         What may not meet in one person.\n\n{}{}",
        head("permission", Role::ALL.map(word).into_iter().chain(["step-up".to_owned()])),
        roles.concat(),
        head("feature", Plan::ALL.map(word)),
        features.collect::<String>(),
        quotas.collect::<String>(),
        head("rule", ["whoever", "not", "when", "holds"].map(str::to_owned)),
        separations.collect::<String>(),
    );
    Files::from([("docs/generated/access.md".to_owned(), text)])
}

const fn mark(is_allowed: bool) -> &'static str {
    if is_allowed { "yes" } else { "" }
}

fn amount(limit: Option<u32>) -> String {
    limit.map(|limit| limit.to_string()).unwrap_or_default()
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
        assert!(
            text.contains("| `evidence_drill` | yes |  | yes |  |  |  | yes |  |  | yes |  |  |  |  |  | yes |\n"),
            "{text}"
        );
        assert!(text.contains("| `audit.read` |  |  | yes | yes |\n"), "{text}");
        assert!(text.contains("| `audit.retention_months` | 13 | 13 | 13 | 84 |\n"), "{text}");
        assert!(text.contains("| `mfa_reset` | `mfa_reset_request` | `mfa_reset_approve` | on the same object | always |\n"), "{text}");
    }
}
