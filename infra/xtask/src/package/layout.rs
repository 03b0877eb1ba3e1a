//! What is in a package, and where: `host.json`, `handler`, one folder for each function.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::Path};

use anyhow::{Context, ensure};

use super::{build, digest, functions};

/// The name of every app's binary, as `host.json` says it.
const HANDLER: &str = "handler";

/// The one file that every package holds unchanged.
const HOST_JSON: &str = "host.json";

/// The only file in the folder of a function.
const FUNCTION_JSON: &str = "function.json";

/// Everyone may run it; only its owner may change it.
const EXECUTABLE: u32 = 0o755;

/// Everyone may read it.
const READABLE: u32 = 0o644;

/// The files of one package, by their paths.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layout {
    files: BTreeMap<String, Vec<u8>>,
}

impl Layout {
    /// What was built and generated for `app`. That the generated files are as the code says is a test of `cargo xtask generate`.
    pub(super) fn read(app: &str, root: &Path) -> anyhow::Result<Self> {
        let mut files = BTreeMap::from([
            (HANDLER.to_owned(), build::read(app)?),
            (HOST_JSON.to_owned(), fs::read(root.join(HOST_JSON))?),
        ]);
        let folders = root.join("docs/generated/functions").join(app);
        let entries = fs::read_dir(&folders).with_context(|| {
            format!("{} cannot be read; run cargo xtask generate", folders.display())
        })?;
        for entry in entries {
            let entry = entry?;
            let path = format!("{}/{FUNCTION_JSON}", entry.file_name().to_string_lossy());
            files.insert(path, fs::read(entry.path().join(FUNCTION_JSON))?);
        }
        Ok(Self { files })
    }

    /// Each file with its path and its mode, in the order of the paths.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, u32, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), mode(path), bytes.as_slice()))
    }

    /// The binary.
    pub(super) fn handler(&self) -> anyhow::Result<&[u8]> {
        self.file(HANDLER)
    }

    fn file(&self, path: &str) -> anyhow::Result<&[u8]> {
        self.files.get(path).map(Vec::as_slice).with_context(|| format!("it holds no {path}"))
    }

    /// Whether the Functions host would load it, whole, and find nothing that does not belong there.
    pub(super) fn check(&self, host_json: &[u8]) -> anyhow::Result<()> {
        self.handler()?;
        ensure!(
            digest(self.file(HOST_JSON)?) == digest(host_json),
            "its host.json is not the one of the repository"
        );
        let mut names = Vec::new();
        for (path, bytes) in &self.files {
            match path.strip_suffix("/function.json") {
                Some(name) => {
                    functions::check(name, &serde_json::from_slice(bytes)?)?;
                    names.push(name);
                }
                None => ensure!(
                    [HANDLER, HOST_JSON].contains(&path.as_str()),
                    "{path} does not belong into it"
                ),
            }
        }
        ensure!(!names.is_empty(), "it holds no function");
        Ok(())
    }

    /// Writes the files below `folder`; an earlier package there is replaced, anything else is left alone.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        remove(folder)?;
        for (path, mode, bytes) in self.files() {
            let place = folder.join(path);
            fs::create_dir_all(place.parent().context("a file is in a folder")?)?;
            fs::write(&place, bytes)
                .with_context(|| format!("{} cannot be written", place.display()))?;
            fs::set_permissions(&place, fs::Permissions::from_mode(mode))?;
        }
        Ok(())
    }
}

fn mode(path: &str) -> u32 {
    if path == HANDLER { EXECUTABLE } else { READABLE }
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    ensure!(
        folder.join(HOST_JSON).is_file() && folder.join(HANDLER).is_file(),
        "{} is there already and is no package; remove it, or choose another folder with --out",
        folder.display()
    );
    fs::remove_dir_all(folder).with_context(|| format!("{} cannot be removed", folder.display()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const HOST: &[u8] = br#"{"version":"2.0"}"#;

    /// A package with one function, and these files besides.
    pub(in super::super) fn layout(more: &[(&str, &[u8])]) -> Layout {
        let function = br#"{"bindings":[{"direction":"in","name":"timer","type":"timerTrigger"}]}"#;
        let files: [(&str, &[u8]); 3] =
            [("handler", b"\x7fELF"), ("host.json", HOST), ("sweep/function.json", function)];
        let files = files.iter().chain(more);
        Layout { files: files.map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect() }
    }

    fn without(path: &str) -> Layout {
        let mut layout = layout(&[]);
        layout.files.remove(path).unwrap();
        layout
    }

    fn refusal(layout: &Layout) -> String {
        layout.check(HOST).unwrap_err().to_string()
    }

    #[test]
    fn a_package_holds_the_binary_host_json_and_functions_and_nothing_else() {
        layout(&[]).check(HOST).unwrap();
        for path in ["local.settings.json", "http/run.sh", "handler.bak", "a/b/function.json"] {
            let error = refusal(&layout(&[(path, b"{}")]));
            assert!(error.contains(path.trim_end_matches("/function.json")), "{error}");
        }
    }

    #[test]
    fn each_part_of_a_package_has_to_be_there() {
        assert_eq!(refusal(&without("handler")), "it holds no handler");
        assert_eq!(refusal(&without("host.json")), "it holds no host.json");
        assert_eq!(refusal(&without("sweep/function.json")), "it holds no function");
    }

    #[test]
    fn host_json_is_the_one_of_the_repository_to_the_byte() {
        let error = layout(&[]).check(br#"{"version": "2.0"}"#).unwrap_err();
        assert_eq!(error.to_string(), "its host.json is not the one of the repository");
    }

    #[test]
    fn only_the_binary_can_be_run() {
        let layout = layout(&[]);
        let modes: Vec<_> = layout.files().map(|(path, mode, _)| (path, mode)).collect();
        assert_eq!(
            modes,
            [("handler", 0o755), ("host.json", 0o644), ("sweep/function.json", 0o644)]
        );
    }

    #[test]
    fn an_earlier_package_is_replaced_and_anything_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("auth");
        layout(&[("old/function.json", b"{}")]).write(&place).unwrap();
        assert!(place.join("old/function.json").exists());
        layout(&[]).write(&place).unwrap();
        assert!(!place.join("old").exists());
        let mode = fs::metadata(place.join("handler")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        fs::remove_file(place.join("handler")).unwrap();
        let error = layout(&[]).write(&place).unwrap_err().to_string();
        assert!(error.contains("is no package"), "{error}");
        assert!(place.join("host.json").exists());
    }
}
