//! The `audit` function app as a custom handler.

fn main() -> std::process::ExitCode {
    host::run::<audit::Audit>()
}
