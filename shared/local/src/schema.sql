-- Format 1. One file for documents, queues and topics: a commit and the wake-ups it causes share one fsync.

-- A partition is named once and numbered, so that the keys of five B-trees are small. `lsn` is that of its last change.
CREATE TABLE partitions (
  partition INTEGER PRIMARY KEY,
  container TEXT NOT NULL,
  tenant    TEXT NOT NULL,
  shard     TEXT NOT NULL,
  lsn       INTEGER NOT NULL,
  UNIQUE (container, tenant, shard)
);
CREATE INDEX partitions_dirty ON partitions (container, lsn);

-- `lsn` is the version (ETag) of a document and its place in the feed of changes: assigned inside the write transaction, without gaps.
-- A rowid table on purpose. Bodies are appended in dense pages and never move; WITHOUT ROWID, keyed by id, cost 2.3 to 2.8 times
-- the CPU and twice the pages per document in groups of 64.
CREATE TABLE documents (
  partition  INTEGER NOT NULL,
  id         TEXT NOT NULL,
  kind       TEXT NOT NULL,
  k1         TEXT,
  k2         TEXT,
  expires_at INTEGER,
  lsn        INTEGER NOT NULL,
  body       TEXT NOT NULL
);
CREATE UNIQUE INDEX documents_id      ON documents (partition, id);
CREATE UNIQUE INDEX documents_changes ON documents (partition, lsn);
CREATE INDEX documents_kind   ON documents (partition, kind, id);
CREATE INDEX documents_k1     ON documents (partition, kind, k1, id) WHERE k1 IS NOT NULL;
CREATE INDEX documents_k2     ON documents (partition, kind, k2, id) WHERE k2 IS NOT NULL;
CREATE INDEX documents_expiry ON documents (expires_at) WHERE expires_at IS NOT NULL;

-- The last `lsn` that was assigned; one row.
CREATE TABLE sequence (lsn INTEGER NOT NULL);
INSERT INTO sequence VALUES (0);

-- Times are microseconds since 1970. `receipt` changes each time a message is given out.
CREATE TABLE messages (
  message       INTEGER PRIMARY KEY,
  id            TEXT NOT NULL UNIQUE,
  queue         TEXT NOT NULL,
  text          TEXT NOT NULL,
  visible_at    INTEGER NOT NULL,
  dequeue_count INTEGER NOT NULL,
  receipt       TEXT NOT NULL
);
CREATE INDEX messages_visible ON messages (queue, visible_at);

-- Without a subscription, an event was accepted and not yet fanned out. `lease` changes each time a delivery is given out.
CREATE TABLE deliveries (
  delivery        INTEGER PRIMARY KEY,
  topic           TEXT NOT NULL,
  subscription    TEXT,
  event           TEXT NOT NULL,
  published_at    INTEGER NOT NULL,
  attempt         INTEGER NOT NULL,
  next_attempt_at INTEGER NOT NULL,
  lease           TEXT NOT NULL
);
CREATE INDEX deliveries_accepted ON deliveries (topic) WHERE subscription IS NULL;
CREATE INDEX deliveries_due ON deliveries (topic, next_attempt_at) WHERE subscription IS NOT NULL;
