//! The contract with the Azure Functions host, kept by this app's own program.

system_tests::conformance!(audit::Audit, env!("CARGO_BIN_EXE_audit"));
