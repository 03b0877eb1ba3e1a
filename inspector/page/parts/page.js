"use strict";
const POLICY_BYTES_MAX = 1024 ** 2;

const byId = (id) => document.getElementById(id);
const [form, result, progress, bar, said] = ["form", "result", "progress", "bar", "said"].map(byId);
let chosen = null;
let worker = null;

/** An element with children. Text is only ever set as text: what a file says never becomes markup. */
const element = (name, attributes, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

const bytes = (count) => {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(count, 1)) / 10));
  return `${(count / 1024 ** power).toLocaleString("en", { maximumFractionDigits: 1 })} ${units[power]}`;
};

/** What a file says must not steer what is shown: control and direction characters are written out. */
const printable = (text) => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (letter) => `\\u{${letter.codePointAt(0).toString(16)}}`);

const show = (announcement, ...children) => {
  result.replaceChildren(...children);
  result.hidden = false;
  said.textContent = announcement;
  result.focus();
};

const problem = (title, text) =>
  show(`${title} ${text}`, element("div", { class: "problem", "data-verdict": "none" }, element("h2", { id: "answer" }, title), element("p", {}, text)));

const list = (pairs) =>
  element("dl", {}, ...pairs.flatMap(([name, value, style]) => [element("dt", {}, name), element("dd", { class: style ?? "" }, value)]));

const rows = ({ rows_checked: checked, size }) => `${checked} of ${size} checked`;

const signedBy = (head) => {
  if (head === null) return "nobody: the checkpoint cannot be read";
  if (head.signed_by.length === 0) return `not proved: the checkpoint claims a log of ${head.size} rows`;
  return `${head.signed_by.join(", ")}, for a log of ${head.size} rows`;
};

const witnessedBy = (head) =>
  (head === null ? [] : head.witnessed_by)
    .map(({ name, time, since }) => `${name} on ${time}${since === null ? "" : ` (first after ${since.rows} rows, on ${since.time})`}`)
    .join(", ");

const anchored = (head) => {
  if (head === null || head.anchor === null) return "";
  const { origin, index, size, signed_by: key, stamped_at: stamped } = head.anchor;
  const signed = key === null ? "not proved: the policy pins no key of the directory" : `signed by ${key}`;
  return `row ${index} of ${size} in ${origin}, ${signed}${stamped === null ? "" : `, stamped on ${stamped}`}`;
};

const RANGES_SHOWN = 10;

