//! Packages: folders with `host.json`, the handler and a folder for each function; or zips of such folders.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{
    function_json::{Function, Trigger},
    host_json::HostJson,
    mistake::{Mistake, Rule},
    settings::{Cors, Settings},
};

const HOST_JSON: &str = "host.json";
const FUNCTION_JSON: &str = "function.json";

/// A package that obeys every rule.
#[derive(Debug)]
pub(crate) struct Package {
    /// The name of its folder or zip.
    pub(crate) name: String,
    pub(crate) root: PathBuf,
    pub(crate) host: HostJson,
    /// The functions that are neither disabled nor left out by the allow-list.
    pub(crate) functions: Vec<Function>,
    pub(crate) settings: Settings,
    pub(crate) cors: Cors,
    /// Where a zip was unpacked; removed with the package.
    _unpacked: Option<TempDir>,
}

/// Reads every package that `paths` name, or says everything that is wrong with them.
pub(crate) fn read(
    paths: &[PathBuf],
    environment: &BTreeMap<String, String>,
) -> Result<Vec<Package>, Vec<Mistake>> {
    let (mut packages, mut mistakes) = (Vec::new(), Vec::new());
    for path in paths {
        match found(path) {
            Err(mistake) => mistakes.push(mistake),
            Ok(found) => {
                for path in found {
                    match package(&path, environment) {
                        Ok(package) => packages.push(package),
                        Err(found) => mistakes.extend(found),
                    }
                }
            }
        }
    }
    mistakes.extend(duplicates(&packages));
    mistakes.extend(overlaps(&packages));
    if mistakes.is_empty() { Ok(packages) } else { Err(mistakes) }
}

/// The packages at `path`: itself, or those in the folder. A folder counts before a zip of the same name.
fn found(path: &Path) -> Result<Vec<PathBuf>, Mistake> {
    let path = path.canonicalize().map_err(|error| Rule::Unreadable(error).of(path))?;
    if is_package(&path) {
        return Ok(vec![path]);
    }
    let entries = fs::read_dir(&path).map_err(|_| Rule::NoPackage.of(&path))?;
    let mut inside: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| is_package(path))
        .collect();
    inside.sort();
    let is_beside_its_folder =
        |path: &PathBuf| path.is_file() && inside.contains(&path.with_extension(""));
    let chosen: Vec<PathBuf> =
        inside.iter().filter(|path| !is_beside_its_folder(path)).cloned().collect();
    if chosen.is_empty() { Err(Rule::NoPackage.of(&path)) } else { Ok(chosen) }
}

fn is_package(path: &Path) -> bool {
    let is_zip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
    path.join(HOST_JSON).is_file() || (is_zip && path.is_file())
}

fn package(path: &Path, environment: &BTreeMap<String, String>) -> Result<Package, Vec<Mistake>> {
    let one = |mistake| vec![mistake];
    let unpacked = if path.is_file() { Some(unpack(path).map_err(one)?) } else { None };
    let root = unpacked.as_ref().map_or(path, TempDir::path).to_owned();
    let beside = if path.is_file() { path.parent().unwrap_or(path) } else { path };
    let (settings, cors) = Settings::read(environment, beside).map_err(one)?;
    let file = root.join(HOST_JSON);
    let text = fs::read(&file).map_err(|error| one(Rule::Unreadable(error).of(&file)))?;
    let host = HostJson::parse(&text, &settings);
    let host =
        host.map_err(|rules| rules.into_iter().map(|rule| rule.of(&file)).collect::<Vec<_>>())?;
    let functions = functions(&root, &host, &settings)?;
    let is_hosted = |function: &Function| {
        host.allows(&function.name) && !function.is_disabled && !settings.disables(&function.name)
    };
    Ok(Package {
        name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        root,
        functions: functions.into_iter().filter(is_hosted).collect(),
        host,
        settings,
        cors,
        _unpacked: unpacked,
    })
}

