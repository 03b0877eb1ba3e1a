//! Rows are found by a projection that nobody believes: it may be behind, be altered or be gone, and the answers are those of the log.

use domain::{Plan, Role};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use system_tests::{
    people::Person,
    purging::{call, canary, note, project, seal},
    world::World,
};

/// A tenant with rows of its owner, of an app and of somebody who was refused.
struct Scene {
    world: World,
    owner: Person,
    /// Filters, each of which some rows fit and others do not.
    queries: Vec<String>,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
        let viewer = world.person(owner.tenant, Role::Viewer).await;
        for round in 0..4 {
            note(&world, &owner, round * 10..round * 10 + 10).await;
            call(&world, &owner, "GET", "events?limit=1", None).await;
            let path = "/api/audit/v1/audit/events";
            let refused = world.call("GET", path, Some(&viewer.token), None).await;
            assert_eq!(refused.status, 403);
            seal(&world, &owner).await;
        }
        let queries = vec![
            format!("actor={}", viewer.user),
            format!("actor={}&action=audit.viewed", owner.user),
            "action=procedure.version.linted".to_owned(),
            "action=procedure.".to_owned(),
            "action=audit.&actor_kind=user".to_owned(),
            format!("target={}", canary(7)),
            format!("actor=test&target={}", canary(8)),
            "outcome=denied".to_owned(),
            "outcome=denied&action=iam.".to_owned(),
            "outcome=ok&action=procedure.version.linted".to_owned(),
            "outcome=failed".to_owned(),
        ];
        Self { world, owner, queries }
    }

    async fn page(&self, query: &str) -> Value {
        call(&self.world, &self.owner, "GET", &format!("events?{query}"), None).await
    }

    /// Every row that fits, page by page.
    async fn all(&self, query: &str) -> Vec<Value> {
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.page(&format!("limit=25&{query}{cursor}")).await;
            rows.extend(page["rows"].as_array().unwrap().clone());
            let Some(next) = page["next"].as_u64() else { return rows };
            cursor = format!("&cursor={next}");
        }
    }

    /// What all queries answer in both orders. What is read meanwhile is not sealed.
    async fn answers(&self) -> Vec<(String, Vec<Value>)> {
        self.answers_in(&["oldest", "newest"]).await
    }

    async fn answers_in(&self, orders: &[&str]) -> Vec<(String, Vec<Value>)> {
        let mut answers = Vec::new();
        for query in &self.queries {
            for order in orders {
                let query = format!("{query}&order={order}");
                let rows = self.all(&query).await;
                answers.push((query, rows));
            }
        }
        answers
    }

    async fn verify(&self) {
        let answer = call(&self.world, &self.owner, "POST", "verifications", Some(json!({}))).await;
        assert_eq!(answer["verdict"], "ok", "{answer}");
    }

    fn database(&self) -> Connection {
        Connection::open(self.world.data().join("store.sqlite")).unwrap()
    }

    /// An operator writes what he likes. How many documents that were.
    fn write(&self, words: &str) -> usize {
        self.database().execute(words, params![]).unwrap()
    }

    /// The projection, as it is stored.
    fn leads(&self) -> Vec<(String, Option<String>, Option<String>, String)> {
        let database = self.database();
        let select = "SELECT id, k1, k2, body FROM documents WHERE kind = 'lead' ORDER BY id";
        let mut select = database.prepare(select).unwrap();
        let row =
            |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        select.query_map([], row).unwrap().map(Result::unwrap).collect()
    }
}

#[tokio::test]
async fn the_projection_finds_what_a_scan_finds_and_says_how_far_it_is() {
    let scene = Scene::new().await;
    let before = scene.answers().await;
    assert!(before.iter().filter(|(_, rows)| rows.is_empty()).count() == 2, "outcome=failed");
    assert_eq!(scene.page("limit=1").await["watermark"], 0);
    project(&scene.world).await;
    let page = scene.page("limit=1").await;
    assert_eq!(page["watermark"], page["size"], "{page}");
    assert_eq!(scene.answers().await, before);
    // Everything that was read is sealed now, and not projected: it is found all the same.
    seal(&scene.world, &scene.owner).await;
    let page = scene.page("limit=1").await;
    assert!(page["watermark"].as_u64().unwrap() + 30 < page["size"].as_u64().unwrap(), "{page}");
    let behind = scene.answers().await;
    assert!(behind.iter().zip(&before).any(|(now, then)| now.1.len() > then.1.len()));
    project(&scene.world).await;
    assert_eq!(scene.answers().await, behind);
}

