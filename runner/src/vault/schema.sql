-- Identifiers, digests and times as text where people look at them; JSON as it was signed or read.
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- Raw values: sealed under a key of their own, which is wrapped by the vault's key.
CREATE TABLE IF NOT EXISTS evidence (
    id TEXT PRIMARY KEY, run TEXT NOT NULL, header TEXT NOT NULL, root BLOB NOT NULL, bytes INTEGER NOT NULL,
    wrapped BLOB NOT NULL, sealed BLOB NOT NULL, retain_until INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS evidence_by_run ON evidence (run);

-- The last statement of each Runner: its sequence number, and the digest of its payload.
CREATE TABLE IF NOT EXISTS chain (runner TEXT PRIMARY KEY, sequence INTEGER NOT NULL, prev BLOB NOT NULL) STRICT;

-- Signed statements. The receipt is kept for ever.
CREATE TABLE IF NOT EXISTS statement (
    runner TEXT NOT NULL, sequence INTEGER NOT NULL, run TEXT NOT NULL UNIQUE, envelope TEXT NOT NULL,
    recorded_at INTEGER NOT NULL, state TEXT NOT NULL, code TEXT, receipt TEXT, PRIMARY KEY (runner, sequence)
) STRICT;
CREATE INDEX IF NOT EXISTS statement_by_state ON statement (state, runner, sequence);

-- Procedures that the customer signed and this Runner admitted.
CREATE TABLE IF NOT EXISTS procedure (
    digest TEXT PRIMARY KEY, key TEXT NOT NULL, revision INTEGER NOT NULL, envelope TEXT NOT NULL,
    withdrawn INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS procedure_by_key ON procedure (key, revision);

-- Which receipts kept what they promised, and in which row of the audit log; -1 when somebody gave it up.
CREATE TABLE IF NOT EXISTS proved (
    runner TEXT NOT NULL, sequence INTEGER NOT NULL, row INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (runner, sequence)
) STRICT;

-- When this machine got each receipt.
CREATE TABLE IF NOT EXISTS receipted (
    runner TEXT NOT NULL, sequence INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (runner, sequence)
) STRICT;

-- Since when it is said of a promised row that it is not there.
CREATE TABLE IF NOT EXISTS denied (held TEXT PRIMARY KEY, since INTEGER NOT NULL) STRICT;

-- What answers of the control plane promised: its lines as they came, and the row that kept each; none while it is open, -1 when somebody gave it up.
CREATE TABLE IF NOT EXISTS promise (line TEXT PRIMARY KEY, seal_by INTEGER NOT NULL, row INTEGER, at INTEGER) STRICT;

-- What was found wrong with the audit log. While one is not cleared, nothing is cosigned.
CREATE TABLE IF NOT EXISTS alarm (
    id TEXT PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL, is_delivered INTEGER NOT NULL, cleared TEXT
) STRICT;

-- What is obeyed once.
CREATE TABLE IF NOT EXISTS nonce (
    kid TEXT NOT NULL, nonce TEXT NOT NULL, forget_at INTEGER NOT NULL, PRIMARY KEY (kid, nonce)
) STRICT;

-- For which command a nonce was used, by the digest of its payload: that one may come again, when whoever obeyed it was stopped before it answered.
CREATE TABLE IF NOT EXISTS begun (
    kid TEXT NOT NULL, nonce TEXT NOT NULL, command BLOB NOT NULL, PRIMARY KEY (kid, nonce),
    FOREIGN KEY (kid, nonce) REFERENCES nonce (kid, nonce) ON DELETE CASCADE
) STRICT;

-- Commands and what became of them; the signed result is kept until it was delivered, and after.
CREATE TABLE IF NOT EXISTS command (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, at INTEGER NOT NULL, result TEXT NOT NULL, is_delivered INTEGER NOT NULL
) STRICT;

-- The local ledger of what was disclosed to whom.
CREATE TABLE IF NOT EXISTS disclosure (
    drilldown TEXT PRIMARY KEY, evidence TEXT NOT NULL, viewer TEXT NOT NULL, purpose TEXT NOT NULL, at INTEGER NOT NULL,
    request BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS disclosure_by_time ON disclosure (at);
