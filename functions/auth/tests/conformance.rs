//! The contract with the Azure Functions host, kept by this app's own program.

system_tests::conformance!(auth::Auth, env!("CARGO_BIN_EXE_auth"));