/// Pages of one list meet, whatever is sealed and projected between them, and each is told once.
#[tokio::test]
async fn pages_meet_while_rows_are_sealed_and_projected() {
    let scene = Scene::new().await;
    project(&scene.world).await;
    let linted = |page: &Value| -> Vec<String> {
        let rows = page["rows"].as_array().unwrap();
        rows.iter().map(|row| row["row"]["target"]["id"].as_str().unwrap().to_owned()).collect()
    };
    for (order, action) in [("oldest", "procedure.version.linted"), ("newest", "procedure.")] {
        let first = 100 * (1 + u64::from(order == "newest"));
        let known = scene.all("action=procedure.version.linted").await.len();
        let (mut found, mut cursor, mut round) = (Vec::new(), String::new(), 0);
        loop {
            let page = scene.page(&format!("action={action}&order={order}&limit=4{cursor}")).await;
            found.extend(linted(&page));
            let Some(next) = page["next"].as_u64() else { break };
            cursor = format!("&cursor={next}");
            if round < 6 {
                note(&scene.world, &scene.owner, first + round * 3..first + round * 3 + 3).await;
                seal(&scene.world, &scene.owner).await;
            }
            if round % 2 == 1 {
                project(&scene.world).await;
            }
            round += 1;
        }
        let mut expected: Vec<_> =
            linted(&scene.page("action=procedure.version.linted&limit=200").await);
        if order == "newest" {
            // What came after the first page is before its beginning.
            expected.truncate(known);
            expected.reverse();
        }
        assert_eq!(found, expected, "{order}");
        assert_eq!(found.len(), if order == "oldest" { known + 18 } else { known });
    }
}

/// What an operator of the database can do to the projection: a row that is led to wrongly is found out at once, one that is not led to by the
/// next verification; and then it is as it was.
#[tokio::test]
async fn a_projection_that_was_altered_is_found_out_and_made_again() {
    const ONE: [&str; 1] = ["newest"];
    const LEADS: &str = "FROM documents WHERE kind = 'lead'";
    let scene = Scene::new().await;
    project(&scene.world).await;
    let (answers, leads) = (scene.answers_in(&ONE).await, scene.leads());
    for (words, is_seen_at_once) in [
        (
            "UPDATE documents SET k1 = 'action:procedure.version.linted' WHERE kind = 'lead' AND k1 = 'action:audit.viewed'",
            true,
        ),
        (
            "UPDATE documents SET k2 = 'target:nothing' WHERE kind = 'lead' AND k2 LIKE 'target:canary-%'",
            false,
        ),
        (
            "UPDATE documents SET body = '{\"seq\":1}' WHERE kind = 'lead' AND k1 = 'outcome:denied'",
            true,
        ),
        ("UPDATE documents SET body = '{}' WHERE kind = 'lead' AND k1 = 'outcome:denied'", true),
        (
            "UPDATE documents SET id = id || '-x' WHERE kind = 'lead' AND k1 = 'outcome:denied'",
            false,
        ),
        ("DELETE FROM documents WHERE kind = 'lead' AND k2 LIKE 'target:canary-000%'", false),
        ("DELETE FROM documents WHERE kind = 'lead'", false),
    ] {
        assert!(scene.write(words) > 0, "{words}");
        if is_seen_at_once {
            assert_eq!(scene.answers_in(&ONE).await, answers, "{words}");
            assert_eq!(scene.page("limit=1").await["watermark"], 0, "{words}: trusted no more");
        } else if words.starts_with("DELETE") {
            assert_ne!(scene.answers_in(&ONE).await, answers, "{words} can be told");
        }
        scene.verify().await;
        project(&scene.world).await;
        assert_eq!(scene.answers_in(&ONE).await, answers, "{words}");
        let real = format!("SELECT count(*) {LEADS} AND k1 IS NOT NULL");
        let count: u32 = scene.database().query_row(&real, [], |row| row.get(0)).unwrap();
        assert_eq!(count as usize, leads.len(), "{words}");
        scene.write("DELETE FROM documents WHERE kind = 'lead' AND k1 IS NULL");
        assert_eq!(scene.leads(), leads, "{words}: as it was");
    }
    seal(&scene.world, &scene.owner).await;
    let told = scene.all("action=audit.verify_failed").await;
    assert!(told.len() >= 7, "{told:?}");
    for row in told {
        assert_eq!(row["row"]["target"]["kind"], "projection", "{row}");
        assert_eq!(row["row"]["out"], "failed", "{row}");
    }
}

/// A watermark that claims more rows than there are, or rows that nothing leads to, hides nothing for long.
#[tokio::test]
async fn a_watermark_is_not_believed() {
    let scene = Scene::new().await;
    let answers = scene.answers().await;
    project(&scene.world).await;
    let set =
        "UPDATE documents SET body = json_set(body, '$.rows', 100000) WHERE kind = 'projected'";
    assert_eq!(scene.write(set), 1);
    assert_eq!(scene.answers().await, answers, "more rows than there are");
    assert_eq!(scene.page("limit=1").await["watermark"], 0);
    project(&scene.world).await;
    assert_eq!(scene.answers().await, answers);
    // Whoever wants it made again takes it away: nothing is lost with it.
    assert_eq!(scene.write("DELETE FROM documents WHERE kind = 'projected'"), 1);
    assert!(scene.write("DELETE FROM documents WHERE kind = 'lead'") > 50);
    assert_eq!(scene.answers().await, answers);
    scene.world.clock.advance(std::time::Duration::from_secs(1));
    seal(&scene.world, &scene.owner).await;
    project(&scene.world).await;
    let page = scene.page("limit=1").await;
    assert_eq!(page["watermark"], page["size"], "{page}");
}
