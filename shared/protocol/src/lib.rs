//! What a Runner, its customer and the control plane say to each other, and how it is signed (pure, add-only).
//!
//! In scope: the exact bytes of every message between them, and who may have signed them. Keys and their names
//! ([`key`]), signed envelopes ([`dsse`]), signed HTTP requests ([`message_signature`]), canonical and strict JSON
//! ([`canonical`], [`strict_json`]), the messages themselves ([`enrolment`], [`certificate`], [`keyset`],
//! [`statement`], [`cloudevent`], [`receipt`], [`promise`], [`witness`], [`log_policy`], [`command`], [`drilldown`], [`routes`]), what a Runner's host allows
//! ([`trust_policy`]) and how raw values are committed to without being shown ([`commitment`]).
//!
//! Out of scope: what a procedure means and how a run is scored (`domain`), fields at rest (`seal`), the audit log
//! (`chain`), transport, storage, clocks and randomness: times, nonces and ephemeral secrets are parameters, and
//! remembering nonces is the caller's.
//!
//! # Examples
//! ```
//! use protocol::{dsse::{self, PayloadType}, key::{Ed25519Key, Signer as _}};
//!
//! // What a signature is over: the type and the bytes, each after its length.
//! assert_eq!(dsse::pae("application/vnd.in-toto+json", b"{}"), b"DSSEv1 28 application/vnd.in-toto+json 2 {}");
//!
//! let (ada, grace) = (Ed25519Key::from_seed(&[1; 32]), Ed25519Key::from_seed(&[2; 32]));
//! let envelope = dsse::Envelope::sign(PayloadType::Procedure, b"{}".to_vec(), &[&ada, &grace])?;
//! let keys = [ada.public().clone(), grace.public().clone()];
//! let verified = dsse::verify(&envelope, PayloadType::Procedure, &keys, 2)?;
//! assert_eq!(verified.payload, b"{}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod canonical;
pub mod certificate;
pub mod cloudevent;
pub mod command;
pub mod commitment;
mod digest;
pub mod drilldown;
pub mod dsse;
mod encoding;
pub mod enrolment;
pub mod key;
pub mod keyset;
pub mod log_policy;
pub mod message_signature;
mod name;
pub mod promise;
pub mod receipt;
pub mod routes;
#[cfg(test)]
mod samples;
pub mod statement;
pub mod strict_json;
mod text;
pub mod trust_policy;
pub mod witness;

pub use digest::Digest;
pub use encoding::{Base64, Base64Url, Nonce, from_base64url, to_base64url};
pub use name::Name;
pub use text::{TextError, V1};
