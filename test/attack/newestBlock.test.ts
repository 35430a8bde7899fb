import assert from "node:assert/strict";
import { test } from "node:test";
import { needsBlock, newestBlock } from "../../lib/attack/newestBlock.ts";
import { HostGuard } from "../../lib/guard/hostGuard.ts";
import type { ConnectionOptions } from "../../lib/http/connection.ts";
import { secureOf } from "../../lib/http/secure.ts";
import type { Chain, Target } from "../../lib/plan/schema.ts";
import { temporaryFolder } from "../support/folder.ts";
import { resolveAllTo } from "../support/resolver.ts";
import { answeringServer, jsonResponse } from "../support/servers.ts";
import { startTlsServer } from "../support/tls.ts";

const BODY = '{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["{{blockNumber -5..0}}",false]}';
const AS_WRITTEN = (text: string): string => text;
const target = (url: string, more: Partial<Target> = {}): Target => {
  return { method: "POST", url, headers: [], body: BODY, weight: 1, ...more };
};
const chainOf = (targets: Target[], data?: Chain["data"]): Chain => ({
  name: "x",
  rps: 1,
  targets,
  ...(data && { data }),
});

const OPTIONS: ConnectionOptions = { http: "1.1", keepalive: true, timeoutMs: 1_000 };

test("the block is asked for where the first target that names one is sent, with its headers and its URL filled in", async (t) => {
  const seen: string[] = [];
  const server = await answeringServer(t, (_, request) => {
    seen.push(request);
    return jsonResponse('{"jsonrpc":"2.0","id":1,"result":"0x64"}');
  });
  const rest = target(`${server.origin}/health`, { method: "GET" });
  delete rest.body;
  const asked = target(`${server.origin}/v1/{{data.key}}?t=env://KEY`, {
    headers: [
      ["X-Key", "{{data.key}}"],
      ["Content-Encoding", "gzip"],
    ],
  });
  const chain = chainOf([rest, asked], [{ key: "k 1/?" }, { key: "k2" }]);
  assert.ok(needsBlock(chain));
  assert.equal(await newestBlock(chain, OPTIONS, (text) => text.replace("env://KEY", "s")), 100);
  assert.match(seen.join(), /^POST \/v1\/k%201%2F%3F\?t=s HTTP\/1\.1/);
  assert.match(seen.join(), /\r\nX-Key: k 1\/\?\r\n/i);
  assert.doesNotMatch(seen.join(), /content-encoding/i);
});

test("a gateway that refuses for its rate is asked again; one that tells no block is named with what it answered", async (t) => {
  let asked = 0;
  const limited = jsonResponse('{"jsonrpc":"2.0","id":1,"error":{"code":-32005}}', "429 Too Many Requests");
  const passing = await answeringServer(t, () => {
    return ++asked < 3 ? limited : jsonResponse('{"jsonrpc":"2.0","id":1,"result":"0x10"}');
  });
  assert.equal(await newestBlock(chainOf([target(`${passing.origin}/`)]), OPTIONS, AS_WRITTEN), 16);
  const never = await answeringServer(t, () => limited);
  await assert.rejects(
    newestBlock(chainOf([target(`${never.origin}/`)]), OPTIONS, AS_WRITTEN),
    /no newest block for \{\{blockNumber\}\}: http.* answered eth_blockNumber with HTTP 429.*-32005/,
  );
});

test("no block is asked of a host that may not be loaded", async (t) => {
  const server = await answeringServer(t, () => jsonResponse('{"result":"0x1"}'));
  const guard = new HostGuard({ allowed: [], loopback: false });
  await assert.rejects(
    newestBlock(chainOf([target(`${server.origin}/`)]), { ...OPTIONS, guard }, AS_WRITTEN),
    /is refused/,
  );
  assert.equal(server.connections, 0);
});

test("no block is asked of an allowed name that has come to lead to loopback", async (t) => {
  const server = await answeringServer(t, () => jsonResponse('{"result":"0x1"}'));
  resolveAllTo(t, "127.0.0.1");
  const guard = new HostGuard({ allowed: ["gw.example"], loopback: true });
  const url = `http://gw.example:${new URL(server.origin).port}/`;
  await assert.rejects(newestBlock(chainOf([target(url)]), { ...OPTIONS, guard }, AS_WRITTEN), /is refused/);
  assert.equal(server.connections, 0);
});

test("the question goes where the plan sends the load: past a name, and to a certificate that nobody vouches for", async (t) => {
  const tls = await startTlsServer(t, temporaryFolder(t));
  if (!tls) return;
  const { port } = new URL(tls.origin);
  const secure = await secureOf({ insecure: true }, async () => "");
  const options = { ...OPTIONS, secure, resolve: { "localhost:1": `127.0.0.1:${port}` } };
  assert.equal(await newestBlock(chainOf([target("https://localhost:1/")]), options, AS_WRITTEN), 1);
  await assert.rejects(newestBlock(chainOf([target(`${tls.origin}/`)]), OPTIONS, AS_WRITTEN), /self-signed/);
});
