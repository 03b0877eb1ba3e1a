//! What the figures were measured on.

use std::{fmt, fs, process::Command, thread};

/// A machine, as far as it matters to a figure.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    processor: String,
    cores: usize,
    memory_gib: u64,
    system: String,
    compiler: String,
}

/// Describes this machine (Linux).
pub(super) fn describe() -> anyhow::Result<Machine> {
    let memory_kib = field("/proc/meminfo", "MemTotal").unwrap_or_default();
    let memory_kib: u64 = memory_kib.trim_end_matches(" kB").parse().unwrap_or_default();
    let compiler = Command::new("rustc").arg("--version").output()?.stdout;
    Ok(Machine {
        processor: field("/proc/cpuinfo", "model name")
            .unwrap_or_else(|| "unknown processor".to_owned()),
        cores: thread::available_parallelism()?.get(),
        memory_gib: memory_kib.div_ceil(1024 * 1024),
        system: fs::read_to_string("/proc/sys/kernel/osrelease")
            .unwrap_or_default()
            .trim()
            .to_owned(),
        compiler: String::from_utf8_lossy(&compiler).trim().to_owned(),
    })
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, cores, memory_gib, system, compiler } = self;
        write!(f, "{processor}, {cores} cores, {memory_gib} GiB, Linux {system}, {compiler}")
    }
}
