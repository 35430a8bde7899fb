import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { getGlobalDispatcher } from "undici";
import { type Scrape, scrape, unmatchedSelectors } from "../../lib/observe/scrape.ts";
import { checkedPlan } from "../support/plans.ts";
import { DEAD_ORIGIN } from "../support/servers.ts";

/** Starts a server of metrics that answers as a test wants; gives what was asked of it too. */
async function metricsServer(t: TestContext, answer: (response: ServerResponse) => void) {
  const asked: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers);
    response.on("error", () => {});
    answer(response);
  }).listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`, asked };
}

function observing(url: string, more: object = {}) {
  const cost = { name: "q", metric: "q_total" };
  const observe = { endpoints: [{ url, headers: { "X-Key": "k" } }], costs: [cost], ...more };
  return checkedPlan("http://127.0.0.1:9", { observe }).observe;
}

async function look(url: string): Promise<Scrape> {
  return scrape(observing(url), () => 1_000, { reveal: async (header) => header, dispatcher: getGlobalDispatcher() });
}

test("an endpoint is asked for the text format first, with its headers, and its page is decoded", async (t) => {
  for (const [headers, body] of [
    [{ "Content-Type": "text/plain; version=0.0.4" }, "q_total 3\n"],
    [{ "Content-Type": "text/plain", "Content-Encoding": "gzip" }, gzipSync("q_total 3\n")],
    [{ "Content-Type": "application/openmetrics-text; version=1.0.0" }, "q_total 3 # {} 1\n# EOF\n"],
  ] as const) {
    const server = await metricsServer(t, (response) => response.writeHead(200, headers).end(body));
    assert.deepEqual(await look(server.url), {
      atMs: 1_000,
      samples: [{ name: "q_total", labels: {}, value: 3 }],
      failed: [],
    });
    assert.match(String(server.asked[0]?.accept), /^text\/plain;version=0\.0\.4, application\/openmetrics-text/);
    assert.equal(server.asked[0]?.["x-key"], "k");
  }
});

test("an endpoint that gives no page is named with how it failed, within its time, and without its query", async (t) => {
  const cases: [failure: string, answer: (response: ServerResponse) => void, detail: RegExp][] = [
    ["status", (response) => response.writeHead(404).end("no"), /^HTTP 404$/],
    ["unreadable", (response) => response.end("<html>"), /line 1 is no sample: <html>/],
    ["unreadable", (response) => response.writeHead(200, { "Content-Encoding": "gzip" }).end("q_total 3\n"), /header/],
    ["unreadable", (response) => response.writeHead(200, { "Content-Encoding": "zz" }).end("q"), /zz/],
    [
      "unreadable",
      (response) => response.writeHead(200, { "Content-Type": "application/openmetrics-text" }).end("q_total 3\n"),
      /cut off/,
    ],
    ["timeout", () => {}, /within 2 s/],
    [
      "timeout",
      (response) => {
        const timer = setInterval(() => response.write("#\n"), 100);
        response.on("close", () => clearInterval(timer));
      },
      /within 2 s/,
    ],
    [
      "too large",
      (response) => {
        const piece = Buffer.alloc(1 << 20, "#");
        const write = (): void => {
          while (!response.destroyed && response.write(piece));
        };
        response.on("drain", write);
        write();
      },
      /more than 16777216 bytes/,
    ],
    ["too large", (response) => response.writeHead(200, { "Content-Encoding": "gzip" }).end(BOMB), /more than/],
    ["unreachable", (response) => response.destroy(), /closed|ECONNRESET/],
  ];
  await Promise.all(
    cases.map(async ([failure, answer, detail]) => {
      const server = await metricsServer(t, answer);
      const beganMs = Date.now();
      const { failed, samples } = await look(`${server.url}?token=secret`);
      assert.equal(failed[0]?.failure, failure, failed[0]?.detail);
      assert.match(failed[0]?.detail ?? "", detail);
      assert.equal(failed[0]?.url, server.url);
      assert.deepEqual(samples, []);
      assert.ok(Date.now() - beganMs < 4_000);
    }),
  );
  const { failed } = await look(`${DEAD_ORIGIN}/metrics`);
  assert.deepEqual([failed[0]?.failure, failed[0]?.detail.includes("ECONNREFUSED")], ["unreachable", true]);
});

/** 64 MB of a page in some 60 kB. */
const BOMB = gzipSync(Buffer.alloc(64 * 2 ** 20, "\n"));

test("a selector that fits no sample is named, for all chains or for the one that has none", () => {
  const observe = observing("http://127.0.0.1:9/metrics", {
    costs: [
      { name: "q", metric: "q_total", chainLabel: "service", chainNames: { kava: "k" } },
      { name: "misspelt", metric: "p_totl" },
      { name: "label", metric: "q_total", labels: { code: "404" } },
    ],
    resources: [{ name: "pool", used: { metric: "pool_used" }, limit: { metric: "pool_max" } }],
  });
  const looks = [
    { atMs: 0, failed: [], samples: [{ name: "q_total", labels: { service: "ethereum" }, value: 1 }] },
    { atMs: 1, failed: [], samples: [{ name: "pool_used", labels: {}, value: 1 }] },
  ];
  const unmatched = unmatchedSelectors(looks, observe, ["ethereum", "kava"]);
  assert.deepEqual(
    unmatched.map(({ of, name, chain }) => [of, name, chain]),
    [
      ["cost", "q", "kava"],
      ["cost", "misspelt", undefined],
      ["cost", "label", undefined],
      ["limit", "pool", undefined],
    ],
  );
});
