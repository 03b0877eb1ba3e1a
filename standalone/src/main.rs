//! The binary `proofline`.

fn main() -> std::process::ExitCode {
    standalone::main()
}
