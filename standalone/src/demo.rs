//! `proofline demo`: the main job, told and proved on this machine, each step through the public interface.

mod bench;
mod chapters;
mod site;
mod telling;

use std::{io::Write, path::PathBuf};

use clap::Args;
use serde_json::json;

use crate::BackendName;
use bench::Bench;
pub(crate) use telling::DemoError;
use telling::Telling;

/// Tell the whole story on this machine: sign in, enrol a Runner, execute a signed procedure, seal, drill down, witness, verify offline.
///
/// Everything happens through the public interface, in an output folder that is left for inspection, without a network. Ends with 0 only if
/// everything it claims was so.
#[derive(Args, Clone, Debug)]
pub(crate) struct DemoArgs {
    /// The folder for all that the demo makes. It must not exist yet, or be one that an earlier demo made
    #[arg(long, value_name = "DIR", default_value = "./demo-out")]
    pub(crate) out: PathBuf,
    /// Where the control plane keeps everything: on this machine, or in Azure with the settings `PROOFLINE_AZURE_…`
    #[arg(long, env = "PROOFLINE_BACKEND", default_value = "local")]
    pub(crate) backend: BackendName,
    /// Host packages, as `serve --package` does, instead of the apps in this binary: a folder that holds them
    #[arg(long = "package", value_name = "DIR")]
    pub(crate) packages: Option<PathBuf>,
    /// The name of the deployment, which the Runner binds its statements to
    #[arg(long, env = "PROOFLINE_DEPLOYMENT", default_value = "proofline.local", hide = true)]
    pub(crate) deployment: String,
    /// A folder with what else left the process, to be searched for the raw value too
    #[arg(long, value_name = "DIR", hide = true)]
    pub(crate) search: Option<PathBuf>,
    /// Tell it as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Tells the demo. The exit code: 0 when every claim held, 1 when one did not.
pub(crate) async fn demo(args: &DemoArgs, out: &mut (dyn Write + Send)) -> u8 {
    let mut telling = Telling::new(out, args.json);
    let told = tell(args, &mut telling).await;
    let (claims, elapsed_s) = (telling.claims(), telling.elapsed_s());
    if let Err(error) = &told {
        telling.chapter("The demo stopped");
        telling.say(error.to_string());
    } else {
        telling.chapter("What is left for you to look at");
        telling.say(format!(
            "{} : export, policy, {}, vault, the customer's keys",
            args.out.display(),
            match args.backend {
                BackendName::Local => "store",
                BackendName::Azure => "log lines",
            }
        ));
        telling.say(format!("{claims} claims checked, all of them so, in {elapsed_s:.1} s"));
    }
    let chapters = telling.finish();
    if args.json {
        let error = told.as_ref().err().map(ToString::to_string);
        let story = json!({"ok": told.is_ok(), "error": error, "claims": claims, "duration_s": elapsed_s, "out": args.out, "steps": chapters});
        return u8::from(writeln!(out, "{story:#}").is_err() || told.is_err());
    }
    u8::from(told.is_err())
}

async fn tell(args: &DemoArgs, telling: &mut Telling<'_>) -> Result<(), DemoError> {
    let bench = Bench::prepare(args)?;
    let running = chapters::serve::start(&bench, telling).await?;
    let owner = chapters::owner::sign_in(&running, telling).await?;
    let customer = chapters::customer::prepare(&bench, &running, &owner, telling).await?;
    let enrolled = chapters::runner::enrol(&bench, &running, &owner, &customer, telling).await?;
    let published =
        chapters::procedure::publish(&bench, &running, &owner, &customer, &enrolled, telling)
            .await?;
    let run = chapters::run::execute(&bench, &running, &owner, &published, telling).await?;
    let scene = chapters::Scene {
        bench: &bench,
        running: &running,
        owner: &owner,
        enrolled: &enrolled,
        published: &published,
    };
    chapters::doors::again(&scene, &run, telling).await?;
    chapters::drill::down(&scene, &run, telling).await?;
    chapters::witness::confirm(&bench, &owner, "evidence.drilldown.delivered", telling).await?;
    chapters::clone::catch(&bench, &owner, &enrolled, &published, telling).await?;
    chapters::inspect::export(&bench, &owner, "runner.fork.detected", telling).await?;
    running.stop().await
}
