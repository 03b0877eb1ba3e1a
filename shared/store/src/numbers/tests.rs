use super::*;

const TENANT: TenantId = TenantId::from_u128(1);
const NOON: Timestamp = Timestamp::from_unix_s(1_795_262_400);

/// What an intent said of its place, and its number.
#[derive(Debug)]
struct Taken {
    number: Number,
    at: Place,
    digest: Hash,
}

fn take_at(numbers: &Numbers, tenant: TenantId, at: Timestamp) -> Taken {
    let mut place = None;
    let write = |found: Place| {
        let text = format!("{} {} {:?}", found.instance, found.number, found.prev);
        place = Some(found);
        Ok::<_, ()>(text)
    };
    let name = || format!("begun {}", at.unix_s());
    let (number, text, digest) = numbers.take(tenant, at, name, write).unwrap();
    assert_eq!(digest, Hash::of(text.as_bytes()));
    Taken { number, at: place.unwrap(), digest }
}

fn take(numbers: &Numbers) -> Taken {
    take_at(numbers, TENANT, NOON)
}

/// Taken and stored.
fn store(numbers: &Numbers, at: Timestamp) -> Place {
    let mut taken = take_at(numbers, TENANT, at);
    taken.number.stored();
    taken.at
}

#[test]
fn a_number_that_was_not_committed_is_declared_void_by_the_next() {
    let numbers = Numbers::default();
    drop(take(&numbers));
    let next = take(&numbers);
    assert_eq!((next.at.number, next.at.void), (2, vec![1]));
    let elsewhere = take_at(&numbers, TenantId::from_u128(2), NOON);
    assert_eq!((elsewhere.at.number, elsewhere.at.void), (1, vec![]));
}

#[test]
fn each_intent_names_the_one_before_whatever_became_of_it() {
    let numbers = Numbers::default();
    let first = take(&numbers);
    assert_eq!(first.at.prev, None);
    let second = take(&numbers);
    assert_eq!(second.at.prev, Some(first.digest));
    drop(second.number);
    assert_eq!(take(&numbers).at.prev, Some(second.digest));
    assert_eq!(take_at(&numbers, TenantId::from_u128(2), NOON).at.prev, None);
}

/// Many threads at once: the chain of digests is in the order of the numbers.
#[test]
fn numbers_and_digests_are_in_one_order() {
    let numbers = Numbers::default();
    let taken = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..250 {
                    let Taken { mut number, at, digest } = take(&numbers);
                    number.stored();
                    taken.lock().unwrap().push((at.number, at.prev, digest));
                }
            });
        }
    });
    let mut taken = taken.into_inner().unwrap();
    taken.sort_unstable_by_key(|(number, ..)| *number);
    let mut prev = None;
    for (place, (number, named, digest)) in (1..).zip(taken) {
        assert_eq!((number, named), (place, prev));
        prev = Some(digest);
    }
}

#[test]
fn an_intent_that_cannot_be_written_takes_no_number() {
    let numbers = Numbers::default();
    drop(take(&numbers));
    let refused = numbers.take(TENANT, NOON, String::new, |_| Err::<String, _>("no"));
    assert_eq!(refused.err(), Some("no"));
    let next = take(&numbers);
    assert_eq!((next.at.number, next.at.void), (2, vec![1]));
}

/// Two refusals in a row: the second intent would have declared the first one void, and is not stored either.
#[test]
fn what_a_refused_intent_declared_void_is_declared_again() {
    let numbers = Numbers::default();
    for _ in 0..2 {
        let mut taken = take(&numbers);
        taken.number.begin();
        taken.number.refused();
    }
    assert_eq!(take(&numbers).at.void, [1, 2]);
}

/// Storage may have it although nobody waited for the answer. What it declares void is void in any case.
#[test]
fn a_number_that_may_be_stored_is_never_declared_void() {
    let numbers = Numbers::default();
    drop(take(&numbers));
    let mut taken = take(&numbers);
    taken.number.begin();
    drop(taken);
    assert_eq!(take(&numbers).at.void, [1]);
}

