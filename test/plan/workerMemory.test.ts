import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { sizeOf, type WorkerMemory, workerMemory } from "../../lib/plan/workerMemory.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";
import { ROOT } from "../support/volley.ts";

const TLS = "https://gateway.example";
const HTTP = "http://gateway.example";

/** What a plan with one chain of 500 requests/s needs. */
function memoryOf(changes: Record<string, unknown> = {}, origin = TLS): WorkerMemory {
  const allowedHosts = ["gateway.example"];
  return workerMemory(checkedPlan(origin, { chains: [chainInput("a", 500, origin)], allowedHosts, ...changes }));
}

/** The rows of bench:share's table in docs/aws.md: wire, rate, and a cell for each memory. */
function measuredRows(): { wire: string; rps: number; lags: (number | null)[] }[] {
  const rows = readFileSync(`${ROOT}docs/aws.md`, "utf8").matchAll(/^\| (HTTP|TLS[^|]*?), ([\d,]+)\/s \|(.*)\|$/gm);
  return [...rows].map(([, wire = "", rps = "", cells = ""]) => ({
    wire,
    rps: Number(rps.replace(",", "")),
    lags: cells.split("|").map((cell) => (cell.includes("not sent") ? null : Number(cell))),
  }));
}

test("what a plan is told of its memory is what docs/aws.md says was measured, and never less for a smaller one", () => {
  const rows = measuredRows();
  assert.equal(rows.length, 4);
  for (const { wire, rps, lags } of rows) {
    const origin = wire === "HTTP" ? HTTP : TLS;
    const chains = [chainInput("a", rps, origin)];
    const found = memoryOf({ chains, perWorkerRps: rps, keepalive: !wire.includes("no keep-alive") }, origin);
    assert.deepEqual(
      found.sizes.map(({ lagP99Ms }) => lagP99Ms),
      lags.map((_, index) => (lags[index] === null ? null : Math.max(...lags.slice(index).map((lag) => lag ?? 0)))),
      `${wire}, ${rps}/s`,
    );
  }
});

test("the memory that a plan needs is the smallest that keeps to the lag its SLOs allow", () => {
  assert.equal(memoryOf().neededMb, 256, "13.54 of 50 ms");
  assert.equal(memoryOf({ slo: { p99Ms: 40 } }).neededMb, 512, "4.44 of 10 ms");
  assert.equal(memoryOf({ slo: { p99Ms: 17 } }).neededMb, 1_024, "4.44 is above 4.25 ms");
  assert.equal(memoryOf({ limits: { sendLagP99Ms: 0.22 } }).neededMb, 1_769);
  assert.equal(memoryOf({ limits: { sendLagP99Ms: 0.1 } }).neededMb, null);
  assert.equal(memoryOf({ keepalive: false }).neededMb, 1_024, "smaller ones do not send all");
  const fast = { chains: [chainInput("a", 1_000, TLS)], perWorkerRps: 1_000 };
  assert.equal(memoryOf(fast).neededMb, 512, "87.87 ms with 256 MB");
  assert.deepEqual(memoryOf({ ...fast, keepalive: false }).sizes, [], "not measured");
});

test("a worker's rate is its highest: of all its chains, of a replay's busiest second, of a search's trials", () => {
  const twoChains = [chainInput("a", 900, TLS), chainInput("b", 100, HTTP)];
  assert.equal(memoryOf({ chains: twoChains }).rps, 450);
  assert.equal(memoryOf({ chains: twoChains }).wire, "tls", "one chain is enough");
  assert.equal(memoryOf({ chains: twoChains, workers: 1, perWorkerRps: 1_000 }).rps, 1_000);
  const plan = checkedPlan(TLS, { allowedHosts: ["gateway.example"] });
  const replay = Array.from({ length: 1_200 }, (_, index) => index / 2);
  assert.equal(workerMemory({ ...plan, chains: plan.chains.map((chain) => ({ ...chain, replay })) }).rps, 1_200);
  const slow = [chainInput("a", 10, TLS)];
  const search = { chains: slow, profile: { type: "search" }, slo: { success: 0.99 }, duration: "60s" };
  assert.equal(memoryOf(search).rps, 500);
  assert.equal(memoryOf({ chains: slow }).rps, 10);
});

test("a deployment's memory counts as the largest measured one that is not above it", () => {
  const memory = memoryOf();
  assert.equal(sizeOf(memory, 1_024)?.lagP99Ms, 0.25);
  assert.equal(sizeOf(memory, 1_700)?.lagP99Ms, 0.25);
  assert.equal(sizeOf(memory, 10_240)?.lagP99Ms, 0.2);
  assert.equal(sizeOf(memory, 128), undefined);
});

test("plain HTTP needs no more than TLS at the same rate, and a worker of a region sends the region's share", () => {
  const changes = { perWorkerRps: 1_000, chains: [chainInput("a", 800, HTTP)] };
  const overTls = memoryOf({ ...changes, chains: [chainInput("a", 800, TLS)] });
  assert.deepEqual(memoryOf(changes, HTTP).sizes, overTls.sizes);
  assert.equal(overTls.sizes.length, 4);
  assert.equal(memoryOf({ ...changes, regions: { east: 0.7, west: 0.3 } }).rps, 560);
});
