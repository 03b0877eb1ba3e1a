//! A tenant's partition: typed documents, and changes that carry their audit intents.
//!
//! In scope: what is strict about storage and holds for both backends: tenancy, intents in the same batch, lost answers, keys at rest.
//! Out of scope: rules (`domain`), how documents are stored (`ports`, `local`, `azure`), who may call (`web`).

mod access;
mod change;
mod document;
mod error;
mod intent;
mod keyring;
pub mod log;
mod numbers;
mod partition;
mod system;

pub use access::{Guard, GuardState, RUN_SHARDS, TenantRecord, TenantState, run_shard};
pub use change::{Change, Housekeeping, HousekeepingKind};
pub use document::{Document, Found, ListOf, Listing};
pub use error::StoreError;
pub use intent::{Carrier, IntentSource, Prepared, Promise, SEAL_WITHIN};
pub use keyring::{KeyRecord, Keyring, KeyringError, PublicKeys};
pub use partition::Partition;
pub use system::SystemCap;
