//! Where a process listens, read from Linux's own tables.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The address of `port` on loopback, as Linux writes it.
pub(super) fn on_loopback(port: u16) -> String {
    format!("0100007F:{port:04X}")
}

/// The addresses at which the process listens. The table is handed out in pieces, and a piece passes over a row when others come and go meanwhile (the
/// tests beside this one): one reading may miss one.
pub(super) fn addresses(process: u32) -> BTreeSet<String> {
    let open = open(process);
    // Columns: number, local address, remote address, state (0A: listening), …, inode.
    let is_ours = |row: &Vec<String>| {
        row[3] == "0A" && open.contains(Path::new(&format!("socket:[{}]", row[9])))
    };
    sockets().into_iter().filter(is_ours).map(|row| row[1].clone()).collect()
}

/// What its descriptors stand for; nothing, once it has ended.
fn open(process: u32) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    entries.filter_map(|entry| fs::read_link(entry.path()).ok()).collect()
}

/// The rows of Linux's tables of sockets.
fn sockets() -> Vec<Vec<String>> {
    let tables = ["tcp", "tcp6"].map(|table| fs::read_to_string(format!("/proc/net/{table}")));
    let row = |row: &str| row.split_whitespace().map(str::to_owned).collect();
    let rows = |table: String| table.lines().skip(1).map(row).collect::<Vec<_>>();
    tables.into_iter().flatten().flat_map(rows).collect()
}
