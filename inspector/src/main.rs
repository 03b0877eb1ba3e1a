//! `audit-verify`: see [`inspector`].

use std::process::ExitCode;

fn main() -> ExitCode {
    inspector::run(std::env::args_os(), &mut std::io::stdout(), &mut std::io::stderr())
}
