//! What opening an app in Azure waits for, part by part, against the site's counterparts. Needs the settings of `azure-site`.

use std::{sync::Arc, time::Instant};

use ambient::{SystemClock, SystemRandomness};
use azure::{Azure, AzureDocuments, AzureKeys, CosmosSettings, MailSettings, Settings, credential};
use azure_counterparts::{
    emulator::{DATABASE, REGION},
    found,
};
use ports::{Identity, KEYS};
use serde_json::{Value, json};
use store::Keyring;

use super::processor::median;

/// Odd, so that the median is one of them.
const ROUNDS: usize = 7;

/// For each app: milliseconds until the ports are open, and until its keys are.
pub(crate) async fn measure() -> anyhow::Result<Vec<Value>> {
    let mut apps = Vec::new();
    for identity in Identity::ALL {
        let mut rounds = Vec::new();
        // The first one makes the keys, and is not counted.
        open(identity).await?;
        for _ in 0..ROUNDS {
            rounds.push(open(identity).await?);
        }
        let held = KEYS.iter().filter(|(purpose, holder)| {
            *holder == identity && !purpose.is_kept() && !purpose.is_of_tenants()
        });
        let middle = |part: fn(&Parts) -> f64| median(rounds.iter().map(part).collect());
        apps.push(json!({
            "app": identity.name(),
            "unwrapped": held.count(),
            "documents_ms": middle(|parts| parts.documents)?,
            "vault_ms": middle(|parts| parts.vault)?,
            "ports_ms": middle(|parts| parts.ports)?,
            "keyring_ms": middle(|parts| parts.keyring)?,
        }));
    }
    Ok(apps)
}

/// Milliseconds.
struct Parts {
    /// Token, account, containers.
    documents: f64,
    /// Token, challenge, the public half of each key.
    vault: f64,
    /// All ports at the same time, as an app opens them.
    ports: f64,
    /// Each wrapped key read and unwrapped.
    keyring: f64,
}

async fn open(identity: Identity) -> anyhow::Result<Parts> {
    let settings = settings(identity)?;
    let (clock, randomness) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
    let begun = Instant::now();
    let who = credential(&settings.credential)?;
    let (time, chance) = (Arc::clone(&clock), Arc::clone(&randomness));
    let documents = AzureDocuments::connect(&settings.cosmos, who, identity, time, chance).await?;
    documents.check().await?;
    let documents = since(begun);
    let begun = Instant::now();
    let who = credential(&settings.credential)?;
    AzureKeys::connect(&settings.vault, who, identity)?.check().await?;
    let vault = since(begun);
    let begun = Instant::now();
    let azure = Azure::open(&settings, identity, clock, randomness).await?;
    let ports = since(begun);
    let begun = Instant::now();
    Keyring::open(&azure.ports()).await?;
    Ok(Parts { documents, vault, ports, keyring: since(begun) })
}

fn since(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e3
}

fn settings(identity: Identity) -> anyhow::Result<Settings> {
    let text = |name| found::setting(name).unwrap_or_default();
    Ok(Settings {
        cosmos: CosmosSettings {
            endpoint: found::url("PROOFLINE_AZURE_COSMOS_ENDPOINT")?,
            database: DATABASE.to_owned(),
            region: REGION.to_owned(),
        },
        storage: azure::StorageSettings {
            blobs: found::url("PROOFLINE_AZURE_BLOB_ENDPOINT")?,
            queues: found::url("PROOFLINE_AZURE_QUEUE_ENDPOINT")?,
        },
        vault: found::url("PROOFLINE_AZURE_VAULT_URL")?,
        topic: found::url("PROOFLINE_AZURE_TOPIC_ENDPOINT")?,
        mail: MailSettings {
            server: found::url("PROOFLINE_MAIL_URL")?,
            from: text("PROOFLINE_MAIL_FROM"),
        },
        credential: found::credential(identity),
    })
}
