//! The Azure backend against its counterparts, one service or kind of trouble a module.

mod documents;
mod events;
mod faults;
mod identity;
mod key_vault_interop;
mod keys;
mod mail;
mod storage;
mod storm;
mod writers;
