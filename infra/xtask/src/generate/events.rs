//! `docs/generated/events.md`: what the audit log records.

use domain::EventKind;

use super::Files;

pub(super) fn files() -> Files {
    let mut text = String::from(
        "# What is recorded\n\nEvery kind of event that the audit log can hold: `<area>.<object>.<past tense>`. Kinds are added, never renamed.\n\
         Made from `domain::EventKind` by `cargo xtask generate`.\n",
    );
    let mut area = "";
    for name in EventKind::ALL.iter().map(|kind| kind.name()) {
        let (this, _) = name.split_once('.').unwrap_or((name, ""));
        if this != area {
            text.extend(["\n## ", this, "\n\n"]);
            area = this;
        }
        text.extend(["- `", name, "`\n"]);
    }
    Files::from([("docs/generated/events.md".to_owned(), text)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_on_the_page_once() {
        let text = files().into_values().next().unwrap();
        for kind in EventKind::ALL {
            assert_eq!(text.matches(&format!("`{kind}`\n")).count(), 1, "{kind}");
        }
    }
}