const removed = ({ rows, ranges }) => {
  const shown = ranges.slice(0, RANGES_SHOWN).map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`));
  return rows === 0 ? "" : `${rows} rows: ${shown.join(", ")}${ranges.length > RANGES_SHOWN ? ", …" : ""}`;
};

const personal = ({ disclosed, erased }) => (disclosed + erased === 0 ? "" : `${disclosed} details shown and proved, ${erased} erased`);

/** A line of the report, unless there is nothing to say. */
const line = (name, value, style) => (value === "" ? [] : [[name, printable(value), style]]);

const finding = ({ seq, kind, expected, got }, meaning) => [
  element("h3", {}, seq === null ? "What is wrong" : "The first row that is wrong"),
  list([
    ...(seq === null ? [] : [["Row", String(seq)]]),
    ["Rule", `${kind}: ${meaning}`],
    ["Expected", printable(expected), "bytes"],
    ["Got", printable(got), "bytes"],
  ]),
];

const report = ({ report, words }, file, looksRight) => {
  const style = { ok: "ok", broken: "broken" }[report.verdict] ?? "unknown";
  const answer = printable(words.answer);
  const stranger = looksRight ? [] : [element("p", { class: "hint" }, "This file begins neither as an export nor as a proof. Is it the right one?")];
  show(
    `${answer} ${words.verdict}`,
    element("div", { class: `verdict ${style}`, "data-verdict": report.verdict }, element("h2", { id: "answer" }, answer), element("p", {}, words.verdict), ...stranger),
    ...(report.first_bad === null ? [] : finding(report.first_bad, words.finding)),
    ...(report.notes.length === 0 ? [] : [element("h3", {}, "What was not checked, and what else to know"), element("ul", {}, ...report.notes.map((note) => element("li", {}, printable(note))))]),
    element("h3", {}, "What the answer rests on"),
    list([
      ["File", `${printable(file.name)}, ${file.size.toLocaleString("en")} bytes`],
      ["Rows", rows(report)],
      ...line("Removed", removed(report.purged)),
      ...line("Personal details", personal(report)),
      ["Root", report.root, "bytes"],
      ["Signed by", printable(signedBy(report.checkpoint)), "bytes"],
      ...line("Anchored", anchored(report.checkpoint), "bytes"),
      ...line("Witnessed by", witnessedBy(report.checkpoint)),
      ["Tier", `${report.tier}. ${words.tier}`],
      ...(report.asked === null ? [] : [["Tier asked for", report.asked]]),
    ]),
    element("details", {}, element("summary", {}, "The report for programs (as audit-verify --json prints it)"), element("pre", { id: "json", tabindex: "0" }, JSON.stringify(report, null, 2))),
    element("p", { class: "no-print" }, (() => {
      const print = element("button", { type: "button" }, "Print this report");
      print.addEventListener("click", () => window.print());
      return print;
    })()),
  );
};

const busy = (isBusy) => {
  progress.hidden = !isBusy;
  byId("verify").disabled = isBusy;
  byId("cancel").hidden = !isBusy;
  if (!isBusy) {
    worker?.terminate();
    worker = null;
  }
};

const module = () => Uint8Array.from(atob(byId("module").textContent.replace(/\s+/g, "")), (letter) => letter.charCodeAt(0)).buffer;

const verify = async (file, policy, tier) => {
  const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  const looksRight = ["PK\x03\x04", "c2sp"].includes(String.fromCharCode(...start));
  const source = new Blob([byId("worker").textContent], { type: "text/javascript" });
  const address = URL.createObjectURL(source);
  worker = new Worker(address);
  const failed = (why) => {
    busy(false);
    problem("There is no answer.", `The file could not be verified here: ${why}. This says nothing about the log. The program audit-verify may do.`);
  };
  worker.onmessage = ({ data }) => {
    if (data.read !== undefined) bar.value = (data.read / file.size) * 100;
    if (data.searching) byId("progress-text").textContent = `Something does not hold. Searching ${printable(file.name)} for the cause …`;
    if (data.failed !== undefined) failed(data.failed);
    if (data.answer !== undefined) {
      busy(false);
      if (data.answer.verified) report(data.answer.verified, file, looksRight);
      else problem("The policy cannot be used.", `${printable(data.answer.policy)}. Nothing was verified.`);
    }
  };
  worker.onerror = (event) => failed(event.message || "the browser refused to start the verifier");
  worker.postMessage({ module: module(), file, policy, tier });
  URL.revokeObjectURL(address);
};

const choose = (file) => {
  chosen = file ?? null;
  byId("export-chosen").textContent = chosen ? `${printable(chosen.name)} (${bytes(chosen.size)})` : "";
  result.hidden = true;
  said.textContent = chosen ? `Export chosen: ${chosen.name}` : "";
};

const takePolicy = async (file) => {
  if (!file) return;
  if (file.size > POLICY_BYTES_MAX) {
    problem("This is no policy.", `${printable(file.name)} has ${bytes(file.size)}; a policy is a text of a few lines.`);
    return;
  }
  byId("policy").value = await file.text();
  said.textContent = `Policy taken from ${file.name}`;
};

const droppable = (zone, field, take) => {
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    zone.classList.remove("over");
    field.files = event.dataTransfer.files;
    take(field.files[0]);
  });
};

byId("export").addEventListener("change", (event) => choose(event.target.files[0]));
byId("policy-file").addEventListener("change", (event) => takePolicy(event.target.files[0]));
droppable(byId("export-drop"), byId("export"), choose);
droppable(byId("policy-drop"), byId("policy-file"), takePolicy);
// A file that is dropped beside the two places must not replace the page.
for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
byId("cancel").addEventListener("click", () => {
  busy(false);
  problem("Stopped.", "Nothing was verified.");
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (chosen === null) {
    problem("No export is chosen.", "Choose the file ….audit.zip first.");
    return;
  }
  result.hidden = true;
  bar.value = 0;
  byId("progress-text").textContent = `Checking every row of ${printable(chosen.name)} …`;
  said.textContent = "Verifying";
  busy(true);
  verify(chosen, byId("policy").value, Number(byId("tier").value)).catch((error) => {
    busy(false);
    problem("There is no answer.", `The file cannot be read: ${error.message}.`);
  });
});
