//! `evidence`: what was collected, for the people at the Runner.

use serde_json::{Value, json};

use super::{Bench, session::Session};
use crate::{args::Evidence, exit::Failure, report::Report, vault::EvidenceRecord};

pub(super) fn evidence(evidence: &Evidence, bench: &Bench<'_>) -> Result<Report, Failure> {
    let session = Session::open(bench)?;
    match evidence {
        Evidence::Ls { run } => {
            let records = session.vault.evidence(*run)?;
            let lines = records.iter().map(line).collect();
            let json = records.iter().map(describe).collect::<Vec<_>>();
            Ok(Report::done(lines, json!({ "evidence": json })))
        }
        Evidence::Show { evidence, path } => {
            let opened = session.vault.open_evidence(*evidence)?;
            let value = opened
                .value
                .pointer(path)
                .ok_or_else(|| Failure::usage(format!("the evidence has no value at '{path}'")))?;
            let text = serde_json::to_string_pretty(value).unwrap_or_default();
            let mut json = describe(&opened.record);
            if let Value::Object(fields) = &mut json {
                fields.insert("path".to_owned(), path.as_str().into());
                fields.insert("value".to_owned(), value.clone());
            }
            Ok(Report::done(vec![text], json))
        }
    }
}

fn line(record: &EvidenceRecord) -> String {
    let EvidenceRecord { header, root, bytes, .. } = record;
    format!(
        "{}  {}  {bytes:>8} bytes  {} leaves  {root}",
        header.evidence, header.step, header.leaves
    )
}

fn describe(record: &EvidenceRecord) -> Value {
    let EvidenceRecord { header, root, bytes, retain_until } = record;
    json!({
        "id": header.evidence, "run": header.run, "step": header.step, "leaves": header.leaves,
        "root": root, "bytes": bytes, "retain_until": retain_until,
    })
}
