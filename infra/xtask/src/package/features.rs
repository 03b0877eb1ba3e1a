//! Which crates and features are in the build of the packages: nothing that is for tests, nothing that is for one machine.

use anyhow::ensure;

use super::build::{TARGET, selection};
use crate::workspace::cargo;

/// The backend on one machine and its database, and what the backend in Azure is tested against.
const CRATES: [&str; 4] = ["local", "rusqlite", "libsqlite3-sys", "azure-counterparts"];

/// Beginnings of features that the SDK has for its own tests: an emulator inside the client, faults on request.
const FEATURES: [&str; 2] = ["__internal", "fault_injection"];

/// Asks Cargo about exactly the build that is packaged.
pub(super) fn check(apps: &[String]) -> anyhow::Result<()> {
    let mut tree = cargo(&["tree", "--locked", "--target", TARGET, "--prefix", "none"]);
    let output = tree.args(["--edges", "normal,features"]).args(selection(apps)).output()?;
    ensure!(
        output.status.success(),
        "cargo tree failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let found = unwanted(&String::from_utf8_lossy(&output.stdout));
    ensure!(
        found.is_empty(),
        "the packages would hold what is not for Azure: {}; a dependency of functions/* switches it on",
        found.join(", ")
    );
    Ok(())
}

/// The lines of `cargo tree` (`name v1.0.0 …` for a crate, `name feature "feature"` for a feature of it) that should not be there.
fn unwanted(tree: &str) -> Vec<String> {
    let mut found: Vec<_> =
        tree.lines().filter(|line| is_unwanted(line)).map(str::to_owned).collect();
    found.sort();
    found.dedup();
    found
}

fn is_unwanted(line: &str) -> bool {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    let feature = rest.split_once("feature \"").map_or("", |(_, feature)| feature);
    CRATES.contains(&name) || FEATURES.iter().any(|unwanted| feature.starts_with(unwanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `cargo tree --edges normal,features --prefix none` prints.
    #[test]
    fn features_for_tests_and_crates_for_one_machine_are_found() {
        let clean = "auth v0.1.0 (/source/functions/auth)\n├── locale v1.0.0\naxum feature \"json\"\nazure_core v1.1.0\n\
            azure_core feature \"reqwest_rustls\" (*)\nazure_data_cosmos feature \"rustls\"\nlocality feature \"default\"\n";
        assert_eq!(unwanted(clean), Vec::<String>::new());
        for line in [
            "azure_data_cosmos feature \"__internal_in_memory_emulator\"",
            "azure_data_cosmos_driver feature \"__internal_mocking\" (*)",
            "azure_data_cosmos feature \"fault_injection\" (command-line)",
            "local v0.1.0 (/source/shared/local)",
            "local feature \"default\"",
            "rusqlite v0.41.1",
            "libsqlite3-sys v0.36.0",
            "azure-counterparts v0.1.0 (/source/tests/cosmos)",
        ] {
            assert_eq!(unwanted(&format!("{clean}{line}\n{line}\n")), [line]);
        }
    }

    #[test]
    fn the_build_of_the_packages_is_clean_and_the_one_with_everything_is_not() {
        check(&super::super::build::apps().unwrap()).unwrap();
        let mut tree = cargo(&["tree", "--package", "auth", "--prefix", "none"]);
        let output = tree.args(["--edges", "normal,features"]).output().unwrap();
        let found = unwanted(&String::from_utf8(output.stdout).unwrap());
        assert!(found.iter().any(|line| line.starts_with("local v")), "{found:?}");
    }
}
