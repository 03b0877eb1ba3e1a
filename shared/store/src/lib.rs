//! A tenant's partition: typed documents, and changes that carry their audit intents.
//!
//! In scope: what is strict about storage and holds for both backends: tenancy, intents in the same batch, lost answers, keys at rest.
//! Out of scope: rules (`domain`), how documents are stored (`ports`, `local`, `azure`), who may call (`web`).

mod access;
mod answers;
mod change;
mod cosigned;
mod document;
mod error;
mod field_keys;
mod intent;
pub mod kept;
mod keyring;
pub mod leads;
pub mod log;
mod numbers;
mod partition;
mod personal;
mod promises;
pub mod proofs;
mod recent;
mod records;
pub mod retention;
mod sealed;
pub mod signed;
mod system;

pub use access::{Guard, GuardState, RUN_SHARDS, RoleRecord, TenantRecord, VisitRecord, run_shard};
pub use answers::{ANSWER_KEPT_FOR, Asked, Known};
pub use change::{Change, Housekeeping, HousekeepingKind};
pub use cosigned::{Cosignatures, Cosigned, CosignedError, Recorded};
pub use document::{Document, Found, ListOf, Listing};
pub use domain::TenantState;
pub use error::StoreError;
pub use field_keys::{
    FieldError, FieldKeys, KEPT_FOR, KNOWN_AFTER, OwnKeys, ROTATED_AFTER, SETTLED_AFTER,
    UNUSED_KEPT_FOR, Unused,
};
pub use intent::{Carrier, IntentSource, Prepared, Promise, SEAL_WITHIN};
pub use keyring::{Endorsement, KeyRecord, Keyring, KeyringError, PublicKeys, log_key_version};
pub use partition::Partition;
pub use personal::{
    Detail, DetailsRecord, Erasure, Parcel, SealedDetail, SubjectRecord, pseudonym,
};
pub use promises::Promises;
pub use records::{Records, SignedAgain};
pub use sealed::Sealed;
pub use signed::{Alarm, AnchorRecord, SignedHead};
pub use system::SystemCap;
