// Has a real browser open the page from its file, gives it exports, and demands the very report that `audit-verify --json` prints.
//
//   node verify.mjs [--screenshots DIR] [--inside] PAGE AUDIT_VERIFY POLICY EXPORT...
//
// With --inside every export must hold a page, and that page is asked about it as well.
// The browser is Chromium (CHROMIUM names another). It ends with 1 at the first difference, error on the console or request to a network.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, readFileSync, writeFileSync, truncateSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const words = process.argv.slice(2);
const screenshots = words[0] === "--screenshots" ? words.splice(0, 2)[1] : null;
const inside = words[0] === "--inside" && words.shift() !== undefined;
const [page, program, policy, ...exports] = words.map((word) => resolve(word));
if (exports.length === 0) {
  console.error("usage: node verify.mjs [--screenshots DIR] [--inside] PAGE AUDIT_VERIFY POLICY EXPORT...");
  process.exit(3);
}
if (screenshots) mkdirSync(screenshots, { recursive: true });

const folder = mkdtempSync(join(tmpdir(), "verify-page-"));
const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync",
];
const trouble = [];
let browser;

const open = async (scheme = "light", path = page) => {
  const tab = await browser.newPage();
  await tab.emulateMedia({ colorScheme: scheme });
  tab.on("console", (message) => message.type() === "error" && trouble.push(`console: ${message.text()}`));
  tab.on("pageerror", (error) => trouble.push(`page: ${error.message}`));
  tab.on("request", (request) => /^(file|blob):/.test(request.url()) || trouble.push(`request: ${request.url()}`));
  await tab.goto(pathToFileURL(path).href);
  return tab;
};

/** The verdict that the page shows, and the report below it. */
const answer = async (tab) => {
  await tab.waitForSelector("#result:not([hidden]) [data-verdict]", { timeout: 120_000 });
  const shown = await tab.getAttribute("#result [data-verdict]", "data-verdict");
  const json = shown === "none" ? null : JSON.parse(await tab.textContent("#json"));
  return { shown, json };
};

const AS_THE_POLICY_SAYS = "4";
const TIERS = ["chained", "signed", "timestamped", "witnessed"];

const ask = async (tab, path, text, tier = null) => {
  await tab.setInputFiles("#export", path);
  await tab.fill("#policy", text);
  await tab.selectOption("#tier", tier === null ? AS_THE_POLICY_SAYS : String(TIERS.indexOf(tier)));
  await tab.click("#verify");
  return answer(tab);
};

const expected = (path, pinned, tier = null) => {
  const more = [...(pinned ? ["--policy", pinned] : []), ...(tier ? ["--tier", tier] : [])];
  const run = spawnSync(program, [path, "--json", ...more], { encoding: "utf8", maxBuffer: 1 << 28 });
  assert.ok([0, 1, 2].includes(run.status), `audit-verify ended with ${run.status}: ${run.stderr}${run.stdout}`);
  return JSON.parse(run.stdout);
};

const check = (name, work) => work().then(() => {
  assert.deepEqual(trouble, [], `${name}: the browser complains`);
  console.log(`ok ${name}`);
});

const compare = (tab, path, pinned, tier = null) => check(`${basename(path)}${pinned ? "" : " without a policy"}${tier ? ` at ${tier}` : ""}`, async () => {
  const { shown, json } = await ask(tab, path, pinned ? readFileSync(pinned, "utf8") : "", tier);
  const wanted = expected(path, pinned, tier);
  assert.deepEqual(json, wanted);
  assert.equal(shown, wanted.verdict);
  const colours = await tab.evaluate(() => document.querySelector("#result .verdict").className);
  assert.equal(colours, `verdict ${{ ok: "ok", broken: "broken" }[shown] ?? "unknown"}`, "only ok is green");
  assert.equal(await tab.evaluate(() => document.activeElement.id), "result", "the reader is led to the answer");
  assert.match(await tab.textContent("#said"), new RegExp(`^${{ ok: "OK", broken: "BROKEN", incomplete: "INCOMPLETE", nothing_to_check: "NOTHING" }[shown]}`));
});

/** The page in an export, as a file of its own. An export stores what it holds as it is (APPNOTE 4.3.7: a local header of 30 bytes, then the name). */
const pageInside = (path) => {
  const bytes = readFileSync(path);
  const name = Buffer.from("verify.html");
  for (let at = 0; at >= 0 && bytes.readUInt32LE(at) === 0x04034b50;) {
    const [method, size] = [bytes.readUInt16LE(at + 8), bytes.readUInt32LE(at + 18)];
    const [named, extra] = [bytes.readUInt16LE(at + 26), bytes.readUInt16LE(at + 28)];
    const content = at + 30 + named + extra;
    if (bytes.subarray(at + 30, at + 30 + named).equals(name)) {
      assert.equal(method, 0, "it is stored as it is");
      const to = join(folder, `inside-${basename(path)}.html`);
      writeFileSync(to, bytes.subarray(content, content + size));
      return to;
    }
    at = content + size;
  }
  assert.fail(`${path} holds no verify.html`);
};