#[test]
fn a_stored_intent_declares_void_once() {
    let numbers = Numbers::default();
    drop(take(&numbers));
    assert_eq!(store(&numbers, NOON).void, [1]);
    assert_eq!(take(&numbers).at.void, Vec::<u64>::new());
}

#[test]
fn an_intent_declares_a_thousand_numbers_void_and_leaves_the_rest_to_the_next() {
    let numbers = Numbers::default();
    let refused: Vec<_> = (0..=VOID_MAX).map(|_| take(&numbers)).collect();
    drop(refused);
    let (first, second) = (take(&numbers), take(&numbers));
    assert_eq!((first.at.void.len(), second.at.void), (VOID_MAX, vec![1_001]));
}

#[test]
fn what_is_void_is_owed_once_a_later_number_was_given_out() {
    let numbers = Numbers::default();
    drop(take(&numbers));
    assert!(!numbers.owes(TENANT), "nobody waits for the last number");
    let (mut refused, later) = (take(&numbers), store(&numbers, NOON));
    assert_eq!(later.void, Vec::<u64>::new());
    refused.number.refused();
    assert!(numbers.owes(TENANT));
    assert_eq!(store(&numbers, NOON).void, [1, 2]);
    assert!(!numbers.owes(TENANT));
}

#[test]
fn an_instance_ends_after_an_hour_of_rest_or_a_day() {
    let (hour, second) = (Duration::from_hours(1), Duration::from_secs(1));
    let numbers = Numbers::default();
    let first = store(&numbers, NOON);
    let rested = store(&numbers, NOON.plus(hour));
    assert_eq!((&rested.instance, rested.number), (&first.instance, 2));
    let next = store(&numbers, NOON.plus(hour * 2 + second));
    assert_ne!(next.instance, first.instance);
    assert_eq!((next.number, next.prev), (1, None));

    let numbers = Numbers::default();
    let places: Vec<_> = (0..=24).map(|hours| store(&numbers, NOON.plus(hour * hours))).collect();
    assert!(places.iter().all(|place| place.instance == places[0].instance));
    let next = store(&numbers, NOON.plus(hour * 24 + second));
    assert_eq!((next.instance == places[0].instance, next.number), (false, 1));
}

#[test]
fn an_instance_declares_void_what_it_must_before_it_ends() {
    let numbers = Numbers::default();
    let (mut refused, _later) = (take(&numbers), store(&numbers, NOON));
    refused.number.refused();
    let late = NOON.plus(Duration::from_hours(3));
    assert_eq!(store(&numbers, late).void, [1]);
    // A number of an instance that ended is no other instance's.
    let open = take_at(&numbers, TENANT, late);
    let next = store(&numbers, late.plus(Duration::from_hours(2)));
    assert_ne!(next.instance, open.at.instance);
    drop(open);
    assert_eq!(store(&numbers, late.plus(Duration::from_hours(2))).void, Vec::<u64>::new());
}

#[test]
fn the_sealer_is_woken_at_once_and_once_more() {
    let numbers = Numbers::default();
    let wakes = [(); 3].map(|()| numbers.wake_after(TENANT, NOON));
    assert_eq!(wakes, [Some(Duration::ZERO), Some(WAKE_EVERY), None]);
    let later = NOON.plus(WAKE_EVERY);
    assert_eq!(numbers.wake_after(TENANT, later), Some(Duration::ZERO));
    // Requests end in another order than they began in.
    let earlier = later.minus(Duration::from_millis(1));
    assert_eq!(numbers.wake_after(TENANT, earlier), Some(WAKE_EVERY));
    // A clock that was set back must not silence it.
    let set_back = NOON.minus(Duration::from_hours(1));
    assert_eq!(numbers.wake_after(TENANT, set_back), Some(Duration::ZERO));
}

#[test]
fn who_owes_a_number_is_known_until_it_is_declared() {
    let numbers = Numbers::default();
    let (mut refused, _later) = (take(&numbers), store(&numbers, NOON));
    assert_eq!(numbers.debtors(), []);
    refused.number.refused();
    assert_eq!(numbers.debtors(), [TENANT]);
    store(&numbers, NOON);
    assert_eq!(numbers.debtors(), []);
}
