//! Queues: at least once, and not for ever.

use std::{collections::BTreeSet, time::Duration};

use ports::{Identity, QUEUE_RIGHTS, QueueError, QueueName};

use super::Backend;

const QUEUE: QueueName = QueueName::Sign;
const SENDER: Identity = Identity::Audit;
const SHORT: Duration = Duration::from_secs(2);
const NOW: Duration = Duration::ZERO;

async fn send(backend: &dyn Backend, text: &str, delay: Duration) {
    backend.ports(SENDER).queue.send(QUEUE, text, delay).await.unwrap();
}

pub async fn a_message_comes_again_until_it_is_deleted(backend: &dyn Backend) {
    assert_eq!(backend.receive(QUEUE, SHORT).await, None);
    send(backend, "{\"ä\":1}", NOW).await;
    assert_eq!(backend.receive(QueueName::Seal, SHORT).await, None, "another queue");
    let first = backend.receive(QUEUE, SHORT).await.unwrap();
    assert_eq!((first.text.as_str(), first.dequeue_count), ("{\"ä\":1}", 1));
    assert_eq!(backend.receive(QUEUE, SHORT).await, None, "hidden");
    backend.pass(SHORT).await;
    let second = backend.receive(QUEUE, SHORT).await.unwrap();
    assert_eq!((&second.id, second.dequeue_count), (&first.id, 2));
    assert!(backend.delete(QUEUE, &second).await);
    backend.pass(SHORT).await;
    assert_eq!(backend.receive(QUEUE, SHORT).await, None, "deleted");
}

pub async fn a_delayed_message_waits(backend: &dyn Backend) {
    send(backend, "later", SHORT).await;
    send(backend, "now", NOW).await;
    assert_eq!(backend.receive(QUEUE, SHORT * 10).await.unwrap().text, "now");
    assert_eq!(backend.receive(QUEUE, SHORT * 10).await, None);
    backend.pass(SHORT).await;
    assert_eq!(backend.receive(QUEUE, SHORT * 10).await.unwrap().text, "later");
}

pub async fn an_old_receipt_does_nothing(backend: &dyn Backend) {
    send(backend, "work", NOW).await;
    let slow = backend.receive(QUEUE, SHORT).await.unwrap();
    backend.pass(SHORT).await;
    let fast = backend.receive(QUEUE, SHORT).await.unwrap();
    assert!(!backend.delete(QUEUE, &slow).await);
    backend.fail(QUEUE, &slow).await;
    assert_eq!(backend.receive(QUEUE, SHORT).await, None, "given back by someone who lost it");
    assert!(backend.delete(QUEUE, &fast).await);
    assert!(!backend.delete(QUEUE, &fast).await);
}

pub async fn a_message_that_fails_five_times_is_set_aside(backend: &dyn Backend) {
    send(backend, "bad", NOW).await;
    for count in 1..=5 {
        let message = backend.receive(QUEUE, SHORT).await.unwrap();
        assert_eq!(message.dequeue_count, count);
        assert!(backend.poisoned(QUEUE).await.is_empty());
        backend.fail(QUEUE, &message).await;
    }
    assert_eq!(backend.poisoned(QUEUE).await, ["bad"]);
    backend.pass(SHORT).await;
    assert_eq!(backend.receive(QUEUE, SHORT).await, None);
}

/// Nobody says that it failed: the host itself died.
pub async fn a_message_that_kills_its_receiver_five_times_is_set_aside(backend: &dyn Backend) {
    send(backend, "deadly", NOW).await;
    for count in 1..=5 {
        assert_eq!(backend.receive(QUEUE, SHORT).await.unwrap().dequeue_count, count);
        backend.pass(SHORT).await;
    }
    send(backend, "good", NOW).await;
    assert_eq!(backend.receive(QUEUE, SHORT).await.unwrap().text, "good");
    assert_eq!(backend.poisoned(QUEUE).await, ["deadly"]);
}

pub async fn a_message_has_at_most_48_kib(backend: &dyn Backend) {
    let queue = backend.ports(SENDER).queue;
    let refused = queue.send(QUEUE, &"x".repeat(49_153), NOW).await;
    assert_eq!(refused, Err(QueueError::TooLarge(49_153)));
    assert_eq!(queue.send(QUEUE, &"x".repeat(49_152), NOW).await, Ok(()));
    assert_eq!(backend.receive(QUEUE, SHORT).await.unwrap().text.len(), 49_152);
}

pub async fn an_identity_sends_where_the_table_says(backend: &dyn Backend) {
    for queue in QueueName::ALL {
        let mut expected = BTreeSet::new();
        for identity in Identity::ALL {
            let sent = backend.ports(identity).queue.send(queue, identity.name(), NOW).await;
            if QUEUE_RIGHTS.contains(&(identity, queue)) {
                assert_eq!(sent, Ok(()), "{identity:?} {queue:?}");
                expected.insert(identity.name().to_owned());
            } else {
                assert!(matches!(sent, Err(QueueError::Denied(_))), "{identity:?} {queue:?}");
            }
        }
        let mut received = BTreeSet::new();
        while let Some(message) = backend.receive(queue, SHORT).await {
            received.insert(message.text);
        }
        assert_eq!(received, expected, "{queue:?}");
    }
}