/// Only folders right under the root count, and of those the ones with `function.json`.
fn functions(
    root: &Path,
    host: &HostJson,
    settings: &Settings,
) -> Result<Vec<Function>, Vec<Mistake>> {
    let prefix = &host.route_prefix;
    let entries = fs::read_dir(root).map_err(|error| vec![Rule::Unreadable(error).of(root)])?;
    let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.retain(|folder| folder.join(FUNCTION_JSON).is_file());
    folders.sort();
    let host_json = root.join(HOST_JSON);
    if !host.routes.is_empty() {
        if !folders.is_empty() {
            return Err(vec![Rule::RoutesAndFunctions.of(host_json)]);
        }
        let routes = host.routes.iter().zip(1..);
        let routes =
            routes.map(|((route, level), number)| Function::of_route(number, prefix, route, level));
        return routes.collect::<Result<_, _>>().map_err(|rule| vec![rule.of(host_json)]);
    }
    if folders.is_empty() {
        return Err(vec![Rule::NoFunctions.of(root)]);
    }
    let (mut functions, mut mistakes) = (Vec::new(), Vec::new());
    for folder in folders {
        let file = folder.join(FUNCTION_JSON);
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let text = fs::read(&file).map_err(|error| Rule::Unreadable(error).of(&file));
        match text.and_then(|text| Function::parse(&name, &text, &file, prefix, settings)) {
            Ok(function) => functions.push(function),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(functions) } else { Err(mistakes) }
}

/// Unpacks into a folder of its own, with the modes that the zip says; nothing lands outside of it.
fn unpack(path: &Path) -> Result<TempDir, Mistake> {
    let unpack = || -> Result<TempDir, String> {
        let said = |error: io::Error| error.to_string();
        let folder =
            tempfile::Builder::new().prefix("proofline-package-").tempdir().map_err(said)?;
        let file = fs::File::open(path).map_err(said)?;
        let mut zip = zip::ZipArchive::new(file).map_err(|error| error.to_string())?;
        zip.extract(folder.path()).map_err(|error| error.to_string())?;
        Ok(folder)
    };
    let folder = unpack().map_err(|reason| Rule::Zip(reason).of(path))?;
    if folder.path().join(HOST_JSON).is_file() { Ok(folder) } else { Err(Rule::NoPackage.of(path)) }
}

fn duplicates(packages: &[Package]) -> Vec<Mistake> {
    let mut seen = Vec::new();
    let mut mistakes = Vec::new();
    for package in packages {
        if seen.contains(&&package.name) {
            mistakes.push(Rule::DuplicatePackage(package.name.clone()).of(&package.root));
        }
        seen.push(&package.name);
    }
    mistakes
}

/// Two functions for one request: inside an app the Functions host refuses it; across apps nobody could tell here who is meant.
fn overlaps(packages: &[Package]) -> Vec<Mistake> {
    let routed = packages.iter().flat_map(|package| {
        package.functions.iter().filter_map(move |function| match &function.trigger {
            Trigger::Http(http) => Some((package, function, http)),
            Trigger::Timer { .. } | Trigger::Queue { .. } | Trigger::EventGrid { .. } => None,
        })
    });
    let routed: Vec<_> = routed.collect();
    let mut mistakes = Vec::new();
    for (index, (package, function, http)) in routed.iter().enumerate() {
        let before = routed.iter().take(index).find(|(_, _, other)| {
            let methods_overlap = match (&http.methods, &other.methods) {
                (Some(methods), Some(others)) => !methods.is_disjoint(others),
                (None, _) | (_, None) => true,
            };
            methods_overlap && http.template.shape() == other.template.shape()
        });
        if let Some((owner, other, _)) = before {
            let other = format!("{}/{}", owner.name, other.name);
            let file = package.root.join(&function.name).join(FUNCTION_JSON);
            mistakes.push(Rule::OverlappingRoute(http.route.clone(), other).of(file));
        }
    }
    mistakes
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const HOST: &str = r#"{"version": "2.0", "customHandler": {"description": {"defaultExecutablePath": "handler"}}}"#;

    fn http(route: &str, methods: &str) -> String {
        format!(
            r#"{{"bindings": [{{"type": "httpTrigger", "direction": "in", "name": "req", "route": "{route}", "methods": [{methods}]}},
            {{"type": "http", "direction": "out", "name": "res"}}]}}"#
        )
    }

    fn write(root: &Path, name: &str, text: &str) {
        let file = root.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn read_one(root: &Path, settings: &[(&str, &str)]) -> Result<Vec<Package>, String> {
        let environment = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let said = |mistakes: Vec<Mistake>| mistakes.iter().map(|it| format!("{it}\n")).collect();
        read(&[root.to_owned()], &environment).map_err(said)
    }

    #[test]
    fn a_package_is_read_alone_or_with_others_from_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        for app in ["a", "b"] {
            write(folder.path(), &format!("{app}/host.json"), HOST);
            write(
                folder.path(),
                &format!("{app}/http/function.json"),
                &http(&format!("{app}/{{*p}}"), "\"get\""),
            );
        }
        write(folder.path(), "b/http/deep/function.json", "not looked at");
        write(folder.path(), "b/assets/x.txt", "not a function");
        write(folder.path(), "notes/x.txt", "not a package");
        let names = |path: &Path| {
            let packages = read_one(path, &[]).unwrap();
            packages
                .iter()
                .map(|package| (package.name.clone(), package.functions.len()))
                .collect::<Vec<_>>()
        };
        assert_eq!(names(folder.path()), [("a".to_owned(), 1), ("b".to_owned(), 1)]);
        assert_eq!(names(&folder.path().join("b")), [("b".to_owned(), 1)]);
        assert!(
            read_one(&folder.path().join("notes"), &[]).unwrap_err().contains("neither a package")
        );
        assert!(read_one(&folder.path().join("none"), &[]).unwrap_err().contains("cannot be read"));
    }

    #[test]
    fn a_zip_is_unpacked_with_its_modes_and_removed() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("runs.zip");
        let mut zip = zip::ZipWriter::new(fs::File::create(&file).unwrap());
        for (name, text, mode) in [
            ("host.json", HOST, 0o644),
            ("http/function.json", &http("runs", ""), 0o644),
            ("handler", "#!", 0o755),
        ] {
            let options = zip::write::SimpleFileOptions::default().unix_permissions(mode);
            zip.start_file(name, options).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        let packages = read_one(&file, &[]).unwrap();
        let root = packages[0].root.clone();
        assert_eq!(packages[0].name, "runs");
        assert_eq!(fs::metadata(root.join("handler")).unwrap().permissions().mode() & 0o777, 0o755);
        drop(packages);
        assert!(!root.exists());
        fs::write(&file, "no zip").unwrap();
        assert!(read_one(&file, &[]).unwrap_err().contains("cannot be unpacked"));
    }

    #[test]
    fn functions_are_left_out_by_settings() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "host.json", HOST);
        for name in ["one", "two"] {
            write(folder.path(), &format!("{name}/function.json"), &http(name, ""));
        }
        let names = |settings: &[(&str, &str)]| {
            let packages = read_one(folder.path(), settings).unwrap();
            packages[0].functions.iter().map(|function| function.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(&[]), ["one", "two"]);
        assert_eq!(names(&[("AzureWebJobs.one.Disabled", "true")]), ["two"]);
        assert_eq!(names(&[("AzureFunctionsJobHost__functions__0", "one")]), ["one"]);
    }

    #[test]
    fn what_cannot_be_told_apart_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "host.json", HOST);
        assert!(read_one(folder.path(), &[]).unwrap_err().contains("no function"));
        write(folder.path(), "one/function.json", &http("x/{a}", r#""get", "post""#));
        write(folder.path(), "two/function.json", &http("X/{b}", r#""post""#));
        let said = read_one(folder.path(), &[]).unwrap_err();
        assert!(said.contains("two/function.json") && said.contains("/one too"), "{said}");
        write(folder.path(), "two/function.json", &http("x/{b}", r#""put""#));
        assert!(read_one(folder.path(), &[]).is_ok());
        let twice = read(&[folder.path().to_owned(), folder.path().to_owned()], &BTreeMap::new());
        assert!(twice.unwrap_err().iter().any(|it| matches!(it.rule, Rule::DuplicatePackage(_))));
    }

    #[test]
    fn routes_of_host_json_exclude_functions() {
        let folder = tempfile::tempdir().unwrap();
        let routes = r#""customHandler": {"http": {"defaultAuthorizationLevel": "anonymous", "routes": [{"route": "{*path}"}]}, "#;
        write(folder.path(), "host.json", &HOST.replace(r#""customHandler": {"#, routes));
        let packages = read_one(folder.path(), &[]).unwrap();
        assert_eq!(packages[0].functions[0].name, "http-handler1");
        write(folder.path(), "one/function.json", &http("x", ""));
        assert!(read_one(folder.path(), &[]).unwrap_err().contains("excludes every function.json"));
    }
}
