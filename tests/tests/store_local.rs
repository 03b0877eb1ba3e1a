//! What is particular to a store on one machine: its folder, its root key, its topics, its outbox.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use domain::Timestamp;
use local::{OpenError, Store, Topic};
use ports::{Identity, KeyPurpose, Letter};
use system_tests::doubles::{ManualClock, SeededRandomness};
use tempfile::TempDir;

/// 2026-11-21T00:00:00Z.
const START: Timestamp = Timestamp::from_unix_s(1_795_219_200);
const LEASE: Duration = Duration::from_secs(30);

fn open_at(dir: &Path, clock: &Arc<ManualClock>) -> Result<Store, OpenError> {
    let clock = Arc::clone(clock);
    Store::open(dir, clock, SeededRandomness::new(7))
}

fn open(dir: &Path) -> Result<Store, OpenError> {
    open_at(dir, &ManualClock::new(START))
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Every file below `dir`.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn nothing_in_the_folder_is_open_to_others() {
    let above = TempDir::new().unwrap();
    let dir = above.path().join("a/data");
    let store = open(&dir).unwrap();
    let ports = store.ports(Identity::Audit);
    ports.blobs.put(ports::Bucket::Exports, "a/b", b"x", None).await.unwrap();
    let letter =
        Letter { to: "a@b.example".into(), subject: "s".into(), text: "t".into(), html: None };
    ports.mail.send(&letter).await.unwrap();
    assert_eq!((mode(&above.path().join("a")), mode(&dir)), (0o700, 0o700));
    let files = files(&dir);
    assert!(files.len() >= 6, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_folder_that_others_may_write_to_is_refused() {
    let dir = TempDir::new().unwrap();
    for wrong in [0o770, 0o707, 0o777, 0o1777] {
        chmod(dir.path(), wrong);
        assert!(matches!(open(dir.path()), Err(OpenError::Exposed { wanted: 0o700, .. })));
        assert!(fs::read_dir(dir.path()).unwrap().next().is_none(), "touched");
    }
    for right in [0o700, 0o755] {
        chmod(dir.path(), right);
        assert!(open(dir.path()).is_ok());
    }
}

#[test]
fn a_root_key_that_others_may_read_is_refused() {
    let dir = TempDir::new().unwrap();
    drop(open(dir.path()).unwrap());
    let key = dir.path().join("root.key");
    for wrong in [0o640, 0o604, 0o620, 0o644] {
        chmod(&key, wrong);
        let refused = open(dir.path()).err().unwrap();
        assert!(matches!(refused, OpenError::Exposed { wanted: 0o600, .. }), "{refused}");
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
    }
    chmod(&key, 0o400);
    assert!(open(dir.path()).is_ok());
}

#[test]
fn a_root_key_is_made_once_and_never_replaced() {
    let dir = TempDir::new().unwrap();
    drop(open(dir.path()).unwrap());
    let path = dir.path().join("root.key");
    let key = fs::read(&path).unwrap();
    assert_eq!(key.len(), 32);
    drop(Store::open(dir.path(), ManualClock::new(START), SeededRandomness::new(8)).unwrap());
    assert_eq!(fs::read(&path).unwrap(), key);
    for wrong in [&key[..31], &[], &[key.as_slice(), &[0]].concat()] {
        fs::write(&path, wrong).unwrap();
        assert!(matches!(open(dir.path()), Err(OpenError::RootKey(_))), "{} bytes", wrong.len());
        assert_eq!(fs::read(&path).unwrap(), wrong);
    }
    fs::remove_file(&path).unwrap();
    fs::write(dir.path().join("elsewher"), &key).unwrap();
    // A target of 32 bytes, so that the link has the length of a key.
    symlink("././././././././././././elsewher", &path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), key);
    assert!(matches!(open(dir.path()), Err(OpenError::RootKey(_))), "a link");
}

/// With the root key 00 01 … 1f and 32 times a5 as material: HKDF by Python's `hmac`, then
/// `openssl enc -id-aes256-wrap -K <key> -iv a6a6a6a6a6a6a6a6` (OpenSSL 3.0.19).
#[tokio::test]
async fn a_key_is_wrapped_as_openssl_wraps_it() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("root.key");
    fs::write(&path, (0..32).collect::<Vec<u8>>()).unwrap();
    chmod(&path, 0o600);
    let keys = open(dir.path()).unwrap().ports(Identity::Auth).keys;
    let wrapped = keys.wrap(KeyPurpose::AccessToken, &[0xa5; 32]).await.unwrap();
    let expected: [u64; 5] = [
        0x9f29_16af_39ef_5784,
        0x5f26_f179_85a4_e9b4,
        0xb329_6c78_c40c_7830,
        0x1c04_e09a_a6c2_1b0b,
        0x1b21_2e25_b320_691d,
    ];
    assert_eq!(wrapped, expected.map(u64::to_be_bytes).concat());
}

/// With the root key 00 01 … 1f and 32 times a5 as the digest: HKDF, P-256 and RFC 6979 in Python, with `hmac` and its integers.
#[tokio::test]
async fn a_kept_key_is_derived_and_signs_as_python_computes_it() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("root.key");
    fs::write(&path, (0..32).collect::<Vec<u8>>()).unwrap();
    chmod(&path, 0o600);
    let keys = open(dir.path()).unwrap().ports(Identity::Signer).keys;
    let public = keys.public(KeyPurpose::Directory).await.unwrap();
    let signed = keys.sign(KeyPurpose::Directory, &[0xa5; 32]).await.unwrap();
    assert_eq!(
        in_hex(&public.x),
        "6f713a8d42e0d0a7994c78280cebdd8bb8d25556e47caab17afefbf9112448d1"
    );
    assert_eq!(
        in_hex(&public.y),
        "3bdefb2a790bf579b3bd7f60f9ad77207f1aad2f188b4cdfb9b20d4167e22c25"
    );
    let (r, s) = signed.signature.split_at(32);
    assert_eq!(in_hex(r), "93135ba962844ccd063d322dbc4108138e63a57e177f53b787b90c7d65da4eb1");
    assert_eq!(in_hex(s), "c038efc0b623320df7da67c602b501a7f99409ee763f29701211cd21faf5505f");
}

