//! `GET /v1/runs`: what was executed, and what came of it.

use axum::Json;
use domain::{
    Permission, RunId, RunnerId, Timestamp, VersionId,
    ingest::{Flaw, TimeStanding, Verification},
    run::Outcome,
};
use protocol::{Digest, statement::StatedScore};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Document as _, Found, ListOf, Partition, RUN_SHARDS, StoreError, run_shard};
use web::{Access, Caller, Endpoint, Problem, Selection};

use crate::{runners::shard_for, statements::StatementRecord};

/// The most on one page: each shard may have to give as many, each of up to 350 KiB.
const PAGE_MAX: usize = 50;

pub(crate) const ENDPOINT: Endpoint = Endpoint::get("/v1/runs", Access::Requires(Permission::RunRead))
    .summary("The runs by Runner, each Runner's newest first; `runner` picks one, `after` continues a page, `limit` is at most 50")
    .query::<Page>()
    .response::<Response>();

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// Runs of this Runner alone.
    #[schemars(with = "Option<String>")]
    runner: Option<RunnerId>,
    /// The `next` of the page before.
    after: Option<String>,
    /// 1 to 50, which it is unless another is asked for; more counts as that.
    limit: Option<usize>,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    runs: Vec<RunView>,
    /// Pass as `after` for the next page.
    next: Option<String>,
}

/// A run in short.
#[derive(JsonSchema, Serialize)]
pub(crate) struct RunView {
    #[schemars(with = "String")]
    run: RunId,
    #[schemars(with = "String")]
    runner: RunnerId,
    /// Its number among the Runner's statements.
    sequence: u64,
    /// SHA-256 of the signed statement.
    #[schemars(with = "String")]
    statement: Digest,
    #[schemars(with = "String")]
    version: VersionId,
    #[schemars(with = "String")]
    digest: Digest,
    #[schemars(with = "String")]
    outcome: Outcome,
    /// `{algo, score_bp, coverage_bp, counts}`; always read score and coverage together.
    #[schemars(with = "serde_json::Value")]
    score: StatedScore,
    /// `verified`, `suspect` or `rejected`.
    #[schemars(with = "String")]
    verification: Verification,
    /// What is wrong with it.
    #[schemars(with = "Option<String>")]
    flaw: Option<Flaw>,
    /// `plausible`, `skewed` or `time_untrusted`.
    #[schemars(with = "String")]
    time: TimeStanding,
    /// By the Runner's clock.
    #[schemars(with = "String")]
    started: Timestamp,
    /// By the Runner's clock.
    #[schemars(with = "String")]
    ended: Timestamp,
    /// By ours.
    #[schemars(with = "String")]
    received_at: Timestamp,
}

impl From<&StatementRecord> for RunView {
    fn from(record: &StatementRecord) -> Self {
        let summary = &record.summary;
        Self {
            run: summary.run,
            runner: record.runner,
            sequence: record.sequence,
            statement: record.payload_sha256,
            version: summary.version,
            digest: summary.digest,
            outcome: summary.outcome,
            score: summary.score.clone(),
            verification: summary.verification,
            flaw: summary.flaw,
            time: summary.time,
            started: summary.started,
            ended: summary.ended,
            received_at: summary.received_at,
        }
    }
}

pub(crate) async fn handle(
    caller: Caller,
    Selection(Page { runner, after, limit }): Selection<Page>,
) -> Result<Json<Response>, Problem> {
    let limit = limit.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
    let of = ListOf {
        k1: runner.map(|runner| runner.to_string()),
        descending: true,
        after,
        limit,
        ..ListOf::default()
    };
    let shards = runner.map_or_else(|| all_shards().collect(), |runner| vec![shard_for(runner)]);
    let (records, more) = merged(&caller.data, shards, &of).await?;
    let next = records.last().filter(|_| more).map(StatementRecord::id);
    Ok(Json(Response { runs: records.iter().map(RunView::from).collect(), next }))
}

/// The first statements of all shards together, highest id first, and whether there are more. Each shard is read from the same place, so that a page
/// is what one partition would give.
async fn merged(
    data: &Partition,
    shards: Vec<String>,
    of: &ListOf,
) -> Result<(Vec<StatementRecord>, bool), StoreError> {
    let (mut records, mut more) = (Vec::new(), false);
    for shard in shards {
        let page = data.in_shard(shard).list::<StatementRecord>(of.clone()).await?;
        more |= page.next.is_some();
        records.extend(page.documents.into_iter().map(|found| found.document));
        records.sort_by_key(|record| std::cmp::Reverse(record.id()));
        more |= records.len() > of.limit;
        records.truncate(of.limit);
    }
    Ok((records, more))
}

fn all_shards() -> impl Iterator<Item = String> {
    (0..RUN_SHARDS).map(run_shard)
}

/// The statement of a run: its shard follows from its Runner, which is not known here, so each is asked.
pub(crate) async fn statement_of(
    data: &Partition,
    run: RunId,
) -> Result<StatementRecord, StoreError> {
    for shard in all_shards() {
        let of = ListOf { k2: Some(run.to_string()), limit: 1, ..ListOf::default() };
        let page = data.in_shard(shard).list::<StatementRecord>(of).await?;
        if let Some(Found { document, .. }) = page.documents.into_iter().next() {
            return Ok(document);
        }
    }
    Err(StoreError::NotFound)
}
