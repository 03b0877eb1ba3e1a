//! Two messages in turn, block by block, so that the processor does not wait for either.

use super::{Padded, START, hash, take};
use crate::Hash;

/// SHA-256 of both.
pub(super) fn two([first, second]: [Padded<'_>; 2]) -> [Hash; 2] {
    let (mut states, mut rooms) = ([START; 2], [[0; 64]; 2]);
    let ([one, other], [room, other_room]) = (&mut states, &mut rooms);
    for index in 0..first.blocks().max(second.blocks()) {
        take(one, first.block(index, room));
        take(other, second.block(index, other_room));
    }
    states.map(hash)
}

/// SHA-256 of `prefix ‖ message` for each of `messages`, in order, and of `whole` at the same time.
#[expect(clippy::unnecessary_wraps, reason = "four at a time leave the whole to others")]
pub(crate) fn digests_beside(
    whole: &[u8],
    prefix: Option<u8>,
    messages: &[&[u8]],
    into: &mut Vec<Hash>,
) -> Option<Hash> {
    let (whole, mut state, mut next) = (Padded::new(None, whole), START, 0);
    let (mut room, mut other_room) = ([0; 64], [0; 64]);
    for message in messages {
        let (message, mut own) = (Padded::new(prefix, message), START);
        for index in 0..message.blocks() {
            take(&mut own, message.block(index, &mut room));
            take(&mut state, whole.block(next, &mut other_room));
            next += 1;
        }
        into.push(hash(own));
    }
    for index in next..whole.blocks() {
        take(&mut state, whole.block(index, &mut other_room));
    }
    Some(hash(state))
}