const picture = async (tab, name) => screenshots && tab.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });

/** Changes that need no knowledge of the format: a flipped bit, an end cut off, something appended, nothing at all. */
const altered = (path) => {
  const whole = readFileSync(path);
  const write = (name, content) => {
    const to = join(folder, `${name}-${basename(path)}`);
    writeFileSync(to, content);
    return to;
  };
  const places = [5, 0.25, 0.5, 0.75, 0.99].map((part) => (part < 1 ? Math.floor(whole.length * part) : part));
  const flipped = places.map((place) => {
    const copy = Buffer.from(whole);
    copy[place] ^= 1;
    return write(`flipped-${place}`, copy);
  });
  return [...flipped, write("cut", whole.subarray(0, whole.length - 30)), write("longer", Buffer.concat([whole, Buffer.from([0])]))];
};

const run = async () => {
  browser = await chromium.launchPersistentContext(join(folder, "profile"), {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: ARGUMENTS, viewport: { width: 1000, height: 900 },
  });
  const tab = await open();
  await picture(tab, "empty");
  for (const path of exports) await compare(tab, path, policy);
  if (inside) {
    for (const path of exports) {
      const own = await open("light", pageInside(path));
      console.log(`the page inside ${basename(path)}:`);
      await compare(own, path, policy);
      for (const changed of altered(path)) await compare(own, changed, policy);
    }
  }
  await compare(tab, exports[0], null);
  for (const tier of TIERS) {
    for (const path of exports.slice(0, 2)) await compare(tab, path, policy, tier);
    await compare(tab, exports[0], null, tier);
    assert.match(await tab.textContent("#result"), new RegExp(`Tier asked for${tier}`), "the tier that was asked for is shown");
  }
  await picture(tab, "incomplete");
  const small = exports.find((path) => expected(path, policy).verdict === "ok");
  assert.ok(small, "one of the exports is sound");
  for (const path of altered(small)) await compare(tab, path, policy);
  await picture(tab, "broken");

  await check("a file that is no export", async () => {
    const path = join(folder, "notes.txt");
    writeFileSync(path, "<b>not a bundle</b>");
    const { shown } = await ask(tab, path, readFileSync(policy, "utf8"));
    assert.equal(shown, "broken");
    assert.match(await tab.textContent("#result"), /begins neither as an export/);
    await picture(tab, "no-export");
  });
  await check("an empty file", async () => assert.equal((await ask(tab, write0(), "")).shown, "broken"));
  await check("a policy that cannot be used", async () => {
    const { shown } = await ask(tab, small, "origin o\nlog nonsense");
    assert.equal(shown, "none");
    assert.match(await tab.textContent("#result"), /line 2/);
    await picture(tab, "policy");
  });
  await check("a file of 10 GB gets a clear answer", async () => {
    const path = join(folder, "huge.audit.zip");
    writeFileSync(path, "");
    truncateSync(path, 10 * 1000 ** 3);
    await compare(tab, path, policy);
    assert.match(await tab.textContent("#result"), /too large/);
    await picture(tab, "huge");
  });
  await check("nothing chosen", async () => {
    const other = await open();
    await other.click("#verify");
    assert.equal((await answer(other)).shown, "none");
  });
  await check("by keyboard, with dropped files", async () => {
    const other = await open("dark");
    const drop = async (zone, path) => {
      const content = readFileSync(path).toString("base64");
      const data = await other.evaluateHandle(([content, name]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], name));
        return transfer;
      }, [content, basename(path)]);
      await other.dispatchEvent(zone, "drop", { dataTransfer: data });
    };
    await drop("#export-drop", small);
    await drop("#policy-drop", policy);
    await other.waitForFunction(() => document.querySelector("#policy").value !== "");
    await other.focus("#verify");
    await other.keyboard.press("Enter");
    assert.equal((await answer(other)).shown, "ok");
    await picture(other, "ok-dark");
    await other.emulateMedia({ media: "print", colorScheme: "light" });
    await picture(other, "ok-print");
    await other.emulateMedia({ media: "screen", colorScheme: "light" });
    await other.setViewportSize({ width: 375, height: 800 });
    await picture(other, "ok-narrow");
    assert.ok(await other.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing is wider than a telephone");
  });
  await check("every field has a name", async () => {
    const nameless = await tab.evaluate(() => [...document.querySelectorAll("input, textarea, select, button")]
      .filter((field) => !field.hidden && !field.labels?.length && !field.textContent.trim()).map((field) => field.id));
    assert.deepEqual(nameless, []);
  });
};

const write0 = () => {
  const path = join(folder, "empty.audit.zip");
  writeFileSync(path, "");
  return path;
};

try {
  await run();
} catch (error) {
  console.log(`FAILED ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
}
