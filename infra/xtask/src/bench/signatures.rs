//! What the signatures of one event cost by themselves: no ingestion can do with less.

use std::hint::black_box;

use anyhow::anyhow;
use protocol::key::{Ed25519Key, Es256Key, Signer as _};

use super::verify::{cpu_time, median};

/// About as long as a statement.
const MESSAGE: [u8; 2_048] = [7; 2_048];
const EACH: u32 = 500;
/// Odd, so that the median is one of them.
const ROUNDS: usize = 9;

/// Microseconds of processor time for the signatures of one event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signatures {
    /// Those of a request with one event, until its receipt: the request's and the statement's are verified, the intent's and the receipt's made.
    pub(super) request: f64,
    /// The intent's is verified again when it is sealed.
    pub(super) sealing: f64,
}

pub(super) fn measure() -> anyhow::Result<Signatures> {
    let (runner, receipts) = (Ed25519Key::from_seed(&[1; 32]), Es256Key::from_seed(&[2; 32])?);
    let (signature, public) = (runner.sign_bytes(&MESSAGE), runner.public());
    let verified = time(|| Ok(public.verify(black_box(&MESSAGE), &signature)?))?;
    let intent = time(|| {
        black_box(runner.sign_bytes(black_box(&MESSAGE)));
        Ok(())
    })?;
    let receipt = time(|| {
        black_box(receipts.sign(black_box(&MESSAGE)).map_err(|error| anyhow!(error))?);
        Ok(())
    })?;
    Ok(Signatures { request: 2.0 * verified + intent + receipt, sealing: verified })
}

fn time(work: impl Fn() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let once = || -> anyhow::Result<f64> {
        let spent = cpu_time(|| (0..EACH).try_for_each(|_| work()))?;
        Ok(spent.as_secs_f64() * 1e6 / f64::from(EACH))
    };
    median((0..ROUNDS).map(|_| once()).collect::<anyhow::Result<_>>()?)
}
