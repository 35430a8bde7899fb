import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PackedList, pack } from "../../lib/plan/packed.ts";
import { type Place, type Row, sleep } from "./harness.ts";

/* What lies in the store is changed between Plan and the workers: nothing goes elsewhere, faster or longer for it. */

// biome-ignore lint/suspicious/noExplicitAny: what lies in the store is changed into anything.
type Changed = any;

/** A run of which an object in the store is changed as soon as Plan has written all of them. */
function changedRow(name: string, path: RegExp, change: (object: Changed) => unknown, says: RegExp): Row {
  return {
    name: `in the store, after Plan: ${name}`,
    plan: { duration: "3s" },
    withinSeconds: 40,
    exit: 3,
    valid: false,
    says,
    async fault(place) {
      // Its runner reads them as soon as Plan ends: it stands still while they are changed.
      while (place.processes("plan").length === 0) await sleep(10);
      await sleep(150);
      const runner = place.runner.pid ?? 0;
      process.kill(runner, "SIGSTOP");
      await place.file(/assignments\.json$/);
      const file = await place.file(path);
      const object = JSON.parse(readFileSync(file, "utf8"));
      change(object);
      writeFileSync(`${file}.partial`, JSON.stringify(object));
      renameSync(`${file}.partial`, file);
      process.kill(runner, "SIGCONT");
    },
    check({ truth }) {
      return !truth ? undefined : `${truth} requests were answered all the same`;
    },
  };
}

const FORBIDDEN = "http://192.0.2.9/";

/** Writes a replay that is long enough for its lines to be kept apart from the plan. */
function writeReplay({ folder, gateway: { origin } }: Place): string {
  const body = { jsonrpc: "2.0", method: "eth_chainId", params: [], id: 1 };
  const line = JSON.stringify({ at: 0, url: `${origin}/api/gateway?endpoint=ETH_ENDPOINT_ID`, body });
  const lines = Array.from({ length: 2_500 }, (_, at) => line.replace('"at":0', `"at":${at}`));
  writeFileSync(join(folder, "log.jsonl"), lines.join("\n"));
  return origin;
}

export const STORE_ROWS: Row[] = [
  changedRow(
    "another host, which the plan then allows itself",
    /runs\/.*\/plan\.json$/,
    (plan) => {
      plan.allowedHosts = ["192.0.2.9"];
      for (const { targets } of plan.chains) for (const target of targets) target.url = FORBIDDEN;
    },
    /the host 192\.0\.2\.9/,
  ),
  changedRow(
    "1,000 times the rate",
    /runs\/.*\/plan\.json$/,
    (plan) => {
      plan.perWorkerRps *= 1_000;
      for (const chain of plan.chains) chain.rps *= 1_000;
    },
    /200000 requests per second/,
  ),
  changedRow(
    "an hour instead of 3 s",
    /runs\/.*\/plan\.json$/,
    (plan) => Object.assign(plan, { durationMs: 3_600_000, segmentMs: 3_600_000 }),
    /3600000 ms/,
  ),
  changedRow(
    "assignments that go on for an hour",
    /assignments\.json$/,
    (assignments) => {
      for (const each of assignments) each.toMs = 3_600_000;
    },
    /-?\d+ to 3600000 ms/,
  ),
  changedRow(
    "assignments of all requests for each worker",
    /assignments\.json$/,
    (assignments) => {
      for (const { shares } of assignments) for (const share of shares) share.rps *= 1_000;
    },
    /shares/,
  ),
  {
    ...changedRow(
      "another host in a replay's lines",
      /lines\/w000-s00\.json$/,
      (own) => {
        for (const lines of own) {
          const targets = [...new PackedList<{ url: string }>(lines.targets)].map((each) => ({
            ...each,
            url: FORBIDDEN,
          }));
          lines.targets = pack(targets);
        }
      },
      /forbidden-host \(2500 of 2500\)/,
    ),
    // A worker does not unpack all lines before it starts: the socket refuses the host, request by request.
    exit: 1,
    valid: true,
    plan: { duration: "3s", workers: 1, chains: [{ name: "log", replay: { file: "log.jsonl" } }], perWorkerRps: 5_000 },
    target: async (place) => writeReplay(place),
  },
];
