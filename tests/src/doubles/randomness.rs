//! Chance that comes out the same every time.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use ports::Randomness;

/// Bytes from a seed: different at each call, the same in each run. Fit for tests only.
#[derive(Debug)]
pub struct SeededRandomness(AtomicU64);

impl SeededRandomness {
    /// The bytes that follow from `seed`.
    pub fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(seed)))
    }

    /// `SplitMix64` (Steele, Lea, Flood 2014).
    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Randomness for SeededRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs of the reference implementation (<https://prng.di.unimi.it/splitmix64.c>) for seed 1234567.
    #[test]
    fn it_is_splitmix64() {
        let randomness = SeededRandomness::new(1_234_567);
        assert_eq!(randomness.next(), 6_457_827_717_110_365_317);
        assert_eq!(randomness.next(), 3_203_168_211_198_807_973);
    }
}
