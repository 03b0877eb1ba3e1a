//! An operator with every right on the database changes the log there, with everything made anew that the database holds: verification on demand, the
//! nightly one, the signer and the export notice, and say which row.

use std::{collections::BTreeMap, time::Duration};

use chain::{
    Hash,
    commit::{Commit, Head},
    instances::Instances,
    tree::{CompactRange, leaf_hash},
};
use domain::{Plan, Role};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use system_tests::{
    people::Person,
    world::{Answer, World},
};
use tampering::made_log::link_again;

const VERIFICATIONS: &str = "/api/audit/v1/audit/verifications";
/// The row that is struck.
const K: usize = 7;

struct Scene {
    world: World,
    person: Person,
}

impl Scene {
    /// A tenant with a signed log of some rows.
    async fn new() -> Self {
        let world = World::new().await;
        let tenant = world.tenant(Plan::Enterprise).await;
        let person = world.person(tenant, Role::Owner).await;
        let scene = Self { world, person };
        for _ in 0..20 {
            scene.call("GET", "/api/audit/v1/audit/events?limit=1", None).await;
        }
        scene.sign().await;
        scene
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.world.call(method, path, Some(&self.person.token), body.as_ref()).await
    }

    /// Has everything sealed and signed.
    async fn sign(&self) {
        self.world.settle().await;
        for function in ["seal_intents", "sign_checkpoint"] {
            assert_eq!(self.wake(function).await.status, 200, "{function}");
        }
    }

    async fn wake(&self, function: &str) -> Answer {
        let quoted = serde_json::to_string(&self.person.tenant.to_string()).unwrap();
        self.world.invoke(function, &json!({"Data": {"message": quoted}})).await
    }

    /// Time passes, and somebody signs in anew.
    async fn wait(&mut self, hours: u64) {
        self.world.clock.advance(Duration::from_hours(hours));
        self.person = self.world.person(self.person.tenant, Role::Owner).await;
    }

    async fn tick(&self) {
        let timer = json!({"Data": {"timer": {}}});
        let answer = self.world.invoke("verify_logs", &timer).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
    }

    async fn verify(&self, body: Value) -> Value {
        let answer = self.call("POST", VERIFICATIONS, Some(body)).await;
        assert_eq!(answer.status, 201, "{}", answer.json());
        answer.json()
    }

    fn database(&self) -> Connection {
        Connection::open(self.world.data().join("store.sqlite")).unwrap()
    }

