//! Somebody copied the Runner's machine. Two statements then claim the same place, and that shows.

use std::{fs, path::Path};

use serde_json::Value;

use super::{owner::Owner, procedure::Published, runner::Enrolled};
use crate::demo::{
    bench::Bench,
    telling::{DemoError, Doing as _, Telling},
};

pub(in crate::demo) async fn catch(
    bench: &Bench,
    owner: &Owner,
    enrolled: &Enrolled,
    published: &Published,
    telling: &mut Telling<'_>,
) -> Result<(), DemoError> {
    telling.chapter("A cloned Runner is caught");
    copy(&bench.out.join("runner"), &bench.out.join("runner-clone"))?;
    telling.say(
        "The Runner's home was copied, keys and all. The clone runs first, then the original.",
    );
    bench.runner_at("runner-clone", &["run", &published.digest, "--publish", "https"]).await?;
    bench.runner(&["run", &published.digest, "--publish", "https"]).await?;
    let path = format!("/api/runs/v1/runners/{}", enrolled.runner);
    let runner: Value = owner.api.get(&path).await.doing("reading the Runner")?;
    telling.claim(
        runner["state"] == "quarantined",
        "two statements claim the same place: both are kept, the Runner is quarantined",
        runner.to_string(),
    )
}

fn copy(from: &Path, to: &Path) -> Result<(), DemoError> {
    const DOING: &str = "copying the Runner's home";
    fs::create_dir(to).doing(DOING)?;
    fs::set_permissions(to, fs::metadata(from).doing(DOING)?.permissions()).doing(DOING)?;
    for entry in fs::read_dir(from).doing(DOING)? {
        let entry = entry.doing(DOING)?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target).doing(DOING)?;
        }
    }
    Ok(())
}
