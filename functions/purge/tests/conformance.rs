//! The contract with the Azure Functions host, kept by this app's own program.

system_tests::conformance!(purge::Purge, env!("CARGO_BIN_EXE_purge"));
