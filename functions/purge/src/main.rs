//! The `purge` function app as a custom handler.

fn main() -> std::process::ExitCode {
    host::run::<purge::Purge>()
}
