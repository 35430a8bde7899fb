import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { test } from "node:test";
import { startWatchdog } from "../../lib/attack/watchdog.ts";
import type { LastWordsPlace } from "../../lib/store/lastWords.ts";
import { temporaryFolder } from "../support/folder.ts";
import { ROOT } from "../support/volley.ts";

/** Runs a script with a watchdog that tells after 0.5 s and ends after 1.5 s. */
async function run(script: string, file: string, lastWords: LastWordsPlace = { file }) {
  const started = `
    import { startWatchdog } from "${ROOT}lib/attack/watchdog.ts";
    const watchdog = startWatchdog({ name: "w000", lastWords: ${JSON.stringify(lastWords)}, frozenMs: 500, endMs: 1_500 });
    const hold = (ms) => { const until = performance.now() + ms; while (performance.now() < until); };
    const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
    ${script}`;
  const path = `${dirname(file)}.mjs`;
  writeFileSync(path, started);
  const args = ["--disable-warning=ExperimentalWarning", path];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  const beganMs = performance.now();
  const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
  const [, signal] = (await once(child, "close")) as [number | null, string | null];
  clearTimeout(timer);
  return { signal, stdout, stderr, tookMs: performance.now() - beganMs };
}

test("a process whose event loop does not turn says so, writes down why, and is ended", async (t) => {
  const file = `${temporaryFolder(t)}/failures/1.txt`;
  const ended = await run("await sleep(300); hold(60_000);", file);
  assert.equal(ended.signal, "SIGKILL");
  assert.ok(ended.tookMs < 15_000, `${ended.tookMs} ms`);
  assert.match(ended.stderr, /the event loop of w000 has not turned for 0\.5 s/);
  assert.match(readFileSync(file, "utf8"), /^its event loop did not turn for 1\.5 s, and it was ended$/);
});

test("where the store is no folder the reason is put by a URL, and a URL that hangs does not keep the process", async (t) => {
  const put: string[] = [];
  const server = createServer((incoming, response) => {
    incoming.setEncoding("utf8").on("data", (text: string) => put.push(`${incoming.method} ${incoming.url} ${text}`));
    if (incoming.url !== "/hangs") incoming.on("end", () => response.end());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  t.after(() => server.closeAllConnections());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const path of ["/key", "/hangs"]) {
    const ended = await run("await sleep(300); hold(60_000);", `${temporaryFolder(t)}/x`, { url: `${origin}${path}` });
    assert.equal(ended.signal, "SIGKILL");
    assert.ok(ended.tookMs < 18_000, `${ended.tookMs} ms`);
  }
  const reason = "its event loop did not turn for 1.5 s, and it was ended";
  assert.deepEqual(put, [`PUT /key ${reason}`, `PUT /hangs ${reason}`]);
});

test("an event loop that stood still and goes on again is told once, and the process lives", async (t) => {
  const file = `${temporaryFolder(t)}/failures/1.txt`;
  const script = `await sleep(300); hold(900); await sleep(0);
    const frozen = watchdog.take(); await sleep(300); console.log(JSON.stringify([frozen, watchdog.take()]));
    watchdog.close();`;
  const ended = await run(script, file);
  assert.equal(ended.signal, null, ended.stderr);
  const [frozen, after] = JSON.parse(ended.stdout) as [number, number];
  assert.ok(frozen >= 500 && frozen < 5_000, `${frozen} ms`);
  assert.equal(after, 0);
  assert.equal(existsSync(file), false);
});

test("a watchdog that is closed looks on no more", async (t) => {
  const file = `${temporaryFolder(t)}/failures/1.txt`;
  const ended = await run("watchdog.close(); hold(2_500);", file);
  assert.deepEqual([ended.signal, ended.stderr], [null, ""]);
});

test("an event loop that turns is not told", async () => {
  const watchdog = startWatchdog({ name: "w000" });
  await new Promise((done) => setTimeout(done, 300));
  assert.equal(watchdog.take(), 0);
  watchdog.close();
});
