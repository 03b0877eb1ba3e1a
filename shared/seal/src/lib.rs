//! AES-256-GCM fields bound to their place, and keys wrapped by keys (pure).
//!
//! In scope: one record format for secrets at rest ([`seal`], [`open`]), wrapping 32-byte keys under another key
//! ([`wrap`], [`unwrap`]) deriving a key for each purpose from one ([`WrappingKey::derive`]), and
//! sealing to a public key ([`seal_to`]), such as that of another app ([`seal_parcel`]).
//!
//! ```text
//! wrapping key (key vault, or a root key file) ─ wraps ─► field key, one for each tenant and version
//!                                                          └ HKDF-SHA256, random salt ─► key and commitment of one record
//! ```
//!
//! # Examples
//! ```
//! use seal::{FieldKey, Place, WrappingKey};
//!
//! let root = WrappingKey::new([7; 32]).derive("field");
//! let material = [1; 32];
//! assert_eq!(*seal::unwrap(&root, &seal::wrap(&root, &material))?, material);
//!
//! let key = FieldKey::new(1, material);
//! let place = Place { tenant: "ten_1", container: "access", record: "usr_1", field: "mfa.secret" };
//! let sealed = seal::seal(&key, &place, [2; 16], [3; 12], b"JBSWY3DP")?;
//! assert_eq!(sealed.len(), 8 + seal::OVERHEAD);
//! assert_eq!(sealed[..6], [1, 1, 0, 0, 0, 1]);
//! assert_eq!(seal::open(&key, &place, &sealed)?.as_slice(), b"JBSWY3DP");
//! let elsewhere = Place { record: "usr_2", ..place };
//! assert!(seal::open(&key, &elsewhere, &sealed).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Out of scope: where keys are kept and who may use them (`ports::Keys`, `store`), randomness (salts and nonces are
//! parameters), what Runners and viewers say to each other (`protocol`).

mod derived;
mod field;
mod hybrid;
mod parcel;
mod place;
mod wrapping;

pub use field::{FieldKey, OVERHEAD, OpenError, SealError, key_version, open, seal};
pub use hybrid::{HYBRID_OVERHEAD, HybridError, HybridKey, seal_to};
pub use parcel::{open_parcel, public_of, seal_parcel};
pub use place::Place;
pub use wrapping::{UnwrapError, WRAPPED_LENGTH, WrappingKey, unwrap, wrap};
