//! How often the vault is called.

use std::collections::BTreeMap;

use azure_counterparts::vault::alone::Alone;
use ports::{KEYS, Ports};
use system_tests::world::World;

use super::backend::in_vault;

/// Whoever is called for nothing answers nothing: each is one request, whatever came of it.
fn operations(calls: &[String]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for call in calls {
        let operation = ["/wrapkey ", "/unwrapkey "].into_iter().find(|part| call.contains(part));
        *counts.entry(operation.unwrap_or("other")).or_default() += 1;
    }
    counts
}

/// Every endpoint of every app, over keys in a vault: its calls end when the apps are open.
#[tokio::test]
async fn the_vault_is_called_when_an_app_opens_and_never_for_a_request() {
    let alone = Alone::start().await.unwrap();
    let mut world = World::with_ports(|ports: Ports| in_vault(&alone, ports)).await;
    let wrapping = KEYS.iter().filter(|(purpose, _)| !purpose.is_kept()).count();
    let opened = alone.vault.calls();
    let good: Vec<_> = opened.iter().filter(|call| call.ends_with(" 200")).cloned().collect();
    let made = operations(&good);
    assert_eq!(made["/wrapkey "], wrapping, "each key is made once: {opened:?}");
    assert_eq!(made["/unwrapkey "], wrapping, "and unwrapped once: {opened:?}");
    assert_eq!(good.len(), 2 * wrapping);

    world.whole_story().await;
    assert_eq!(alone.vault.calls().len(), opened.len(), "a request called the vault");

    world.restart_with(|ports: Ports| in_vault(&alone, ports)).await;
    let again = alone.vault.calls().split_off(opened.len());
    let good = again.iter().filter(|call| call.ends_with(" 200")).count();
    assert_eq!(good, wrapping, "one unwrap for each held key: {again:?}");
    assert!(again.iter().all(|call| call.contains("/unwrapkey ")), "{again:?}");
}
