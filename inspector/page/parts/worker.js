"use strict";
// Gives the export piece by piece to the verifier, so that a file of any size passes and the page stays alive.
const PIECE_BYTES = 4 * 1024 * 1024;

const verifying = async ({ module, file, policy, tier }) => {
  const { instance: { exports: verifier } } = await WebAssembly.instantiate(module, {});
  const { memory } = verifier;
  // Memory may have moved since the last call.
  const put = (at, bytes) => new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
  const room = (length) => {
    const at = verifier.room(length) >>> 0;
    if (at === 0) throw new Error("the browser has not enough memory for this file");
    return at;
  };
  const answer = (length) => {
    if (length === 0) throw new Error("the verifier gave no answer");
    return JSON.parse(new TextDecoder().decode(new Uint8Array(memory.buffer, verifier.answer() >>> 0, length >>> 0)));
  };
  const pieces = async (take) => {
    for (let at = 0; at < file.size; at += PIECE_BYTES) {
      const piece = new Uint8Array(await file.slice(at, at + PIECE_BYTES).arrayBuffer());
      if (take(piece, at) === false) return false;
      postMessage({ read: Math.min(at + PIECE_BYTES, file.size) });
    }
    return true;
  };

  verifier.ask(tier);
  const text = new TextEncoder().encode(policy);
  put(room(text.length), text);
  const unusable = verifier.begin();
  if (unusable !== 0) return answer(unusable);
  const fits = await pieces((piece) => {
    put(room(piece.length), piece);
    return verifier.feed() === 1;
  });
  const length = fits ? verifier.finish() : 0;
  if (length !== 0) return answer(length);
  if (file.size > verifier.diagnose_bytes_max() >>> 0) return answer(verifier.refuse());

  postMessage({ searching: true });
  const whole = room(file.size);
  await pieces((piece, at) => put(whole + at, piece));
  return answer(verifier.diagnose());
};

onmessage = async ({ data }) => {
  try {
    postMessage({ answer: await verifying(data) });
  } catch (error) {
    postMessage({ failed: error instanceof Error ? error.message : String(error) });
  }
};
