//! A process of a storm on a local store.
//!
//! `storm writer DIR TENANT SEED WRITER FROM TO TASKS`: stores the events FROM..TO of WRITER, TASKS at once, and prints each that is stored.
//! `storm sealer DIR TENANT SEED`: seals and signs until it is killed.

use std::{
    io::{self, Write as _},
    path::Path,
    sync::Arc,
};

use ambient::{SystemClock, SystemRandomness};
use host::LogForm;
use local::Store;
use ports::{Clock as _, Identity};
use system_tests::{
    storm::{Storm, Weather, Writing, seal, write},
    world::World,
};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["writer", dir, tenant, seed, writer, from, to, tasks] => {
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
            let weather = Storm::new(seed.parse().unwrap(), Weather::WRITER);
            write(ports, &weather, tenant.parse().unwrap(), writing, say).await;
        }
        ["sealer", dir, _tenant, seed] => {
            // An alarm says why.
            host::start_telemetry(&"error".parse().unwrap(), LogForm::Text);
            let weather = Storm::new(seed.parse().unwrap(), Weather::SEALER);
            let wrap = |ports| weather.wrap(ports);
            let world = World::over_with(Path::new(dir), SystemClock.now(), wrap).await;
            weather.begin();
            seal(&world).await;
        }
        _ => panic!(
            "usage: storm writer DIR TENANT SEED WRITER FROM TO TASKS | sealer DIR TENANT SEED"
        ),
    }
}

/// One write under `PIPE_BUF`: whole in the pipe or not there.
fn say(index: u32) {
    io::stdout().write_all(format!("{index}\n").as_bytes()).unwrap();
    io::stdout().flush().unwrap();
}
