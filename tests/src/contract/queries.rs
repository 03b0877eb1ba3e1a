//! Pages of one partition.

use ports::{NewDocument, Query, Write};

use super::{
    Backend,
    scene::{PLACE, Scene, create, document, ids},
};

async fn page(scene: &Scene, query: &Query) -> (Vec<String>, Option<String>) {
    let page = scene.documents.query(PLACE, &scene.partition, query).await.unwrap();
    (ids(&page.documents).into_iter().map(str::to_owned).collect(), page.next)
}

async fn all(scene: &Scene, query: Query) -> Vec<String> {
    let (ids, next) = page(scene, &Query { limit: 100, ..query }).await;
    assert_eq!(next, None);
    ids
}

fn indexed(id: &str, k1: Option<&str>, k2: Option<&str>) -> NewDocument {
    NewDocument {
        k1: k1.map(str::to_owned),
        k2: k2.map(str::to_owned),
        ..document(id, "run", "{}")
    }
}

fn of(kind: &str) -> Query {
    Query { kind: kind.to_owned(), limit: 100, ..Query::default() }
}

pub async fn a_page_has_one_kind_in_the_order_of_ids(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    assert!(all(&scene, of("run")).await.is_empty());
    let writes = [("b", "run"), ("a", "run"), ("a1", "step"), ("B", "run"), ("ä", "run")];
    scene.commit(writes.map(|(id, kind)| create(id, kind)).into()).await;
    assert_eq!(all(&scene, of("run")).await, ["B", "a", "b", "ä"]);
    assert_eq!(all(&scene, Query { descending: true, ..of("run") }).await, ["ä", "b", "a", "B"]);
    assert_eq!(all(&scene, of("step")).await, ["a1"]);
    assert!(all(&scene, of("ru")).await.is_empty());
}

pub async fn pages_meet_without_gap_or_overlap_in_both_directions(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let mut expected: Vec<_> = (0..23).map(|n| format!("r{n:02}")).collect();
    scene.commit(expected.iter().map(|id| create(id, "run")).collect()).await;
    for descending in [false, true] {
        for limit in [1, 7, 22, 23, 24] {
            let mut query = Query { descending, limit, ..of("run") };
            let (mut found, mut pages) = (Vec::new(), 0);
            loop {
                let (ids, next) = page(&scene, &query).await;
                found.extend(ids);
                pages += 1;
                assert!(found.len() <= expected.len(), "the same page again");
                let Some(next) = next else { break };
                query.after = Some(next);
            }
            assert_eq!(found, expected, "{limit}");
            assert_eq!(pages, 23_usize.div_ceil(limit), "no empty page at the end");
        }
        expected.reverse();
    }
    let between = Query { after: Some("r20x".into()), ..of("run") };
    assert_eq!(all(&scene, between).await, ["r21", "r22"]);
}

pub async fn indexed_fields_narrow_a_query(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let documents = [
        indexed("1", Some("x"), Some("p")),
        indexed("2", Some("x"), Some("q")),
        indexed("3", Some("y"), Some("p")),
        indexed("4", None, Some("p")),
        indexed("5", Some("x"), None),
        NewDocument { kind: "step".into(), ..indexed("6", Some("x"), Some("p")) },
    ];
    scene.commit(documents.map(Write::Create).into()).await;
    let by = |k1: Option<&str>, k2: Option<&str>| Query {
        k1: k1.map(str::to_owned),
        k2: k2.map(str::to_owned),
        ..of("run")
    };
    assert_eq!(all(&scene, by(Some("x"), None)).await, ["1", "2", "5"]);
    assert_eq!(all(&scene, by(None, Some("p"))).await, ["1", "3", "4"]);
    assert_eq!(all(&scene, by(Some("x"), Some("p"))).await, ["1"]);
    assert!(all(&scene, by(Some("z"), None)).await.is_empty());
    let paged = Query { descending: true, limit: 2, ..by(Some("x"), None) };
    assert_eq!(page(&scene, &paged).await, (vec!["5".into(), "2".into()], Some("2".into())));
    let rest = Query { after: Some("2".into()), ..paged };
    assert_eq!(page(&scene, &rest).await, (vec!["1".into()], None));
}

pub async fn a_replaced_document_is_found_by_its_new_fields_only(backend: &dyn Backend) {
    let scene = Scene::new(backend);
    let open = Write::Create(indexed("1", Some("open"), Some("me")));
    let etag = scene.commit(vec![open]).await.remove(0);
    scene.commit(vec![Write::Replace(indexed("1", Some("done"), None), etag)]).await;
    let by = |k1: &str| Query { k1: Some(k1.into()), ..of("run") };
    assert!(all(&scene, by("open")).await.is_empty());
    assert_eq!(all(&scene, by("done")).await, ["1"]);
    assert!(all(&scene, Query { k2: Some("me".into()), ..of("run") }).await.is_empty());
}
