//! Packages: folders with `host.json`, the handler and a folder for each function; or zips of such folders.

mod clashes;
mod places;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use self::{
    clashes::{duplicates, overlaps},
    places::{found, unpack},
};
use super::{
    function_json::Function,
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

#[cfg(test)]
mod tests;