fn in_hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

#[tokio::test]
async fn an_event_reaches_each_subscription_and_is_then_forgotten() {
    let dir = TempDir::new().unwrap();
    let topics = open(dir.path()).unwrap().topics();
    topics.publish_all(Topic::RunnerEvents, vec!["{\"id\":\"1\"}".into()]).await.unwrap();
    assert_eq!(topics.next_delivery(Topic::RunnerEvents, LEASE).await.unwrap(), None);
    assert_eq!(topics.fan_out(Topic::Internal, &["x"]).await.unwrap(), 0);
    assert_eq!(topics.fan_out(Topic::RunnerEvents, &["runs", "Audit"]).await.unwrap(), 1);
    assert_eq!(topics.fan_out(Topic::RunnerEvents, &["runs", "Audit"]).await.unwrap(), 0);
    let mut subscriptions = Vec::new();
    while let Some(delivery) = topics.next_delivery(Topic::RunnerEvents, LEASE).await.unwrap() {
        assert_eq!((delivery.event.as_str(), delivery.attempt), ("{\"id\":\"1\"}", 1));
        assert_eq!(delivery.published_at, START);
        assert!(topics.delivered(&delivery).await.unwrap());
        assert!(!topics.delivered(&delivery).await.unwrap());
        subscriptions.push(delivery.subscription);
    }
    assert_eq!(subscriptions, ["runs", "Audit"]);
}

#[tokio::test]
async fn a_delivery_is_tried_again_also_after_a_restart() {
    let dir = TempDir::new().unwrap();
    let clock = ManualClock::new(START);
    let store = open_at(dir.path(), &clock).unwrap();
    store.ports(Identity::Runs).events.publish("{}").await.unwrap();
    store.topics().fan_out(Topic::Internal, &["audit"]).await.unwrap();
    let lost = store.topics().next_delivery(Topic::Internal, LEASE).await.unwrap().unwrap();
    drop(store);
    let topics = open_at(dir.path(), &clock).unwrap().topics();
    assert_eq!(topics.next_delivery(Topic::Internal, LEASE).await.unwrap(), None, "leased");
    clock.advance(LEASE);
    let second = topics.next_delivery(Topic::Internal, LEASE).await.unwrap().unwrap();
    assert_eq!((lost.attempt, second.attempt), (1, 2));
    assert!(!topics.delivered(&lost).await.unwrap(), "its lease is over");
    let later = clock_after(&clock, 10);
    assert!(topics.retry_at(&second, later).await.unwrap());
    clock.set(later.minus(Duration::from_micros(1)));
    assert_eq!(topics.next_delivery(Topic::Internal, LEASE).await.unwrap(), None);
    clock.set(later);
    let third = topics.next_delivery(Topic::Internal, LEASE).await.unwrap().unwrap();
    assert_eq!(third.attempt, 3);
}

fn clock_after(clock: &ManualClock, seconds: u64) -> Timestamp {
    ports::Clock::now(clock).plus(Duration::from_secs(seconds))
}