    /// Rewrites the tenant's log in the database.
    async fn rewrite(&mut self, edit: impl FnOnce(&mut Vec<String>)) {
        let database = self.database();
        let partition: i64 = database
            .query_row(
                "SELECT partition FROM partitions WHERE container = 'log' AND tenant = ?1",
                params![self.person.tenant.to_string()],
                |row| row.get(0),
            )
            .unwrap();
        let mut select = database
            .prepare("SELECT body FROM documents WHERE partition = ?1 ORDER BY id")
            .unwrap();
        let bodies: Vec<String> =
            select.query_map([partition], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let commits: Vec<Commit> =
            bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
        let mut rows: Vec<_> = commits.iter().flat_map(|commit| commit.rows.clone()).collect();
        edit(&mut rows);
        database.execute("DELETE FROM documents WHERE partition = ?1", [partition]).unwrap();
        for commit in pack(&rows, commits.last().unwrap()) {
            database.execute("UPDATE sequence SET lsn = lsn + 1", []).unwrap();
            let body = serde_json::to_string(&commit).unwrap();
            database
                .execute(
                    "INSERT INTO documents (partition, id, kind, lsn, body) SELECT ?1, ?2, 'commit', lsn, ?3 FROM sequence",
                    params![partition, commit.id(), body],
                )
                .unwrap();
        }
        self.world.restart().await;
    }
}

/// The rows as commits, with everything in them as a sealer makes it.
fn pack(rows: &[String], last: &Commit) -> Vec<Commit> {
    let mut tree = CompactRange::default();
    let mut commits = Vec::new();
    for rows in rows.chunks(10) {
        let first = tree.size();
        for row in rows {
            tree.push(leaf_hash(row.as_bytes()));
        }
        commits.push(Commit {
            edge: tree.edge().to_vec(),
            first,
            last: leaf_hash(rows.last().unwrap().as_bytes()),
            rows: rows.to_vec(),
            size: tree.size(),
            ..last.clone()
        });
    }
    commits
}

fn found(answer: &Value) -> (Option<u64>, String) {
    assert_eq!(answer["verdict"], "broken", "{answer}");
    let bad = &answer["first_bad"];
    (bad["seq"].as_u64(), bad["kind"].as_str().unwrap().to_owned())
}

fn alter(rows: &mut [String]) {
    rows[K] = rows[K].replace("\"out\":\"ok\"", "\"out\":\"failed\"");
}

type Edit = fn(&mut Vec<String>);
/// The first bad row, and what is wrong with it.
type Named = (u64, &'static str);

/// What is done, as it lies there then and with every row numbered and linked anew; and what is named.
const ATTACKS: [(&str, Edit, Named, Named); 7] = [
    ("edit a row", |rows| alter(rows), (7, "row_hash"), (7, "row_hash")),
    ("delete a row", |rows| drop(rows.remove(K)), (7, "seq_gap"), (7, "row_hash")),
    ("swap two rows", |rows| rows.swap(K, K + 1), (7, "seq_gap"), (7, "row_hash")),
    ("insert a row", |rows| rows.insert(K, rows[K + 2].clone()), (7, "seq_gap"), (7, "row_hash")),
    ("duplicate a row", |rows| rows.insert(K, rows[K].clone()), (7, "seq_dup"), (8, "row_hash")),
    ("delete the last rows", |rows| rows.truncate(10), (10, "seq_gap"), (10, "seq_gap")),
    (
        "edit what has no meaning for people",
        |rows| {
            rows[K] = rows[K].replacen("\"salt\":\"", "\"salt\":\"0", 1).replacen(
                "0\",\"seq\"",
                "\",\"seq\"",
                1,
            );
        },
        (7, "row_hash"),
        (7, "row_hash"),
    ),
];

#[tokio::test]
async fn a_log_that_nobody_touched_is_ok_and_says_how_far() {
    let scene = Scene::new().await;
    let answer = scene.verify(json!({})).await;
    assert_eq!(answer["verdict"], "ok", "{answer}");
    assert_eq!((&answer["tier"], &answer["next"]), (&json!("signed"), &Value::Null));
    let signed = answer["last_checkpoint"]["size"].as_u64().unwrap();
    assert!(signed > 20, "{answer}");
    assert_eq!(
        (answer["rows_checked"].as_u64(), answer["to"].as_u64()),
        (Some(signed), Some(signed))
    );
    let path = format!("{VERIFICATIONS}/{}", answer["verification"].as_str().unwrap());
    assert_eq!(scene.call("GET", &path, None).await.json(), answer);
    scene.sign().await;
    let page = scene.call("GET", "/api/audit/v1/audit/events?action=audit.verified", None).await;
    let data = &page.json()["rows"][0]["row"]["data"];
    assert_eq!((&data["verdict"], &data["rows_checked"]), (&json!("ok"), &json!(signed)), "{data}");
}

#[tokio::test]
async fn a_part_is_verified_by_itself_and_an_empty_one_is_never_ok() {
    let scene = Scene::new().await;
    let part = scene.verify(json!({"from": 5, "to": 9})).await;
    assert_eq!((&part["verdict"], &part["from"]), (&json!("ok"), &json!(5)), "{part}");
    assert!(part["to"].as_u64().unwrap() >= 9, "{part}");
    for empty in [
        json!({"from": 5, "to": 5}),
        json!({"from": 1_000_000}),
        json!({"from": 1_000_000, "to": 2_000_000}),
    ] {
        let answer = scene.verify(empty).await;
        assert_eq!(
            (&answer["verdict"], &answer["rows_checked"]),
            (&json!("nothing_to_check"), &json!(0)),
            "{answer}"
        );
    }
    let answer = scene.call("POST", VERIFICATIONS, Some(json!({"from": 9, "to": 5}))).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "invalid-range"));
}

#[tokio::test]
async fn rows_that_are_not_signed_yet_are_not_proved() {
    let scene = Scene::new().await;
    let signed = scene.verify(json!({})).await["last_checkpoint"]["size"].as_u64().unwrap();
    scene.world.clock.advance(Duration::from_secs(1));
    assert_eq!(scene.wake("seal_intents").await.status, 200);
    let whole = scene.verify(json!({})).await;
    assert_eq!((&whole["verdict"], whole["to"].as_u64()), (&json!("ok"), Some(signed)), "{whole}");
    assert!(whole["unsigned_tail"].as_u64().unwrap() > 0, "{whole}");
    let more = scene.verify(json!({"to": signed + 1})).await;
    assert_eq!(
        (&more["verdict"], &more["tier"]),
        (&json!("incomplete"), &json!("chained")),
        "{more}"
    );
}

