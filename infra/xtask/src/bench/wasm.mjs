// Verifies an export with the page's verifier, as the page does: arguments are the module, the export, the policy and how often.
import { readFile } from "node:fs/promises";

const PIECE_BYTES = 4 * 1024 * 1024;
const [modulePath, exportPath, policyPath, rounds] = process.argv.slice(1);
const module = await WebAssembly.compile(await readFile(modulePath));
const file = await readFile(exportPath);
const policy = await readFile(policyPath);

const verify = async () => {
  const { exports: verifier } = await WebAssembly.instantiate(module, {});
  const put = (bytes) => {
    const at = verifier.room(bytes.length) >>> 0;
    new Uint8Array(verifier.memory.buffer, at, bytes.length).set(bytes);
  };
  const begun = process.cpuUsage();
  put(policy);
  if (verifier.begin() !== 0) throw new Error("the policy cannot be used");
  for (let at = 0; at < file.length; at += PIECE_BYTES) {
    put(file.subarray(at, at + PIECE_BYTES));
    if (verifier.feed() !== 1) throw new Error("the export does not hold");
  }
  const length = verifier.finish() >>> 0;
  const { user, system } = process.cpuUsage(begun);
  const answer = new Uint8Array(verifier.memory.buffer, verifier.answer() >>> 0, length);
  const { verified } = JSON.parse(new TextDecoder().decode(answer));
  if (verified?.report.verdict !== "ok") throw new Error(`the verdict is ${verified?.report.verdict}`);
  return (user + system) / 1e6;
};

const seconds = [];
for (let round = 0; round < Number(rounds); round += 1) seconds.push(await verify());
console.log(JSON.stringify(seconds));
