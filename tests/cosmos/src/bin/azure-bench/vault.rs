//! How often the vault is called: to open an app for the first time, to open it again, and for requests.

use std::sync::Arc;

use ambient::{SystemClock, SystemRandomness};
use azure_counterparts::vault::alone::Alone;
use local::Store;
use ports::{Identity, KEYS, Ports};
use serde_json::{Value, json};
use store::Keyring;
use system_tests::world::World;
use tempfile::TempDir;

/// Calls of the vault, by when they were made; those that were answered with a challenge are calls too.
pub(crate) async fn measure() -> anyhow::Result<Value> {
    let alone = Alone::start().await?;
    let folder = TempDir::new()?;
    let store = Store::open(folder.path(), Arc::new(SystemClock), Arc::new(SystemRandomness))?;
    let mut apps = Vec::new();
    for identity in Identity::ALL {
        let held = KEYS.iter().filter(|(_, holder)| *holder == identity).count();
        if held == 0 {
            continue;
        }
        let first = open(&alone, store.ports(identity)).await?;
        let again = open(&alone, store.ports(identity)).await?;
        apps.push(json!({"app": identity.name(), "keys": held, "first": first, "again": again}));
    }
    Ok(json!({"apps": apps, "requests": requests(&alone).await?}))
}

/// What `azure` and `host` do when an app opens: look whether the keys are there, and unwrap what it holds.
async fn open(alone: &Alone, ports: Ports) -> anyhow::Result<usize> {
    let before = alone.vault.calls().len();
    let keys = alone.keys(ports.identity)?;
    keys.check().await?;
    Keyring::open(&Ports { keys: Arc::new(keys), ..ports }).await?;
    Ok(alone.vault.calls().len() - before)
}

/// Everything that the product does for one customer, over keys in the vault.
async fn requests(alone: &Alone) -> anyhow::Result<usize> {
    let in_vault = |ports: Ports| {
        // A vault that is there gives its client.
        let keys = alone.keys(ports.identity).expect("no client of the vault");
        Ports { keys: Arc::new(keys), ..ports }
    };
    let world = World::with_ports(in_vault).await;
    let before = alone.vault.calls().len();
    world.customer_story().await;
    Ok(alone.vault.calls().len() - before)
}
