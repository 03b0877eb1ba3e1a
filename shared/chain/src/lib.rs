//! The audit log as bytes (pure): what is hashed, linked, signed, exported and verified.
//!
//! One hash serves chain and tree. A row is a line of canonical JSON that contains `prev`, the hash of the row before it;
//! its own hash is the leaf hash of RFC 6962, so that the same 32 bytes link the chain and make the Merkle tree:
//!
//! ```text
//! hash(row n) = SHA-256(0x00 ‖ bytes of row n)        row n + 1 contains "prev":"<hash(row n) in hex>"
//! hash(node)  = SHA-256(0x01 ‖ left ‖ right)          row 0 contains "prev":"000…0" (64 zeros)
//! ```
//!
//! The exact bytes are stored and hashed; nothing is ever rendered again in order to be verified.
//! An auditor needs no code of ours: `(printf '\0'; cat row) | sha256sum` gives the hash of a row, and heads, tiles and
//! proofs are those of C2SP (`signed-note`, `tlog-checkpoint`, `tlog-tiles`), which other people's tools read.
//!
//! The way of an event: [`intent`] (an app signs it) → [`row`] (the sealer numbers and links it) → [`commit`] (rows packed in
//! one document) → [`checkpoint`] (the signer signs the tree's root) → [`cosignature`] (witnesses confirm it) → [`bundle`] (one file to hand out) → [`mod@verify`].
//!
//! In scope: those formats and the rules that make them verifiable.
//! Out of scope: storage and races between sealers (`audit`), custody of keys (`signer`, `seal`), who may read (`web`),
//! what an action means (`domain`), files and command lines (`inspector`).

pub mod anchor;
pub mod bundle;
pub mod checkpoint;
pub mod commit;
pub mod container;
pub mod cosignature;
pub mod disclosure;
pub mod ecdsa;
pub mod epoch;
pub mod genesis;
pub mod instances;
pub mod intent;
pub mod later;
pub mod manifest;
pub mod note;
pub mod policy;
pub mod profile;
pub mod proof;
pub mod purge;
pub mod quorum;
pub mod remark;
pub mod report;
pub mod row;
pub mod row_proof;
pub mod seen;
pub mod tile;
pub mod timestamp;
pub mod tree;
pub mod verify;
pub mod walk;

mod hash;
mod lanes;

pub use hash::{Hash, HashError};

#[cfg(test)]
mod document;
#[cfg(test)]
mod sample;
