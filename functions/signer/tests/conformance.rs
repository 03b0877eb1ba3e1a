//! The contract with the Azure Functions host, kept by this app's own program.

system_tests::conformance!(signer::Signer, env!("CARGO_BIN_EXE_signer"));