#[tokio::test]
async fn a_dead_letter_is_kept_as_a_blob() {
    let dir = TempDir::new().unwrap();
    let topics = open(dir.path()).unwrap().topics();
    for event in ["{\"id\":\"7\",\"specversion\":\"1.0\"}", "no JSON"] {
        topics.publish(Topic::RunnerEvents, event).await.unwrap();
    }
    topics.fan_out(Topic::RunnerEvents, &["IngestRun"]).await.unwrap();
    for _ in 0..2 {
        let delivery = topics.next_delivery(Topic::RunnerEvents, LEASE).await.unwrap().unwrap();
        let reason = "MaxDeliveryAttemptsExceeded";
        assert!(topics.dead_letter(&delivery, reason, "InternalServerError").await.unwrap());
        assert!(!topics.dead_letter(&delivery, reason, "InternalServerError").await.unwrap());
    }
    assert_eq!(topics.next_delivery(Topic::RunnerEvents, LEASE).await.unwrap(), None);
    let mut letters: Vec<_> = files(&dir.path().join("blobs/dead-letters"))
        .iter()
        .map(|path| serde_json::from_slice::<serde_json::Value>(&fs::read(path).unwrap()).unwrap())
        .collect();
    letters.sort_by_key(|letter| letter[0]["id"].is_null());
    let details = serde_json::json!({
        "deadletterreason": "MaxDeliveryAttemptsExceeded",
        "deliveryattempts": 1,
        "lastdeliveryoutcome": "InternalServerError",
        "publishtime": "2026-11-21T00:00:00.000000Z",
        "lastdeliveryattempttime": "2026-11-21T00:00:00.000000Z",
    });
    let (mut first, mut second) = (details.clone(), details);
    first["id"] = "7".into();
    first["specversion"] = "1.0".into();
    second["data"] = "no JSON".into();
    assert_eq!(letters, [serde_json::json!([first]), serde_json::json!([second])]);
}

#[tokio::test]
async fn an_arrival_is_heard_in_the_same_process() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path()).unwrap();
    let mut arrivals = store.arrivals();
    assert!(!arrivals.has_changed().unwrap());
    let ports = store.ports(Identity::Runs);
    ports.queue.send(ports::QueueName::Seal, "t", Duration::ZERO).await.unwrap();
    assert!(arrivals.has_changed().unwrap());
    arrivals.mark_unchanged();
    ports.events.publish("{}").await.unwrap();
    assert!(arrivals.has_changed().unwrap());
}

/// Read back by Python's `email.message_from_bytes` (policy `default`), 3.11: same recipient, subject, date and text.
#[tokio::test]
async fn a_letter_is_a_message_of_rfc_5322() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path()).unwrap();
    let letter = Letter {
        to: "ada@example.org".into(),
        subject: "Grüße: your invitation, which is long enough for a second word".into(),
        text: "Hello,\n\n.a dot\r\nhttps://127.0.0.1:7071/invitation#t=abc\n".into(),
        html: None,
    };
    store.ports(Identity::Auth).mail.send(&letter).await.unwrap();
    let files = files(store.outbox());
    let [file] = files.as_slice() else { panic!("one letter: {files:?}") };
    let message = fs::read_to_string(file).unwrap();
    let (headers, text) = message.split_once("\r\n\r\n").unwrap();
    assert_eq!(text, "Hello,\r\n\r\n.a dot\r\nhttps://127.0.0.1:7071/invitation#t=abc\r\n");
    for header in [
        "Date: Sat, 21 Nov 2026 00:00:00 +0000\r\n",
        "To: ada@example.org\r\n",
        "Subject: =?utf-8?B?R3LDvMOfZTogeW91ciBpbnZpdGF0aW9uLCB3aGljaCBpcyBsb25nIGVub3Vn?=\r\n =?utf-8?B?aCBmb3IgYSBzZWNvbmQgd29yZA==?=\r\n",
    ] {
        assert!(headers.contains(header), "{header} in {headers}");
    }
}

#[tokio::test]
async fn a_letter_cannot_smuggle_a_header_or_a_recipient() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path()).unwrap();
    let mail = store.ports(Identity::Auth).mail;
    let good =
        Letter { to: "a@b.example".into(), subject: "s".into(), text: "t".into(), html: None };
    let to = |to: &str| Letter { to: to.into(), ..good.clone() };
    let subject = |subject: &str| Letter { subject: subject.into(), ..good.clone() };
    let text = |text: &str| Letter { text: text.into(), ..good.clone() };
    let (full, over) = ("x".repeat(998), "x".repeat(999));
    let bad = [
        to(""),
        to("@b"),
        to("a@"),
        to("a@b@c"),
        to("a@b.example, c@d.example"),
        to("a@b.example\r\nBcc: c@d.example"),
        to("<a@b.example>"),
        to("ä@b.example"),
        subject("s\r\nBcc: c@d.example"),
        subject("s\n"),
        subject(&"s".repeat(201)),
        text("\0"),
        text("\u{1b}[31m"),
        text(&over),
    ];
    for letter in bad {
        assert!(mail.send(&letter).await.is_err(), "{letter:?}");
    }
    assert!(files(store.outbox()).is_empty());
    for letter in [good.clone(), subject(&"s".repeat(200)), text(&full), text("\ttab\r")] {
        assert_eq!(mail.send(&letter).await, Ok(()), "{letter:?}");
    }
}

