//! A process of a storm whose documents are in Cosmos DB, over loopback; keys, queues and blobs are in a local store.
//!
//! `azure-storm writer DIR URL TENANT SEED WRITER FROM TO TASKS`: stores the events FROM..TO of WRITER, TASKS at once, and prints each that is
//! stored.
//! `azure-storm sealer DIR URL TENANT SEED`: seals and signs until it is killed.

use std::{
    io::{self, Write as _},
    path::Path,
    sync::Arc,
};

use ambient::{SystemClock, SystemRandomness};
use azure::{AzureDocuments, CosmosSettings};
use azure_counterparts::emulator::{DATABASE, FixedToken, REGION};
use local::Store;
use ports::{Clock as _, Identity, Ports};
use system_tests::{
    storm::{Storm, Weather, Writing, seal, write},
    world::World,
};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["writer", dir, url, tenant, seed, writer, from, to, tasks] => {
            let number = |text: &str| text.parse().unwrap();
            let writing = Writing {
                writer: number(writer),
                from: number(from),
                to: number(to),
                tasks: tasks.parse().unwrap(),
            };
            let store =
                Store::open(Path::new(dir), Arc::new(SystemClock), Arc::new(SystemRandomness));
            let ports = store.unwrap().ports(Identity::Runs);
            let documents = documents(url, Identity::Runs).await;
            let weather = Storm::new(seed.parse().unwrap(), Weather::WRITER);
            write(Ports { documents, ..ports }, &weather, tenant.parse().unwrap(), writing, say)
                .await;
        }
        ["sealer", dir, url, _tenant, seed] => {
            let weather = Storm::new(seed.parse().unwrap(), Weather::SEALER);
            let mut all = Vec::new();
            for identity in Identity::ALL {
                all.push((identity, documents(url, identity).await));
            }
            let of = |identity| all.iter().find(|(known, _)| *known == identity);
            let wrap = |ports: Ports| {
                let documents = Arc::clone(&of(ports.identity).unwrap().1);
                weather.wrap(Ports { documents, ..ports })
            };
            let world = World::over_with(Path::new(dir), SystemClock.now(), wrap).await;
            weather.begin();
            seal(&world).await;
        }
        _ => panic!(
            "usage: azure-storm writer DIR URL TENANT SEED WRITER FROM TO TASKS | sealer DIR URL TENANT SEED"
        ),
    }
}

async fn documents(url: &str, identity: Identity) -> Arc<dyn ports::Documents> {
    let settings = CosmosSettings {
        endpoint: url.parse().unwrap(),
        database: DATABASE.to_owned(),
        region: REGION.to_owned(),
    };
    loop {
        let (clock, randomness) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
        let anyone = Arc::new(FixedToken("anyone".to_owned()));
        let opened = AzureDocuments::connect(&settings, anyone, identity, clock, randomness).await;
        match opened {
            Ok(documents) => return Arc::new(documents),
            // As an app does: the emulator has more to do than it can.
            Err(error) if error.may_pass() => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// One write under `PIPE_BUF`: whole in the pipe or not there.
fn say(index: u32) {
    io::stdout().write_all(format!("{index}\n").as_bytes()).unwrap();
    io::stdout().flush().unwrap();
}
