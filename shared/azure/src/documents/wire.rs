//! A document as Cosmos DB keeps it.

use std::time::Duration;

use domain::Timestamp;
use ports::{Etag, NewDocument, PartitionKey, Stored};
use serde::{Deserialize, Serialize};

/// How long after its expiry Cosmos DB may reclaim a document: clocks differ, and its own counts from the last write.
const RECLAIM_AFTER: Duration = Duration::from_hours(1);
/// Numbers of JSON are doubles: whole microseconds are exact up to here, in the year 2255.
const EXACT_MAX: i64 = (1 << 53) - 1;
/// Between the service's version and our expiry; not part of any version that Cosmos DB makes.
const SEPARATOR: char = '@';

/// A document as Cosmos DB keeps it. The body is a string: it comes back byte for byte.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Wire {
    pub(super) id: String,
    pub(super) tenant: String,
    pub(super) shard: String,
    pub(super) kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    k1: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    k2: Option<String>,
    body: String,
    /// Microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    /// Seconds after which Cosmos DB may reclaim the space; never relied on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
    /// The commit that wrote it, so that it is known again when its answer is lost.
    pub(super) w: String,
    #[serde(default, rename = "_etag", skip_serializing)]
    etag: String,
}

impl Wire {
    /// The document as the commit `write_id` writes it.
    pub(super) fn new(
        document: &NewDocument,
        partition: &PartitionKey,
        write_id: &str,
        now: Timestamp,
    ) -> Self {
        let NewDocument { id, kind, k1, k2, body, expires_at } = document.clone();
        Self {
            id,
            tenant: partition.tenant.to_string(),
            shard: partition.shard.clone(),
            kind,
            k1,
            k2,
            body,
            expires_at: expires_at.map(exact),
            ttl: expires_at.map(|at| reclaimed_after(at, now)),
            w: write_id.to_owned(),
            etag: String::new(),
        }
    }

    /// Whether it does not exist any more, by our clock.
    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now.unix_us())
    }

    /// Its version in the service's own words.
    pub(super) fn service_etag(&self) -> &str {
        &self.etag
    }

    /// Its version in ours.
    pub(super) fn version(&self) -> Etag {
        version(&self.etag, self.expires_at)
    }

    /// The document, and its version.
    pub(super) fn into_stored(self) -> Stored {
        let etag = self.version();
        let Self { id, kind, k1, k2, body, expires_at, .. } = self;
        let expires_at = expires_at.map(Timestamp::from_unix_us);
        Stored { document: NewDocument { id, kind, k1, k2, body, expires_at }, etag }
    }
}

/// The version of what was just written: it carries the expiry, so that replacing an expired version is known to be late without a read.
pub(super) fn version_of(service_etag: &str, document: &NewDocument) -> Etag {
    version(service_etag, document.expires_at.map(exact))
}

/// A version that no document has: of one that was written, and replaced before we could see its version.
pub(super) fn version_gone() -> Etag {
    Etag("gone".to_owned())
}

/// The service's version, and when the document expires that has it.
pub(super) fn parse_version(etag: &Etag) -> (&str, Option<Timestamp>) {
    let parts = etag.0.rsplit_once(SEPARATOR);
    match parts.and_then(|(version, at)| Some((version, at.parse().ok()?))) {
        Some((version, at)) => (version, Some(Timestamp::from_unix_us(at))),
        None => (&etag.0, None),
    }
}

fn version(service_etag: &str, expires_at: Option<i64>) -> Etag {
    Etag(
        expires_at
            .map_or_else(|| service_etag.to_owned(), |at| format!("{service_etag}{SEPARATOR}{at}")),
    )
}

/// Later than the last exact number is as good as never.
fn exact(at: Timestamp) -> i64 {
    at.unix_us().min(EXACT_MAX)
}

fn reclaimed_after(expires_at: Timestamp, now: Timestamp) -> i64 {
    let left = expires_at.since(now).saturating_add(RECLAIM_AFTER);
    i64::from(i32::try_from(left.as_secs() + 1).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use domain::TenantId;
    use ports::{ENVELOPE_BYTES, stored_bytes};
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_s(1_795_000_000);

    fn document() -> NewDocument {
        NewDocument {
            id: "full id:\u{e4}.~|=@".to_owned(),
            kind: "k".to_owned(),
            k1: Some("first \"quoted\"".to_owned()),
            k2: None,
            body: "{ \"z\": 9007199254740993, \"\\u00e4\": \"\u{1f512}\\n\" }".to_owned(),
            expires_at: Some(NOW.plus(Duration::from_micros(90_000_001))),
        }
    }

    fn wire(document: &NewDocument) -> Wire {
        let partition = PartitionKey::new(TenantId::from_u128(7), "r00");
        Wire::new(document, &partition, "AAECAwQFBgcICQoLDA0ODw", NOW)
    }

    #[test]
    fn a_document_comes_back_byte_for_byte() {
        let mut json = serde_json::to_value(wire(&document())).unwrap();
        assert_eq!(json["expires_at"], json!(1_795_000_090_000_001_i64));
        assert_eq!(json["ttl"], json!(90 + 3600 + 1));
        assert_eq!(json.get("k2"), None);
        assert_eq!(json.get("_etag"), None, "never written");
        json["_etag"] = Value::from("\"5d00-01\"");
        json["_ts"] = Value::from(1);
        let stored = serde_json::from_value::<Wire>(json).unwrap().into_stored();
        assert_eq!(stored.document, document());
        assert_eq!(stored.etag, version_of("\"5d00-01\"", &document()));
    }

    #[test]
    fn an_expired_version_is_known_without_a_read() {
        let etag = version_of("\"5d00-01\"", &document());
        assert_eq!(parse_version(&etag), ("\"5d00-01\"", document().expires_at));
        let forever = NewDocument { expires_at: None, ..document() };
        assert_eq!(parse_version(&version_of("\"5d00-01\"", &forever)), ("\"5d00-01\"", None));
        assert_eq!(parse_version(&Etag("someone@else".to_owned())), ("someone@else", None));
        assert!(wire(&document()).is_expired(document().expires_at.unwrap()));
        assert!(!wire(&document()).is_expired(NOW));
        assert!(!wire(&forever).is_expired(NOW.plus(Duration::from_hours(1_000_000))));
    }

    #[test]
    fn what_never_expires_in_practice_is_kept_as_an_exact_number() {
        let far = Timestamp::from_unix_us(i64::MAX);
        let json = serde_json::to_value(wire(&NewDocument { expires_at: Some(far), ..document() }));
        let json = json.unwrap();
        assert_eq!(json["expires_at"], json!(9_007_199_254_740_991_i64));
        assert_eq!(json["ttl"], json!(i32::MAX));
    }

    /// The limits of `ports` count what is really sent, and not much more.
    #[test]
    fn an_operation_is_never_longer_than_it_is_counted() {
        for body in
            ["{}", "{\"a\":\"\\\"\\\\\\u0001\"}", "\u{1}\u{8}\n\u{7f}\u{e4}", &"\"".repeat(999)]
        {
            let longest = NewDocument {
                id: "i".repeat(255),
                k2: Some("\\".repeat(9)),
                body: body.to_owned(),
                ..document()
            };
            let operation = json!({
                "operationType": "Replace",
                "id": longest.id,
                "ifMatch": "\"00000000-0000-0000-0000-000000000000\"",
                "resourceBody": wire(&longest),
            });
            let sent = operation.to_string().len();
            let counted = stored_bytes(&longest);
            assert!(sent <= counted && counted - sent < ENVELOPE_BYTES, "{sent} {counted}");
        }
    }
}
