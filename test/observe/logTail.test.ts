import assert from "node:assert/strict";
import { appendFileSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { getGlobalDispatcher } from "undici";
import { type LogLooks, lookAtLogs } from "../../lib/observe/logTail.ts";
import { startNginx } from "../support/nginx.ts";
import { answeringServer, DEAD_ORIGIN, jsonResponse } from "../support/servers.ts";

const PORTS = {
  nowMs: () => 5_000,
  startAtMs: 3_000,
  reveal: async (header: string) => header,
  dispatcher: getGlobalDispatcher(),
};
const MATCH = "error|timeout";

/** Looks at one log over and over, each time going on from the look before. */
function tail(url: string): () => Promise<LogLooks["logs"][number]> {
  let before: LogLooks | undefined;
  return async () => {
    before = await lookAtLogs([{ url, headers: {}, match: MATCH }], before, PORTS);
    const [look] = before.logs;
    assert.ok(look);
    return look;
  };
}

async function served(t: TestContext): Promise<{ path: string; look: ReturnType<typeof tail> } | undefined> {
  const nginx = await startNginx(t);
  if (!nginx) return undefined;
  const path = `${nginx.files}/gateway.log`;
  return { path, look: tail(`${nginx.origin}/files/gateway.log?token=secret`) };
}

test("only the lines that come during the run are read, each once, and those that match are kept", async (t) => {
  const log = await served(t);
  if (!log) return;
  writeFileSync(log.path, "ERROR before the run\n");
  assert.deepEqual([(await log.look()).read, (await log.look()).read], [0, 0]);
  appendFileSync(log.path, "ok\nupstream TIMEOUT after 5 s\nhalf an err");
  const look = await log.look();
  assert.deepEqual([look.read, look.matched], [2, 1]);
  assert.deepEqual(look.lines, [{ atMs: 2_000, text: "upstream TIMEOUT after 5 s" }]);
  assert.ok(!look.source.includes("secret"), "a query may hold a token");
  appendFileSync(log.path, "or\n");
  assert.deepEqual((await log.look()).lines, [{ atMs: 2_000, text: "half an error" }]);
  assert.equal((await log.look()).read, 0);
});

test("a log that was rotated is read from its beginning", async (t) => {
  const log = await served(t);
  if (!log) return;
  writeFileSync(log.path, "one\ntwo\nthree\n");
  await log.look();
  writeFileSync(log.path, "error\n");
  const looks = [await log.look(), await log.look()];
  assert.deepEqual(
    looks.map(({ matched }) => matched),
    [0, 1],
  );
});

test("a server without ranges is read too, and a log that is not there is a gap", async (t) => {
  let file = "error before\n";
  const server = await answeringServer(t, () => jsonResponse(file));
  const look = tail(server.origin);
  await look();
  file += "error\n";
  assert.equal((await look()).matched, 1);
  assert.equal((await look()).matched, 0);
  const gone = await tail(DEAD_ORIGIN)();
  assert.match(gone.failed ?? "", /ECONNREFUSED/);
  const missing = await tail((await answeringServer(t, () => jsonResponse("", "404 Not Found"))).origin)();
  assert.equal(missing.failed, "HTTP 404");
});

/** A log in memory, over HTTP without ranges. */
async function memoryLog(t: TestContext, match: string, headers: Record<string, string> = {}) {
  const file = { text: "" };
  const server = await answeringServer(t, () => jsonResponse(file.text));
  let before: LogLooks | undefined;
  const ports = { ...PORTS, reveal: async (value: string) => value.replace("env://TOKEN", "hunter2secret") };
  const look = async (): Promise<LogLooks["logs"][number]> => {
    before = await lookAtLogs([{ url: server.origin, headers, match }], before, ports);
    return before.logs[0] ?? assert.fail();
  };
  await look();
  return { file, look };
}

test("a line of 3.6 MB takes no time under any pattern, and a look's lines are bounded", async (t) => {
  for (const match of ["error.*timed out", "(r|o|error| )+x, y", "(.*)*y"]) {
    const log = await memoryLog(t, match);
    log.file.text = `${"error ".repeat(600_000)}\nerror: it timed out, x, y\n`;
    const beganMs = performance.now();
    const { read, matched } = await log.look();
    const tookMs = performance.now() - beganMs;
    assert.ok(tookMs < 1_500, `${match}: ${tookMs} ms`);
    assert.deepEqual([read, matched], [2, 1], match);
  }
  const many = await memoryLog(t, "error");
  many.file.text = "error\n".repeat(100_000);
  const { read, matched, lines } = await many.look();
  assert.deepEqual([read, matched, lines.length], [100_000, 100_000, 20]);
  const endless = await memoryLog(t, "error");
  endless.file.text = "error ".repeat(800_000);
  const look = await endless.look();
  assert.deepEqual([look.read, look.skipped], [0, 1], "a line longer than a look reads holds nothing up, and is told");
});

test("what is kept of a line has no secrets, no escapes for terminals, and 200 characters at most", async (t) => {
  const log = await memoryLog(t, "error", { Authorization: "Bearer env://TOKEN" });
  log.file.text = [
    "error \u001b]0;owned\u0007\u001b[2J\u202e GET /?token=abc123 by hunter2secret",
    "error Authorization: Bearer eyJhbGciOi.JIUzI1NiJ9.sig postgres://user:pa55@db/x api_key=k-1234",
    `error ${"x".repeat(10_000)}`,
    "",
  ].join("\n");
  const { lines } = await log.look();
  const text = lines.map((line) => line.text).join("\n");
  assert.equal(lines.length, 3);
  for (const secret of ["abc123", "hunter2secret", "eyJhbGciOi", "pa55", "k-1234"]) {
    assert.ok(!text.includes(secret), `${secret} in ${text}`);
  }
  assert.doesNotMatch(text.replaceAll("\n", ""), /\p{C}/u);
  assert.ok(lines.every((line) => line.text.length <= 201));
});

test("a server that never ends its answer, or never begins it, is a gap within its time", async (t) => {
  const endless = await answeringServer(t, (socket) => {
    const timer = setInterval(() => socket.write("error\n"), 50);
    socket.on("close", () => clearInterval(timer));
    return "HTTP/1.1 200 OK\r\n\r\n";
  });
  const silent = await answeringServer(t, () => undefined);
  const beganMs = Date.now();
  const settings = [endless, silent].map(({ origin }) => ({ url: origin, headers: {}, match: MATCH }));
  const { logs } = await lookAtLogs(settings, undefined, PORTS);
  assert.ok(Date.now() - beganMs < 5_000);
  assert.ok(logs.every(({ failed }) => failed !== undefined));
});
