//! What the processes of a storm do: until they are done, or killed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use ambient::SystemClock;
use domain::{Actor, AuditEvent, EventId, EventKind, Target, TenantId};
use ports::{Clock as _, Identity, KeyPurpose, Ports, QueueName};
use serde_json::json;
use store::{Change, IntentSource, Keyring, Partition, StoreError, SystemCap, run_shard};
use tokio::task::JoinSet;

use super::Storm;
use crate::world::World;

/// How long a message is hidden from the other sealers: shorter than some take, so that wake-ups come twice.
const HIDDEN: Duration = Duration::from_secs(2);
/// A timer's, for what messages do not find.
const IDLE_ROUNDS_PER_SWEEP: u32 = 50;
const PAUSE: Duration = Duration::from_millis(20);
/// Longer than a missing intent is waited for.
const LATE: Duration = Duration::from_mins(2);

/// The events of one writer.
#[derive(Clone, Copy, Debug)]
pub struct Writing {
    /// Which writer.
    pub writer: u32,
    /// Its first event that is not known to be stored.
    pub from: u32,
    /// How many events it has in all.
    pub to: u32,
    /// How many of them are on their way at once.
    pub tasks: usize,
}

/// The identity of a writer's event: the same whoever tries to store it, however often.
pub fn event(writer: u32, index: u32) -> EventId {
    const UUID_V7: u128 = 0x019a_a4a0_0000_7000_8000_0000_0000_0000;
    EventId::from_u128(UUID_V7 | u128::from(writer) << 32 | u128::from(index))
}

/// Stores every event of `writing`, and says which one is stored; returns when all are.
pub async fn write(
    ports: Ports,
    storm: &Storm,
    tenant: TenantId,
    writing: Writing,
    stored: fn(u32),
) {
    let keyring = Keyring::open(&ports).await.unwrap();
    let key = keyring.material(KeyPurpose::RunsIntent).unwrap();
    let source = IntentSource::new(Identity::Runs, key, Arc::clone(&ports.randomness));
    #[expect(clippy::disallowed_methods, reason = "a writer stands for an app, and for its host")]
    let cap = SystemCap::mint(storm.wrap(ports), Some(Arc::new(source)));
    storm.begin();
    let partition = cap.partition(tenant, "storm");
    let next = Arc::new(AtomicU32::new(writing.from));
    let mut tasks = JoinSet::new();
    for _ in 0..writing.tasks {
        let (partition, next) = (partition.clone(), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let index = next.fetch_add(1, Ordering::SeqCst);
                if index >= writing.to {
                    return;
                }
                store(&partition, writing.writer, index).await;
                stored(index);
            }
        });
    }
    tasks.join_all().await;
}

/// Tries until it is known that the event is stored: by an answer, or because it is there already.
async fn store(partition: &Partition, writer: u32, index: u32) {
    // An instance writes to many places; what it says of its numbers must hold across them.
    let place = match index % 4 {
        0 => partition.clone(),
        other => partition.in_shard(run_shard(u8::try_from(other).unwrap())),
    };
    loop {
        let target = Target::new("runner", format!("{writer}-{index}"));
        let change = Change::new(AuditEvent::new(EventKind::RunnerActivated, target));
        let (id, actor) = (Some(event(writer, index)), Actor::system("storm"));
        match place.commit_as(id, &actor, SystemClock.now(), change).await {
            Ok(_) | Err(StoreError::Exists) => return,
            Err(StoreError::Conflict | StoreError::Throttled | StoreError::Unavailable(_)) => {
                tokio::task::yield_now().await;
            }
            Err(error) => panic!("{writer}-{index}: {error:?}"),
        }
    }
}

/// Seals and signs what messages and timers say, at the time that it is, until it is killed.
pub async fn seal(world: &World) {
    let mut idle = 0;
    loop {
        world.clock.set(SystemClock.now());
        if deliver(world).await {
            continue;
        }
        idle += 1;
        if idle % IDLE_ROUNDS_PER_SWEEP == 0 {
            sweep(world).await;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Seals and signs what is left, and lets so much time pass that whatever is missing is said to be.
pub async fn seal_rest(world: &World) {
    for _ in 0..3 {
        sweep(world).await;
        while deliver(world).await {}
        world.clock.advance(LATE);
    }
    sweep(world).await;
    while deliver(world).await {}
}

/// Delivers one message, if one is due. Nothing that a sealer or a signer says may be an alarm.
async fn deliver(world: &World) -> bool {
    for (queue, function) in
        [(QueueName::Seal, "seal_intents"), (QueueName::Sign, "sign_checkpoint")]
    {
        let Some(message) = world.store.queues().receive(queue, HIDDEN).await.unwrap() else {
            continue;
        };
        let quoted = serde_json::to_string(&message.text).unwrap();
        if is_done(world, function, &json!({"Data": {"message": quoted}})).await {
            world.store.queues().delete(queue, &message).await.unwrap();
        }
        return true;
    }
    false
}

async fn sweep(world: &World) {
    is_done(world, "sweep_intents", &json!({"Data": {"timer": {}}})).await;
}

/// Whether it did what it was asked for; if not, storage was in the way.
async fn is_done(world: &World, function: &str, envelope: &serde_json::Value) -> bool {
    let answer = world.invoke(function, envelope).await;
    let status = answer.status.as_u16();
    assert!(matches!(status, 200 | 503), "{function}: {status} {}", answer.json());
    status == 200
}
