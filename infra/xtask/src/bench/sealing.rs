//! How soon an event is in the log, and in the signed log, while a thousand come in each second; and what a row costs storage.

mod exporting;
mod pace;
mod watch;

use std::{path::Path, time::Duration};

use anyhow::{Context, ensure};
use rusqlite::{Connection as Database, OpenFlags};
use system_tests::load::{Customer, Layout, Server};
use tokio::runtime::Runtime;

use super::{
    process::binary,
    table::{Goal, Row},
};
use pace::{Pace, send};
use watch::{Sealed, Watch, signed};

/// What `goals` are set for: one tenant, one event in a request.
const PACE: Pace = Pace { per_second: 1_000, lanes: 50, time: Duration::from_secs(30) };
/// Below, what was measured is not what the goal is about.
const PACE_KEPT: f64 = 0.95;

const WHY: &str = "The sealer is woken at once and then at most once a second, so an event waits for half a second on average and for a whole one at \
                   worst; the rest is the work of the sealer and the signer, which share two processors with the client, the server and the disk.";

/// Measures a new server in `folder`.
pub(super) fn measure(folder: &Path) -> anyhow::Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let server = Server::start(&binary(), folder, Layout::OneProcess);
    let invitation = server.invitation.as_deref().context("there is an owner already")?;
    let customer = runtime.block_on(Customer::sign_up(server.address, invitation));
    let measured = Measured::new(&runtime, &server, &customer)?;
    let stored = Stored::read(&server.data.join("store.sqlite"), &customer.tenant.to_string())?;
    let exported = exporting::measure(&runtime, &server, &customer)?;
    server.stop();
    Ok(vec![measured.seal(), measured.sign(), stored.documents(), stored.bytes(), exported])
}

/// What became of the events of one run.
struct Measured {
    per_second: f64,
    /// In seconds, ascending.
    until_sealed: Vec<f64>,
    until_signed: Vec<f64>,
}

impl Measured {
    fn new(runtime: &Runtime, server: &Server, customer: &Customer) -> anyhow::Result<Self> {
        let runners = runtime.block_on(customer.runners(server.address, PACE.lanes));
        let watch = Watch::start(&server.data.join("store.sqlite"), customer.tenant.to_string());
        let events = PACE.events();
        let (took, signed) = runtime.block_on(async {
            let sending = send(server.address, runners, PACE);
            let signing = signed(server.address, &customer.token, &watch, events);
            tokio::join!(sending, signing)
        });
        let (took, signed, sealed) = (took?, signed?, watch.end()?);
        let per_second = f64::from(u32::try_from(events)?) / took.as_secs_f64();
        ensure!(
            per_second >= PACE_KEPT * f64::from(PACE.per_second),
            "only {per_second:.0} events a second were taken in"
        );
        let runs: Vec<_> = sealed.into_iter().filter(Sealed::is_run).collect();
        ensure!(runs.len() == events, "{} of {events} events were sealed", runs.len());
        let until_signed = runs.iter().map(|row| {
            let covers = signed.iter().find(|(size, _)| *size > row.seq);
            covers.map(|(_, at)| at.saturating_sub(row.at).as_secs_f64())
        });
        let until_signed = until_signed.collect::<Option<_>>().context("an event is not signed")?;
        let until_sealed =
            runs.iter().map(|row| row.seen.saturating_sub(row.at).as_secs_f64()).collect();
        Ok(Self {
            per_second,
            until_sealed: sorted(until_sealed),
            until_signed: sorted(until_signed),
        })
    }

    fn seal(&self) -> Row {
        self.row("event to row in the log", 1.5, &self.until_sealed)
    }

    fn sign(&self) -> Row {
        self.row("event to signed log", 2.5, &self.until_signed)
    }

    fn row(&self, what: &str, goal: f64, times: &[f64]) -> Row {
        let at = |share| percentile(times, share);
        Row {
            name: format!("{} events a second: {what}, 99th percentile", PACE.per_second),
            figure: at(0.99),
            unit: "s",
            goal: Goal::AtMost(goal),
            note: format!(
                "{} events of one tenant in {} s at an even pace ({:.0} a second), one in a request over {} connections, client on the same machine; from \
                 the event's own time to when another process sees it; median {:.2} s, longest {:.2} s",
                times.len(),
                PACE.time.as_secs(),
                self.per_second,
                PACE.lanes,
                at(0.5),
                at(1.0)
            ),
            why: WHY,
        }
    }
}

/// What the log takes up.
struct Stored {
    commits: f64,
    rows: f64,
    row_bytes: f64,
    document_bytes: f64,
}

impl Stored {
    fn read(file: &Path, tenant: &str) -> anyhow::Result<Self> {
        let database = Database::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let sql = "SELECT count(*), sum(json_array_length(body, '$.rows')), sum(length(body)), \
                   (SELECT sum(length(row.value)) FROM documents AS d, json_each(d.body, '$.rows') AS row WHERE d.partition = documents.partition) \
                   FROM documents JOIN partitions USING (partition) WHERE container = 'log' AND tenant = ?1 GROUP BY documents.partition";
        let read = |row: &rusqlite::Row<'_>| {
            let number = |place| row.get::<_, u32>(place).map(f64::from);
            Ok(Self {
                commits: number(0)?,
                rows: number(1)?,
                document_bytes: number(2)?,
                row_bytes: number(3)?,
            })
        };
        Ok(database.query_row(sql, [tenant], read)?)
    }

    fn documents(&self) -> Row {
        Row {
            name: "sealing: documents written for a row".to_owned(),
            figure: self.commits / self.rows,
            unit: "",
            goal: Goal::AtMost(0.1),
            note: format!(
                "{} rows in {} commits, of that run and its sign-up; at most 64 rows share one",
                self.rows, self.commits
            ),
            why: "",
        }
    }

    fn bytes(&self) -> Row {
        Row {
            name: "sealing: bytes stored for a byte of a row".to_owned(),
            figure: self.document_bytes / self.row_bytes,
            unit: "×",
            goal: Goal::AtMost(1.5),
            note: format!(
                "{:.0} bytes a row, {:.0} as it is stored: quotes are escaped, and each commit carries the tree's edge and the sources' places",
                self.row_bytes / self.rows,
                self.document_bytes / self.rows
            ),
            why: "",
        }
    }
}

fn sorted(mut times: Vec<f64>) -> Vec<f64> {
    times.sort_by(f64::total_cmp);
    times
}

/// The smallest of `times` that `share` of them do not exceed; they are in ascending order.
fn percentile(times: &[f64], share: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a place in a list that was just measured"
    )]
    let place = (times.len() as f64 * share).ceil() as usize;
    times.get(place.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_time_that_was_measured() {
        let times: Vec<_> = (1..=200).map(f64::from).collect();
        let found = [0.5, 0.99, 0.999, 1.0].map(|share| percentile(&times, share));
        assert_eq!(found.map(|time| format!("{time:.0}")), ["100", "198", "200", "200"]);
        assert!(percentile(&[7.0], 0.01) > 6.0);
    }
}
