//! The document adapter against the bare SDK: the same operations in turn, over one emulator in this process.
//!
//! Both ask for the same bytes and the same statements. What the SDK and the emulator do is in both figures, so a ratio of 1 would be an adapter
//! that costs nothing.

#[path = "adapter/bare.rs"]
mod bare;

use std::sync::Arc;

use ambient::{SystemClock, SystemRandomness};
use azure::AzureDocuments;
use azure_counterparts::emulator::{DATABASE, Emulator};
use azure_data_cosmos::CosmosClient;
use domain::TenantId;
use ports::{Container, Documents as _, Identity, NewDocument, PartitionKey, Query, Write};
use serde_json::{Value, json};

use super::processor::{median, used_us};
use bare::Bare;

/// Where documents of runs are: one identity reads and writes them, another follows them.
const CONTAINER: Container = Container::Runs;
/// Documents of the partition that is read.
const STORED: usize = 40;
/// Documents of a page.
const PAGE: usize = 20;
const BATCH: usize = 10;
const KIND: &str = "run";
/// Operations of one sample: a thread's time is exact enough for that many.
const EACH: usize = 10;
/// Odd, so that the median is one of them.
const SAMPLES: usize = 101;
/// Samples that only warm up.
const WARM: usize = 5;

#[derive(Clone, Copy, Debug)]
enum Operation {
    CreateOne,
    CreateTen,
    Read,
    Query,
    Changes,
}

impl Operation {
    const ALL: [Self; 5] =
        [Self::CreateOne, Self::CreateTen, Self::Read, Self::Query, Self::Changes];

    fn name(self) -> &'static str {
        match self {
            Self::CreateOne => "create a batch of 1",
            Self::CreateTen => "create a batch of 10",
            Self::Read => "point read",
            Self::Query => "query of a page of 20",
            Self::Changes => "20 changes",
        }
    }
}

/// For each operation: microseconds of processor time, through the adapter and without it.
pub(crate) async fn measure() -> anyhow::Result<Vec<Value>> {
    let mut figures = Vec::new();
    for operation in Operation::ALL {
        let mut scene = Scene::new().await?;
        figures.push(scene.compare(operation).await?);
    }
    Ok(figures)
}

struct Scene {
    writer: AzureDocuments,
    follower: AzureDocuments,
    bare: Bare,
    /// The partition that is read.
    full: PartitionKey,
    /// Tenants so far: what is written goes into partitions of its own.
    tenants: u128,
}

impl Scene {
    async fn new() -> anyhow::Result<Self> {
        let emulator = Emulator::in_process().await?;
        let client = emulator.client().await?;
        let bare = Bare::new(&emulator.client().await?).await?;
        let full = PartitionKey::new(TenantId::from_u128(1), "r00");
        let (writer, follower) =
            (documents(&client, Identity::Runs), documents(&client, Identity::Audit));
        let stored = (0..STORED).map(|number| Write::Create(document(number))).collect();
        writer.commit(CONTAINER, &full, stored).await?;
        Ok(Self { writer, follower, bare, full, tenants: 1 })
    }

    async fn compare(&mut self, operation: Operation) -> anyhow::Result<Value> {
        let (mut adapted, mut bare) = (Vec::new(), Vec::new());
        for sample in 0..WARM + SAMPLES {
            // Who goes first changes, so that neither always finds what the other left in the processor's caches.
            let (ours, theirs) = if sample % 2 == 0 {
                let ours = self.adapted(operation).await?;
                (ours, self.bare(operation).await?)
            } else {
                let theirs = self.bare(operation).await?;
                (self.adapted(operation).await?, theirs)
            };
            if sample >= WARM {
                adapted.push(ours);
                bare.push(theirs);
            }
        }
        let (adapter_us, bare_us) = (median(adapted)?, median(bare)?);
        Ok(
            json!({"operation": operation.name(), "adapter_us": adapter_us, "bare_us": bare_us, "samples": SAMPLES, "each": EACH}),
        )
    }

