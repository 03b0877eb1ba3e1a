//! What must not get in: each kind of bad input, refused with its stable code or set apart, and recorded.

mod bodies;
mod clocks;
mod order;
mod senders;
mod statements;

use super::{field_runner::FieldRunner, world::World};

const EVENTS: &str = "/v1/runner/events";

fn pair(status: &str, code: &str) -> (String, String) {
    (status.to_owned(), code.to_owned())
}

async fn is_recorded(world: &World, runner: &FieldRunner, action: &str, code: &str) -> bool {
    world.recorded(runner.tenant).await.contains(&pair(action, code))
}