fn under(dir: &Path, passphrase: Option<&str>) -> Result<Store, OpenError> {
    let passphrase = passphrase.map(secrecy::SecretString::from);
    let clock = ManualClock::new(START);
    Store::open_under(dir, passphrase.as_ref(), clock, SeededRandomness::new(7))
}

async fn wrapped(store: &Store) -> Vec<u8> {
    let keys = store.ports(Identity::Auth).keys;
    keys.wrap(KeyPurpose::AccessToken, &[0xa5; 32]).await.unwrap()
}

/// From the file to a passphrase, to another one and back: the root key stays, and with it whatever it wrapped.
#[tokio::test]
async fn a_root_key_goes_under_a_passphrase_and_back_and_stays_the_same() {
    let dir = TempDir::new().unwrap();
    let before = wrapped(&under(dir.path(), None).unwrap()).await;
    let ways = [
        (None, Some("correct horse battery")),
        (Some("correct horse battery"), Some("seventeen quiet otters")),
        (Some("seventeen quiet otters"), None),
    ];
    for (current, next) in ways {
        assert_eq!(local::is_root_key_protected(dir.path()).unwrap(), current.is_some());
        let secret = |text: Option<&str>| text.map(secrecy::SecretString::from);
        let (old, new) = (secret(current), secret(next));
        let wrong = secret(Some("not the passphrase"));
        let chance = SeededRandomness::new(9);
        let refused = local::protect_root_key(dir.path(), wrong.as_ref(), None, &*chance);
        assert!(refused.is_err(), "{current:?}");
        local::protect_root_key(dir.path(), old.as_ref(), new.as_ref(), &*chance).unwrap();
        assert_eq!(wrapped(&under(dir.path(), next).unwrap()).await, before, "{next:?}");
    }
    assert_eq!(fs::read(dir.path().join("root.key")).unwrap().len(), 32);
}

#[test]
fn a_wrong_passphrase_a_missing_one_and_one_too_many_are_told_apart() {
    let dir = TempDir::new().unwrap();
    drop(under(dir.path(), Some("correct horse battery")).unwrap());
    let bytes = fs::read(dir.path().join("root.key")).unwrap();
    let wrong = under(dir.path(), Some("correct horse batter")).err().unwrap();
    assert!(matches!(wrong, OpenError::Passphrase(_)), "{wrong}");
    assert!(wrong.to_string().contains("is not the one of"), "{wrong}");
    let missing = under(dir.path(), None).err().unwrap();
    assert!(missing.to_string().contains("PROOFLINE_ROOT_PASSPHRASE_FILE"), "{missing}");
    assert_eq!(fs::read(dir.path().join("root.key")).unwrap(), bytes, "untouched");
    let plain = TempDir::new().unwrap();
    drop(under(plain.path(), None).unwrap());
    let unprotected = under(plain.path(), Some("correct horse battery")).err().unwrap();
    assert!(matches!(unprotected, OpenError::Unprotected(_)), "{unprotected}");
    assert!(matches!(under(plain.path(), Some("short")), Err(OpenError::Unprotected(_))));
}

/// Whoever changes the key's form is killed at any moment: what is left is the old file or the new, and drafts of it, which nobody reads.
#[tokio::test]
async fn a_change_that_was_cut_short_leaves_a_root_key_that_opens() {
    let dir = TempDir::new().unwrap();
    let before = wrapped(&under(dir.path(), None).unwrap()).await;
    let elsewhere = TempDir::new().unwrap();
    fs::copy(dir.path().join("root.key"), elsewhere.path().join("root.key")).unwrap();
    let passphrase = secrecy::SecretString::from("correct horse battery");
    let chance = SeededRandomness::new(9);
    local::protect_root_key(elsewhere.path(), None, Some(&passphrase), &*chance).unwrap();
    let whole = fs::read(elsewhere.path().join("root.key")).unwrap();
    // Every prefix that a kill can leave of the draft; the name `root.key` is given to a whole file alone.
    for length in [0, 1, 31, 32, whole.len() - 1, whole.len()] {
        let draft = dir.path().join(format!(".draft-{length}"));
        fs::write(&draft, &whole[..length]).unwrap();
        assert_eq!(wrapped(&under(dir.path(), None).unwrap()).await, before, "{length} bytes");
    }
    let draft = dir.path().join(format!(".draft-{}", whole.len()));
    chmod(&draft, 0o600);
    fs::rename(draft, dir.path().join("root.key")).unwrap();
    assert_eq!(wrapped(&under(dir.path(), Some("correct horse battery")).unwrap()).await, before);
}