    fn fresh(&mut self) -> PartitionKey {
        self.tenants += 1;
        PartitionKey::new(TenantId::from_u128(self.tenants), "r00")
    }

    /// Microseconds of one operation through the adapter. What it is asked with is made before.
    async fn adapted(&mut self, operation: Operation) -> anyhow::Result<f64> {
        let fresh = self.fresh();
        let batches: Vec<Vec<Write>> =
            batches(operation).map(|batch| batch.map(Write::Create).collect()).collect();
        let query = Query { kind: KIND.to_owned(), limit: PAGE, ..Query::default() };
        let before = used_us()?;
        match operation {
            Operation::CreateOne | Operation::CreateTen => {
                for batch in batches {
                    self.writer.commit(CONTAINER, &fresh, batch).await?;
                }
            }
            Operation::Read => {
                for number in 0..EACH {
                    let found = self.writer.read(CONTAINER, &self.full, &id(number)).await?;
                    anyhow::ensure!(found.is_some(), "nothing was read");
                }
            }
            Operation::Query => {
                for _ in 0..EACH {
                    let page = self.writer.query(CONTAINER, &self.full, &query).await?;
                    anyhow::ensure!(page.documents.len() == PAGE, "not a page");
                }
            }
            Operation::Changes => {
                for _ in 0..EACH {
                    let page = self.follower.changes(CONTAINER, &self.full, None, PAGE).await?;
                    anyhow::ensure!(page.documents.len() >= PAGE, "not a page");
                }
            }
        }
        Ok((used_us()? - before) / per_operation())
    }

    /// The same without it.
    async fn bare(&mut self, operation: Operation) -> anyhow::Result<f64> {
        let fresh = self.fresh();
        let batches: Vec<Vec<NewDocument>> = batches(operation).map(Iterator::collect).collect();
        let before = used_us()?;
        match operation {
            Operation::CreateOne | Operation::CreateTen => {
                for batch in batches {
                    self.bare.create(&fresh, batch).await?;
                }
            }
            Operation::Read => {
                for number in 0..EACH {
                    self.bare.read(&self.full, &id(number)).await?;
                }
            }
            Operation::Query => {
                for _ in 0..EACH {
                    let found = self.bare.query(&self.full, KIND, PAGE).await?;
                    anyhow::ensure!(found.len() >= PAGE, "not a page");
                }
            }
            Operation::Changes => {
                for _ in 0..EACH {
                    let (found, _) = self.bare.changes(&self.full, PAGE).await?;
                    anyhow::ensure!(found.len() >= PAGE, "not a page");
                }
            }
        }
        Ok((used_us()? - before) / per_operation())
    }
}

#[expect(clippy::cast_precision_loss, reason = "ten")]
fn per_operation() -> f64 {
    EACH as f64
}

fn documents(client: &CosmosClient, identity: Identity) -> AzureDocuments {
    let (clock, randomness) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
    AzureDocuments::over(client, DATABASE, identity, clock, randomness)
}

/// What one sample creates; nothing, if it does not.
fn batches(operation: Operation) -> impl Iterator<Item = impl Iterator<Item = NewDocument>> {
    let size = match operation {
        Operation::CreateOne => 1,
        Operation::CreateTen => BATCH,
        Operation::Read | Operation::Query | Operation::Changes => 0,
    };
    (0..EACH).map(move |batch| (batch * size..(batch + 1) * size).map(document))
}

fn id(number: usize) -> String {
    format!("run-{number:06}")
}

/// About as long as what is kept of a run: 1 KiB.
fn document(number: usize) -> NewDocument {
    NewDocument {
        id: id(number),
        kind: KIND.to_owned(),
        k1: Some("2026-11-21".to_owned()),
        k2: None,
        body: json!({"number": number, "text": "x".repeat(1_000)}).to_string(),
        expires_at: None,
    }
}
