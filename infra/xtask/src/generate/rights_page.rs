//! `docs/generated/rights.md`: the same tables for people, one column for each identity.

use ports::{
    Action, BLOB_REMOVAL_RIGHTS, BLOB_RIGHTS, Bucket, Container, DOCUMENT_RIGHTS, Identity, KEYS,
    PUBLISHERS, QUEUE_RIGHTS, QueueName, RECEIVERS, REMOVAL_RIGHTS, SECRETS,
};

use super::Files;

const INTRODUCTION: &str = "# Who may do what

Made from the tables of `ports` by `cargo xtask generate`. Both backends refuse whatever is not here before they touch anything; in Azure the
same tables are role assignments (`bicep/generated/roles.json`). A test runs the whole product and finds every right used, and no other tried.
Whoever is not named in a row may do nothing there; nobody but `purge` may remove anything, and of
documents only those whose id begins as it says.
";

pub(super) fn files() -> Files {
    let text = [
        INTRODUCTION.to_owned(),
        section(
            "Documents",
            "container",
            Container::ALL.map(|place| (place.name(), documents(place))),
        ),
        section("Blobs", "bucket", Bucket::ALL.map(|place| (place.name(), blobs(place)))),
        section("Queues", "queue", QueueName::ALL.map(|place| (place.name(), queues(place)))),
        section("Internal topic", "", [("state changes", publishes())]),
        keys(),
    ];
    Files::from([("docs/generated/rights.md".to_owned(), text.concat())])
}

/// What each identity may do in one place.
type Cells = [String; Identity::ALL.len()];

fn documents(container: Container) -> Cells {
    Identity::ALL.map(|identity| {
        let rows = DOCUMENT_RIGHTS.iter().filter(|row| (row.0, row.1) == (identity, container));
        let words = rows.flat_map(|(_, _, actions)| actions.iter().copied().map(word));
        let removals = REMOVAL_RIGHTS.iter().filter(|row| (row.0, row.1) == (identity, container));
        let removals = removals.map(|(_, _, prefix)| format!("remove `{prefix}…`"));
        words.map(str::to_owned).chain(removals).collect::<Vec<_>>().join(", ")
    })
}

fn blobs(bucket: Bucket) -> Cells {
    Identity::ALL.map(|identity| {
        let rows = BLOB_RIGHTS.iter().filter(|row| (row.0, row.1) == (identity, bucket));
        let words = rows.flat_map(|(_, _, read, write)| {
            [read.then_some("read"), write.then_some("write")].into_iter().flatten()
        });
        let removes = BLOB_REMOVAL_RIGHTS.contains(&(identity, bucket));
        list(words.chain(removes.then_some("remove")))
    })
}

fn queues(queue: QueueName) -> Cells {
    Identity::ALL.map(|identity| {
        let sends = QUEUE_RIGHTS.contains(&(identity, queue)).then_some("send");
        list(sends.into_iter().chain(RECEIVERS.contains(&(identity, queue)).then_some("receive")))
    })
}

fn publishes() -> Cells {
    Identity::ALL.map(|who| list(PUBLISHERS.contains(&who).then_some("publish").into_iter()))
}

fn keys() -> String {
    let keys = KEYS.iter().map(|(purpose, holder)| {
        let may = if purpose.is_kept() { "sign" } else { "wrap, unwrap" };
        format!("| `{}` | `{}` | {may} |\n", purpose.name(), holder.name())
    });
    let secrets = SECRETS
        .iter()
        .map(|(secret, reader)| format!("| `{}` | `{}` | read |\n", secret.name(), reader.name()));
    format!(
        "\n## Keys and secrets\n\nEach has one holder.\n\n| key | holder | may |\n|---|---|---|\n{}",
        keys.chain(secrets).collect::<String>()
    )
}

fn section(
    title: &str,
    first: &str,
    rows: impl IntoIterator<Item = (&'static str, Cells)>,
) -> String {
    let names = Identity::ALL.map(|identity| format!(" `{}` |", identity.name()));
    let line = Identity::ALL.map(|_| "---|").concat();
    let rows = rows.into_iter().map(|(place, cells)| {
        let cells = cells.map(|cell| format!(" {cell} |")).concat();
        format!("| `{place}` |{cells}\n")
    });
    format!(
        "\n## {title}\n\n| {first} |{}\n|---|{line}\n{}",
        names.concat(),
        rows.collect::<String>()
    )
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

const fn word(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Read => "read",
        Action::Replace => "replace",
        Action::Query => "query",
        Action::ChangeFeed => "change feed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_granted_right_is_on_the_page() {
        let text = files().into_values().next().unwrap();
        let cells = text.matches("create").count();
        let creates = DOCUMENT_RIGHTS.iter().filter(|row| row.2.contains(&Action::Create)).count();
        assert_eq!(cells, creates, "{text}");
        assert!(
            text.contains("| `checkpoints` |  | read | read | read, write | read |\n"),
            "{text}"
        );
        let (_, tables) = text.split_once("## Documents").unwrap();
        let removes = tables.matches("remove ").count();
        assert_eq!(removes, REMOVAL_RIGHTS.len() + BLOB_REMOVAL_RIGHTS.len(), "{text}");
        assert!(text.contains("| `seal` | send | send | send, receive |  | send |\n"), "{text}");
    }
}
