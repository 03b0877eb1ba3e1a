//! A file to hand to an inspector, or rows in another form.

use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::{PATH, download, filters::FilterArgs, tier::Tier};
use crate::{call::Caller, failure::Failure, print::Printer};

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ExportForm {
    /// One file that is verified offline
    Bundle,
    /// A table whose every line can be hashed again
    Csv,
    /// One row a line
    Jsonl,
    /// Events of the Open Cybersecurity Schema Framework
    Ocsf,
}

impl ExportForm {
    const fn name(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Ocsf => "ocsf",
        }
    }

    /// The end of a file's name.
    const fn ending(self) -> &'static str {
        match self {
            Self::Bundle => "audit.zip",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Ocsf => "ocsf.jsonl",
        }
    }
}

/// What an export is to hold.
pub(super) struct Wanted<'a> {
    pub(super) format: ExportForm,
    pub(super) filters: &'a FilterArgs,
    pub(super) tier: Option<Tier>,
    pub(super) epoch: Option<u64>,
}

impl Wanted<'_> {
    fn body(&self) -> Value {
        let filters = self.filters.given().into_iter();
        let filters: Map<String, Value> =
            filters.map(|(name, value)| (name.to_owned(), json!(value))).collect();
        let head = self.tier.map_or("newest", Tier::head);
        let mut body = json!({"format": self.format.name(), "filters": filters, "head": head});
        if let (Some(epoch), Some(body)) = (self.epoch, body.as_object_mut()) {
            body.insert("epoch".to_owned(), json!(epoch));
        }
        body
    }
}

pub(super) async fn export(
    caller: &mut Caller,
    wanted: &Wanted<'_>,
    out: Option<PathBuf>,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let format = wanted.format;
    let made = caller.post(&format!("{PATH}/exports"), &wanted.body()).await?;
    if let Some(tier) = wanted.tier {
        tier.require(&made)?;
    }
    let text = |name: &'static str| {
        made.get(name).and_then(Value::as_str).ok_or(Failure::Answer("export"))
    };
    let (export, sha256) = (text("export")?, text("sha256")?);
    let path = out.unwrap_or_else(|| format!("{export}.{}", format.ending()).into());
    let source = format!("{PATH}/exports/{export}/content");
    download::download(caller.api(), &source, sha256, &path).await?;
    if printer.json {
        return printer.json(&json!({"export": made, "file": path}));
    }
    let rows = made.get("size").map(crate::print::text).unwrap_or_default();
    printer.say(&format!("{} holds {rows} rows; its SHA-256 is {sha256}.", path.display()))?;
    if matches!(format, ExportForm::Bundle) {
        printer.say(&format!("Verify it: proofline verify {} --policy POLICY", path.display()))?;
    }
    Ok(())
}
