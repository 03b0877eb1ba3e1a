//! What the documents name must be there: a link, a file, a function in a file.

use std::path::Path;

use system_tests::tree;

/// Paths that a document names in backquotes: `a/b.rs`, `a/b.rs::name`. Words with `<`, `*` or `NNNN` are patterns.
fn named(text: &str) -> Vec<&str> {
    let is_path = |word: &&str| {
        let path = word.split("::").next().unwrap_or_default();
        let ends = ["rs", "md", "toml", "json", "yaml", "mod", "py", "go"];
        let is_file =
            Path::new(path).extension().is_some_and(|end| ends.iter().any(|known| end == *known));
        is_file
            && path.contains('/')
            && !path.contains(['<', '*', ' ', '{'])
            && !path.contains("NNNN")
    };
    text.lines()
        .filter(|line| !line.starts_with("```"))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(is_path)
        .collect()
}

/// The targets of links within the repository, without their anchors.
fn linked(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .filter_map(|target| target.split('#').next())
        .collect()
}

/// Whether `name` is declared in `source`.
fn declares(source: &str, name: &str) -> bool {
    let keywords = ["fn", "struct", "enum", "trait", "const", "type"];
    let is_end = |rest: &str| {
        rest.chars().next().is_none_or(|letter| !letter.is_alphanumeric() && letter != '_')
    };
    keywords.iter().any(|keyword| {
        let declaration = format!("{keyword} {name}");
        source
            .match_indices(&declaration)
            .any(|(at, _)| source.get(at + declaration.len()..).is_some_and(is_end))
    })
}

fn faults(document: &str, text: &str) -> Vec<String> {
    let folder = Path::new(document).parent().unwrap_or(Path::new(""));
    let is_there = |path: &Path| tree::root().join(path).exists();
    let links = linked(text).into_iter().filter(|target| !is_there(&folder.join(target)));
    let names = named(text).into_iter().filter(|word| match word.split_once("::") {
        Some((path, name)) => !declares(&tree::read(path), name),
        None => !is_there(Path::new(word)) && !is_there(&folder.join(word)),
    });
    links.chain(names).map(|target| format!("{document}: there is no {target}")).collect()
}

#[test]
fn every_document_names_what_is_there() {
    let files = tree::files("")
        .into_iter()
        .filter(|path| Path::new(path).extension().is_some_and(|end| end == "md"));
    let documents: Vec<_> = files.collect();
    assert!(documents.len() > 10, "the tree was read");
    let found: Vec<_> = documents.iter().flat_map(|path| faults(path, &tree::read(path))).collect();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_document_that_names_what_is_not_there_is_found() {
    let wrong = [
        "[x](docs/none.md)",
        "`tests/none.rs`",
        "`tests/src/tree.rs::none`",
        "`tests/src/tree.rs::file`",
    ];
    for text in wrong {
        assert_eq!(faults("README.md", text).len(), 1, "{text}");
    }
    let right = "[x](docs/claims.md#ai) [y](https://example.com/a.md) `tests/src/tree.rs::files` `functions/<app>/src/lib.rs` `x/y`";
    assert_eq!(faults("README.md", right), Vec::<String>::new());
}