#[tokio::test]
async fn whatever_an_operator_does_to_the_database_is_found_and_its_row_is_named() {
    for (name, edit, careless, careful) in ATTACKS {
        for (how, expected) in [(false, careless), (true, careful)] {
            let mut scene = Scene::new().await;
            scene
                .rewrite(|rows| {
                    edit(rows);
                    if how {
                        *rows = link_again(rows);
                    }
                })
                .await;
            let answer = scene.verify(json!({})).await;
            let expected = (Some(expected.0), expected.1.to_owned());
            assert_eq!(found(&answer), expected, "{name}, linked anew: {how}: {answer}");
            assert_eq!(answer["tier"], "chained", "{name}");
        }
    }
}

#[tokio::test]
async fn a_row_of_another_tenant_is_found() {
    let mut scene = Scene::new().await;
    let own = scene.person.tenant.to_string();
    let other = scene.world.tenant(Plan::Enterprise).await.to_string();
    scene.rewrite(|rows| rows[K] = rows[K].replace(&own, &other)).await;
    assert_eq!(found(&scene.verify(json!({})).await), (Some(7), "tenant".to_owned()));
}

#[tokio::test]
async fn a_commit_that_lies_about_its_tree_is_found() {
    let scene = Scene::new().await;
    let zeros = Hash::ZERO.to_string();
    let changed = scene
        .database()
        .execute("UPDATE documents SET body = json_set(body, '$.edge[0]', ?1) WHERE id = 'c-000000000000' AND kind = 'commit'", [zeros])
        .unwrap();
    assert!(changed > 0);
    assert_eq!(found(&scene.verify(json!({})).await), (None, "tile".to_owned()));
}

/// What was changed is neither signed on nor handed out.
#[tokio::test]
async fn a_changed_log_is_neither_signed_nor_handed_out() {
    let mut scene = Scene::new().await;
    scene
        .rewrite(|rows| {
            alter(rows);
            *rows = link_again(rows);
        })
        .await;
    assert_eq!(scene.wake("sign_checkpoint").await.status, 500);
    let head = scene.call("GET", "/api/audit/v1/audit/checkpoint", None).await;
    assert_eq!((head.status.as_u16(), head.code().as_str()), (503, "log-refused"));
    let answer = scene.verify(json!({})).await;
    assert_eq!(found(&answer).0, Some(7), "{answer}");
}

/// Nobody asks, and it is noticed all the same: once, and every night again.
#[tokio::test]
async fn the_timer_verifies_what_is_new_and_everything_at_night() {
    let mut scene = Scene::new().await;
    scene.tick().await;
    let listed = async |scene: &Scene| {
        let page = scene.call("GET", VERIFICATIONS, None).await.json();
        page["verifications"].as_array().unwrap_or_else(|| panic!("{page}")).clone()
    };
    assert_eq!(listed(&scene).await, Vec::<Value>::new(), "what holds is no news");
    scene.wait(3).await;
    scene.tick().await;
    let night = listed(&scene).await;
    assert_eq!(night.len(), 1, "{night:?}");
    assert_eq!((&night[0]["verdict"], &night[0]["by"]), (&json!("ok"), &Value::Null));
    assert!(night[0]["rows_checked"].as_u64().unwrap() > 20);
    scene.tick().await;
    assert_eq!(listed(&scene).await.len(), 1, "once a night");

    scene.rewrite(|rows| alter(rows)).await;
    scene.wait(24).await;
    scene.tick().await;
    let night = listed(&scene).await;
    assert_eq!(night.len(), 2, "{night:?}");
    assert_eq!(found(&night[0]), (Some(7), "row_hash".to_owned()));
    scene.wake("seal_intents").await;
    let failed = "/api/audit/v1/audit/events?action=audit.verify_failed";
    let page = scene.call("GET", failed, None).await.json();
    assert_eq!(page["rows"][0]["row"]["act"]["kind"], "system", "{page}");
    assert_eq!(page["rows"][0]["row"]["data"]["seq"], 7, "{page}");
}

#[test]
fn the_head_of_a_packed_commit_is_the_one_that_a_sealer_would_go_on_from() {
    let log = tampering::made_log::MadeLog::new(1);
    let rows = log.rows(25);
    let like = Commit {
        cursors: BTreeMap::default(),
        edge: Vec::new(),
        first: 0,
        instances: Instances::default(),
        last: Hash::ZERO,
        rows: Vec::new(),
        rx: tampering::made_log::SEALED_AT.to_owned(),
        size: 0,
    };
    let commits = pack(&rows, &like);
    assert_eq!(commits.len(), 3);
    let head: Head = commits[2].head().unwrap();
    assert_eq!(head.tree.root(), tampering::made_log::root(&rows));
}
