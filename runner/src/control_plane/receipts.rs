//! Receipts: believed only when a receipt key of the pinned control plane signed them for exactly this statement.

use std::time::{Duration, Instant};

use protocol::{
    dsse::Envelope,
    keyset::{ControlPlaneKeys, KeyUse},
    receipt::Receipt,
    routes::{RECEIPTS, ReceiptsAnswer},
};

use super::{CallError, ControlPlane, Published};
use crate::{
    vault::{QueuedStatement, StatementState},
    witness::read,
};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Keeps `receipt` if it is one for `sent`; says whether it is.
pub(super) fn keep(
    control_plane: &ControlPlane<'_>,
    keys: &ControlPlaneKeys,
    sent: &QueuedStatement,
    receipt: &Envelope,
    rejected: Option<&str>,
) -> Result<bool, CallError> {
    let runner = control_plane.runner;
    let payload = sent.envelope.unverified_payload();
    let is_for_it = verified(keys, receipt).is_some_and(|receipt| {
        receipt.tenant == control_plane.tenant && receipt.is_for(runner, sent.sequence, payload)
    });
    if is_for_it {
        let at = control_plane.clock.now();
        control_plane.vault.keep_receipt(runner, sent.sequence, receipt, rejected, at)?;
    }
    Ok(is_for_it)
}

fn verified(keys: &ControlPlaneKeys, receipt: &Envelope) -> Option<Receipt> {
    let kid = receipt.signatures().first()?.keyid;
    Receipt::verify(receipt, &keys.find(KeyUse::Receipt, &kid)?).ok()
}

/// Asks for the receipts of what was handed over, until they are there or `patience` is over.
pub(super) async fn await_all(
    control_plane: &ControlPlane<'_>,
    keys: &ControlPlaneKeys,
    patience: Duration,
) -> Result<Published, CallError> {
    let (begun, mut pause) = (Instant::now(), FIRST_PAUSE);
    let mut published = Published::default();
    loop {
        published.receipted += fetch(control_plane, keys).await?;
        published.waiting = handed_over(control_plane)?.len();
        if published.waiting == 0 || begun.elapsed() >= patience {
            return Ok(published);
        }
        tokio::time::sleep(pause.min(patience.saturating_sub(begun.elapsed()))).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn handed_over(control_plane: &ControlPlane<'_>) -> Result<Vec<QueuedStatement>, CallError> {
    let sent = [StatementState::Sent];
    Ok(control_plane.vault.statements(control_plane.runner, &sent, usize::MAX)?)
}

async fn fetch(
    control_plane: &ControlPlane<'_>,
    keys: &ControlPlaneKeys,
) -> Result<usize, CallError> {
    let sent = handed_over(control_plane)?;
    let mut receipted = 0;
    let mut rest = sent.as_slice();
    while let Some(first) = rest.first() {
        let path = format!("{RECEIPTS}?after={}", first.sequence.saturating_sub(1));
        let answer: ReceiptsAnswer = control_plane.get(&path).await?;
        let mut last = None;
        for receipt in &answer.receipts {
            let said = read(receipt).map(|receipt| receipt.sequence);
            last = last.max(said);
            if let Some(statement) = rest.iter().find(|sent| Some(sent.sequence) == said) {
                receipted += usize::from(keep(control_plane, keys, statement, receipt, None)?);
            }
        }
        rest = after(rest, last);
    }
    Ok(receipted)
}

/// What the next page may be about, when `last` was the last of this one. An empty one was the last page; and each page answers for the first at least,
/// so that there is an end to them.
fn after(sent: &[QueuedStatement], last: Option<u64>) -> &[QueuedStatement] {
    let is_done = |statement: &&QueuedStatement| last.is_none_or(|last| statement.sequence <= last);
    let done = sent.iter().take_while(is_done).count();
    sent.get(done.max(1)..).unwrap_or_default()
}
