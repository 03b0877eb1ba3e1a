//! What somebody does who has every right on the database: not through any app.

use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

/// Takes the documents out of the store in `data` that carry an intent in whose text `is_it` finds what it looks for. How many that were.
pub fn remove_intents(data: &Path, is_it: impl Fn(&str) -> bool) -> usize {
    let database = Connection::open(data.join("store.sqlite")).unwrap();
    let carries = |body: &str| {
        let body: Value = serde_json::from_str(body).ok()?;
        Some(is_it(body.pointer("/intent/intent")?.as_str()?))
    };
    let mut documents = database.prepare("SELECT rowid, body FROM documents").unwrap();
    let rows = documents.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?))).unwrap();
    let found: Vec<i64> = rows
        .map(Result::unwrap)
        .filter(|(_, body)| carries(body) == Some(true))
        .map(|(id, _)| id)
        .collect();
    for id in &found {
        database.execute("DELETE FROM documents WHERE rowid = ?1", [id]).unwrap();
    }
    found.len()
}
