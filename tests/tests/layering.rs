//! Which crate may use which, and what the pure ones may use from outside. The tables below are the rule; `docs/ARCHITECTURE.md` says why.

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;
use system_tests::tree;

/// Each crate and the crates of ours that it may use. Listed one by one: comparing ranks would let an app use a backend because it is "lower".
const MAY_USE: &[(&str, &[&str])] = &[
    ("chain", &[]),
    ("seal", &[]),
    ("domain", &[]),
    ("check", &["domain"]),
    ("protocol", &["chain", "domain", "seal"]),
    ("ports", &["domain"]),
    ("ambient", &["domain", "ports"]),
    ("store", &["chain", "domain", "ports", "protocol", "seal"]),
    ("local", &["domain", "ports", "seal"]),
    ("azure", &["domain", "ports"]),
    ("web", &["domain", "ports", "protocol", "store"]),
    ("host", &["ambient", "azure", "domain", "local", "ports", "store", "web"]),
    ("auth", &["ambient", "domain", "host", "ports", "protocol", "seal", "store", "web"]),
    ("runs", &["chain", "check", "domain", "host", "ports", "protocol", "store", "web"]),
    ("audit", &["chain", "domain", "host", "ports", "protocol", "seal", "store", "web"]),
    ("purge", &["chain", "domain", "host", "ports", "store", "web"]),
    ("signer", &["chain", "domain", "host", "ports", "store", "web"]),
    ("runner", &["ambient", "chain", "check", "domain", "local", "ports", "protocol", "seal"]),
    ("client", &["domain", "protocol"]),
    ("inspector", &["chain"]),
    ("verify-page", &["chain"]),
    ("standalone", STANDALONE),
    (
        "xtask",
        &[
            "audit",
            "auth",
            "chain",
            "domain",
            "host",
            "ports",
            "protocol",
            "runs",
            "purge",
            "signer",
            "system-tests",
            "tampering",
            "web",
        ],
    ),
    ("system-tests", TESTS),
    ("sealing-model", &["chain"]),
    ("tampering", &["chain"]),
    // What stands for Azure: beside the tests, the only one that names a backend's own crates.
    ("azure-counterparts", COUNTERPARTS),
];

const STANDALONE: &[&str] = &[
    "ambient",
    "audit",
    "auth",
    "azure",
    "client",
    "domain",
    "host",
    "inspector",
    "local",
    "ports",
    "protocol",
    "runner",
    "purge",
    "runs",
    "signer",
    "store",
    "web",
];

/// The system from outside: everything but a cloud's own crates.
const TESTS: &[&str] = &[
    "ambient",
    "audit",
    "auth",
    "chain",
    "check",
    "client",
    "domain",
    "host",
    "inspector",
    "local",
    "ports",
    "protocol",
    "runner",
    "purge",
    "runs",
    "seal",
    "signer",
    "standalone",
    "store",
    "tampering",
    "web",
];

/// What Azure's counterparts may use: the backend that they are for, and what its contract is told with.
const COUNTERPARTS: &[&str] = &[
    "ambient",
    "azure",
    "chain",
    "domain",
    "local",
    "ports",
    "protocol",
    "seal",
    "store",
    "system-tests",
];

/// The pure crates: no clock, no input or output, and therefore nothing here that brings them in.
const PURE: &[(&str, &[&str])] = &[
    (
        "chain",
        &[
            "base64",
            "crc32fast",
            "crypto-bigint",
            "ed25519-dalek",
            "hex",
            "p256",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
        ],
    ),
    ("check", &["cel", "serde", "serde-saphyr", "serde_json", "thiserror"]),
    ("domain", DOMAIN),
    ("protocol", PROTOCOL),
    ("seal", &["aes-gcm", "aes-kw", "hkdf", "hpke", "sha2", "subtle", "thiserror", "zeroize"]),
];

const DOMAIN: &[&str] = &[
    "base64",
    "bcrypt",
    "crc32fast",
    "hmac",
    "secrecy",
    "serde",
    "serde_json",
    "sha1",
    "sha2",
    "subtle",
    "thiserror",
    "time",
    "totp-rs",
    "unicode-normalization",
    "zeroize",
];

const PROTOCOL: &[&str] = &[
    "aws-lc-rs",
    "base64",
    "ed25519-dalek",
    "hex",
    "hkdf",
    "http",
    "serde",
    "serde_json",
    "serde_json_canonicalizer",
    "sfv",
    "sha2",
    "thiserror",
    "zeroize",
];

/// TLS is rustls; a second stack would be a second set of holes.
const NEVER: [&str; 3] = ["openssl", "openssl-sys", "native-tls"];

