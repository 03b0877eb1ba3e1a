//! What the Azure backend is tested against.
//!
//! In scope: Microsoft's in-memory Cosmos emulator, in process and over loopback; Azurite; stand-ins for Entra's managed identities and for Key
//! Vault, built to the documented contracts because no emulator of theirs can be had here; all of them together as one site.
//! Out of scope: the product. This package is always built alone, so that the emulator's features never reach it.

pub mod azurite;
pub mod certificates;
pub mod containers;
pub mod cosmos_backend;
pub mod emulator;
pub mod found;
pub mod identity;
pub mod mail_sink;
pub mod site;
pub mod vault;
pub mod wire;
