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

/// Every endpoint of every app, over keys in a vault: its calls end when the apps are open, but for each tenant's own key, once.
#[tokio::test]
async fn the_vault_is_called_when_an_app_opens_and_once_for_a_tenants_key() {
    let alone = Alone::start().await.unwrap();
    let mut world = World::with_ports(|ports: Ports| in_vault(&alone, ports)).await;
    let own = KEYS.iter().filter(|(key, _)| !key.is_kept() && !key.is_of_tenants());
    let wrapping = own.count();
    let opened = alone.vault.calls();
    let good: Vec<_> = opened.iter().filter(|call| call.ends_with(" 200")).cloned().collect();
    let made = operations(&good);
    assert_eq!(made["/wrapkey "], wrapping, "each key is made once: {opened:?}");
    // The keys of access tokens, access records and passwords have versions: those that count are unwrapped by themselves.
    let unwrapped = wrapping + 3;
    assert_eq!(made["/unwrapkey "], unwrapped, "and unwrapped once: {opened:?}");
    assert_eq!(good.len(), wrapping + unwrapped);

    world.customer_story().await;
    let asked = alone.vault.calls().split_off(opened.len());
    // The customer's, that of letters on their way, and the directory's line of the minute, with whose key it is.
    let (of_fields, others): (Vec<_>, Vec<_>) =
        asked.iter().cloned().partition(|call| call.contains("/wrap-auth-fields/"));
    let counts = operations(&of_fields);
    assert_eq!(counts, [("/unwrapkey ", 2), ("/wrapkey ", 2)].into(), "{asked:?}");
    assert_eq!(others, ["GET keys/directory 200", "POST keys/directory//sign 200"]);

    world.restart_with(|ports: Ports| in_vault(&alone, ports)).await;
    let again = alone.vault.calls().split_off(opened.len() + asked.len());
    let good = again.iter().filter(|call| call.ends_with(" 200")).count();
    assert_eq!(good, unwrapped, "one unwrap for each held key: {again:?}");
    assert!(again.iter().all(|call| call.contains("/unwrapkey ")), "{again:?}");
}
