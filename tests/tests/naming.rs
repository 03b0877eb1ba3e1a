//! No junk drawers: a thing is named by what it is, never by who uses it.

use std::path::Path;

use system_tests::tree;

/// Names that say nothing. `shared` is a shelf of crates at the root, and nothing else.
const BANNED: &[&str] = &[
    "base", "common", "core", "data", "handler", "handlers", "helper", "helpers", "info",
    "manager", "managers", "misc", "models", "service", "services", "shared", "types", "util",
    "utils",
];

/// Words that make a longer name a drawer too: `RunManager`, `time_utils`.
const BANNED_ENDS: &[&str] =
    &["common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"];

/// Where our own names are.
const FOLDERS: [&str; 8] =
    ["functions", "shared", "runner", "client", "inspector", "standalone", "infra", "tests"];

fn is_banned(name: &str) -> bool {
    let words = words(name);
    BANNED.contains(&words.join("_").as_str())
        || words.last().is_some_and(|last| BANNED_ENDS.contains(&last.as_str()))
}

/// `RunManager`, `run-manager` and `run_manager` are the same two words.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in name.chars() {
        if letter.is_uppercase() || matches!(letter, '_' | '-' | '.') {
            words.push(String::new());
        }
        if let (Some(word), true) = (words.last_mut(), letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The banned parts of a path below the root: its folders and its file's name without the ending.
fn banned_parts(path: &str) -> Vec<String> {
    let below = path.strip_prefix("shared/").unwrap_or(path);
    let stem =
        |part: &str| Path::new(part).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    below.split('/').filter_map(stem).filter(|part| is_banned(part)).collect()
}

/// The banned names that a source declares for modules and types.
fn banned_declarations(source: &str) -> Vec<String> {
    let declared = source.lines().filter_map(declaration);
    declared.filter(|name| is_banned(name)).map(ToOwned::to_owned).collect()
}

fn declaration(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line =
        line.strip_prefix("pub(crate) ").or_else(|| line.strip_prefix("pub ")).unwrap_or(line);
    let name = ["mod ", "struct ", "enum ", "trait "]
        .iter()
        .find_map(|keyword| line.strip_prefix(keyword))?;
    name.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()
}

#[test]
fn no_crate_folder_or_file_has_a_name_that_says_nothing() {
    let files: Vec<_> = FOLDERS.iter().flat_map(|folder| tree::files(folder)).collect();
    assert!(files.len() > 100, "the tree was read");
    let found: Vec<_> = files.into_iter().filter(|path| !banned_parts(path).is_empty()).collect();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn no_module_or_type_has_a_name_that_says_nothing() {
    let sources = FOLDERS.iter().flat_map(|folder| tree::sources(folder));
    let named = sources.map(|path| (banned_declarations(&tree::read(&path)), path));
    let found: Vec<_> = named.filter(|(names, _)| !names.is_empty()).collect();
    assert_eq!(found, Vec::<(Vec<String>, String)>::new());
}

#[test]
fn a_drawer_is_found_wherever_it_stands() {
    let paths = [
        "shared/utils/src/lib.rs",
        "runner/src/helpers.rs",
        "shared/web/src/run_manager.rs",
        "functions/audit/src/core/x.rs",
    ];
    assert!(paths.iter().all(|path| !banned_parts(path).is_empty()));
    for name in
        ["shared/seal/src/lib.rs", "runner/src/connector.rs", "shared/domain/src/database.rs"]
    {
        assert_eq!(banned_parts(name), Vec::<String>::new());
    }
    let source = "pub mod types;\nstruct Core;\npub(crate) struct SessionManager {\nenum Kind {\nmod tests {\nstruct UserInfoEndpoint;";
    assert_eq!(banned_declarations(source), ["types", "Core", "SessionManager"]);
}