struct Package {
    name: String,
    ours: Vec<String>,
    outside: Vec<String>,
}

/// The workspace as Cargo sees it; dependencies of tests and build scripts are left out.
fn packages() -> Vec<Package> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let output = cargo.current_dir(tree::root()).output().expect("cargo runs: it built this test");
    let metadata: Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata writes JSON");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    list(&metadata["packages"])
        .iter()
        .map(|package| parse(&package["name"], &list(&package["dependencies"])))
        .collect()
}

fn parse(name: &Value, dependencies: &[Value]) -> Package {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let normal = dependencies.iter().filter(|dependency| dependency["kind"].is_null());
    let (ours, outside): (Vec<_>, Vec<_>) =
        normal.partition(|dependency| dependency["path"].is_string());
    let names =
        |found: Vec<&Value>| found.iter().map(|dependency| text(&dependency["name"])).collect();
    Package { name: text(name), ours: names(ours), outside: names(outside) }
}

/// Every use that the tables do not list.
fn violations(packages: &[Package]) -> Vec<String> {
    let may_use: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let pure: BTreeMap<_, _> = PURE.iter().copied().collect();
    let mut found = Vec::new();
    for package in packages {
        let name = package.name.as_str();
        match may_use.get(name) {
            None => found.push(format!("{name} has no row in the table")),
            Some(allowed) => found.extend(beyond(name, &package.ours, allowed)),
        }
        found.extend(
            pure.get(name)
                .map(|allowed| beyond(name, &package.outside, allowed))
                .unwrap_or_default(),
        );
    }
    found
}

fn beyond(name: &str, used: &[String], allowed: &[&str]) -> Vec<String> {
    let beyond = used.iter().filter(|used| !allowed.contains(&used.as_str()));
    beyond.map(|used| format!("{name} may not use {used}")).collect()
}

/// The lines of `source` that name the crate `host`; comments may.
fn names_host(source: &str) -> Vec<&str> {
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    source.lines().filter(is_code).filter(|line| uses_path(line, "host::")).collect()
}

/// Whether `path` begins somewhere in `line`, and not in the middle of a longer word or path.
fn uses_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_' && letter != ':')
    })
}

fn locked() -> Vec<String> {
    let lock = tree::read("Cargo.lock");
    lock.lines()
        .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"').map(ToOwned::to_owned))
        .collect()
}

#[test]
fn every_crate_uses_only_what_the_table_lists() {
    let packages = packages();
    assert!(packages.len() >= 20, "the workspace was read");
    assert_eq!(violations(&packages), Vec::<String>::new());
}

#[test]
fn every_row_of_the_tables_is_a_crate() {
    let packages = packages();
    let is_crate = |name: &str| packages.iter().any(|package| package.name == name);
    let rows = MAY_USE.iter().chain(PURE);
    let unknown: Vec<_> = rows.map(|(name, _)| *name).filter(|name| !is_crate(name)).collect();
    assert_eq!(unknown, Vec::<&str>::new());
}

#[test]
fn an_app_that_reaches_for_a_backend_and_a_rule_that_reaches_for_a_clock_are_found() {
    let package = |name: &str, ours: &[&str], outside: &[&str]| {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Package { name: name.to_owned(), ours: owned(ours), outside: owned(outside) }
    };
    let tree = [
        package("runs", &["domain", "local"], &["rusqlite"]),
        package("domain", &["ports"], &["time", "tokio"]),
        package("billing", &[], &[]),
    ];
    assert_eq!(
        violations(&tree),
        [
            "runs may not use local",
            "domain may not use ports",
            "domain may not use tokio",
            "billing has no row in the table"
        ]
    );
}

#[test]
fn only_the_main_and_the_tests_of_an_app_name_its_host() {
    let may = |path: &String| path.ends_with("/src/main.rs") || path.contains("/src/tests");
    let parts = tree::sources("functions").into_iter().filter(|path| !may(path));
    let found: Vec<_> = parts.filter(|path| !names_host(&tree::read(path)).is_empty()).collect();
    assert_eq!(found, Vec::<String>::new());
    let named = [
        "host::run(app)",
        "let x = host::serve();",
        "// host::run",
        "ghost::run()",
        "url::host::Host",
    ];
    assert_eq!(named.map(|line| names_host(line).len()), [1, 1, 0, 0, 0]);
}

#[test]
fn nothing_brings_a_second_tls_stack() {
    let locked = locked();
    assert!(locked.iter().any(|name| name == "rustls"), "the lock file was read");
    let found: Vec<_> = locked.iter().filter(|name| NEVER.contains(&name.as_str())).collect();
    assert_eq!(found, Vec::<&String>::new());
}
