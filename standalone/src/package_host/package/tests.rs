//! Packages as folders and zips, and those that cannot be hosted.

use std::io::Write as _;

use super::*;

const HOST: &str =
    r#"{"version": "2.0", "customHandler": {"description": {"defaultExecutablePath": "handler"}}}"#;

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
    let environment =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
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
    assert!(read_one(&folder.path().join("notes"), &[]).unwrap_err().contains("neither a package"));
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
