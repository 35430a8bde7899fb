import assert from "node:assert/strict";
import { appendFileSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { type LogLooks, lookAtLogs } from "../../lib/observe/logTail.ts";
import { startNginx } from "../support/nginx.ts";
import { answeringServer, deadOrigin, jsonResponse } from "../support/servers.ts";

const PORTS = { nowMs: () => 5_000, startAtMs: 3_000, reveal: async (header: string) => header };
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
  const gone = await tail(await deadOrigin(t))();
  assert.match(gone.failed ?? "", /ECONNREFUSED/);
  const missing = await tail((await answeringServer(t, () => jsonResponse("", "404 Not Found"))).origin)();
  assert.equal(missing.failed, "HTTP 404");
});
