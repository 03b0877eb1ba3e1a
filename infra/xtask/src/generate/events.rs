//! `docs/generated/events.md`: what the audit log records, and who records it.

use domain::EventKind;

use super::{Files, apps::recorders};

const HEAD: &str = "# What is recorded

Every kind of event that the audit log can hold: `<area>.<object>.<past tense>`. Kinds are added, never renamed. Those without a recorder are words of
later releases: nothing records them yet. Made from `domain::EventKind` and the tables of the apps by `cargo xtask generate`.
";

pub(super) fn files() -> Files {
    let mut text = HEAD.to_owned();
    let recorders = recorders();
    let mut area = "";
    for kind in EventKind::ALL {
        let (this, _) = kind.name().split_once('.').unwrap_or((kind.name(), ""));
        if this != area {
            text.extend([
                "\n## ",
                this,
                "\n\n| kind | what happened | recorded by |\n|---|---|---|\n",
            ]);
            area = this;
        }
        let by = recorders.get(kind).map_or_else(|| "–".to_owned(), |by| listed(by.iter()));
        text.extend(["| `", kind.name(), "` | ", kind.sentence(), " | ", &by, " |\n"]);
    }
    Files::from([("docs/generated/events.md".to_owned(), text)])
}

fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_on_the_page_once() {
        let text = files().into_values().next().unwrap();
        for kind in EventKind::ALL {
            assert_eq!(text.matches(&format!("| `{kind}` |")).count(), 1, "{kind}");
        }
    }

    #[test]
    fn a_kind_that_nothing_records_says_so() {
        let text = files().into_values().next().unwrap();
        let line = |kind: EventKind| {
            text.lines().find(|line| line.starts_with(&format!("| `{kind}` |"))).unwrap()
        };
        assert!(line(EventKind::AuditExported).contains("`audit POST /v1/audit/exports`"));
        assert!(line(EventKind::AiDriftDetected).ends_with("| – |"));
    }
}
