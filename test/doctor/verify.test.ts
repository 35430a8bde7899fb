import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { BilledCall } from "../../lib/doctor/acceptance.ts";
import type { Check } from "../../lib/doctor/check.ts";
import { verify } from "../../lib/doctor/verify.ts";
import { abortKey, killKey, leaseKey, planKey, scheduleKey } from "../../lib/store/keys.ts";
import { WRITES } from "../../lib/store/writes.ts";
import { MemoryStore } from "../support/memoryStore.ts";

const ORIGIN = "https://gateway.example";
const RUN_MS = 20_000;

/** A store that records the keys written to it. */
class RecordingStore extends MemoryStore {
  readonly written: string[] = [];

  override async put(key: string, body: string): Promise<void> {
    this.written.push(key);
    return super.put(key, body);
  }

  override async putIfAbsent(key: string, body: string): Promise<boolean> {
    this.written.push(key);
    return super.putIfAbsent(key, body);
  }
}

/** Whether the operators' policy allows writing a key: IAM's wildcard matches slashes, too. */
function mayWrite(key: string): boolean {
  return WRITES.operator.some((pattern) =>
    new RegExp(`^${pattern.split("*").map(RegExp.escape).join(".*")}$`).test(key),
  );
}

/** Runs the acceptance test in a deployment whose runs have no report; `billed` is what Lambda's log says. */
async function verified(store: MemoryStore, billed: BilledCall[] = []): Promise<Check[]> {
  const startedMs = new Map<string, number>();
  let nowMs = 0;
  return verify(
    { origin: ORIGIN, beganAt: new Date("2025-11-25T20:15:30Z") },
    {
      store,
      start: async (runId) => {
        startedMs.set(runId, nowMs);
        store.set(scheduleKey(runId), JSON.stringify({ startAtMs: nowMs }));
      },
      status: async (runId) => {
        if (runId.endsWith("-refused")) return { status: "FAILED", error: "InputError: a host that is not allowed" };
        const status = nowMs - (startedMs.get(runId) ?? 0) < RUN_MS ? "RUNNING" : "SUCCEEDED";
        return { status, error: "" };
      },
      billed: async () => billed,
      truth: async () => undefined,
      nowMs: () => nowMs,
      sleep: async (ms) => {
        nowMs += ms;
        await setImmediate();
      },
      note: () => {},
    },
  );
}

test("the acceptance test aborts one of its runs and kills a worker of another, and writes only what operators may", async () => {
  const store = new RecordingStore();
  const checks = await verified(store);
  const run = (kind: string): string => `verify-20251125-201530-${kind}`;
  const plans = ["steady", "abort", "kill", "refused"].map((kind) => planKey(run(kind)));
  assert.deepEqual(store.written.toSorted(), [...plans, abortKey(run("abort")), killKey(run("kill"))].toSorted());
  assert.deepEqual(
    store.written.filter((key) => !mayWrite(key)),
    [],
  );
  const failed = checks.filter(({ level }) => level === "fail").map(({ subject }) => subject);
  assert.deepEqual(failed, ["a plain run", "abort", "a killed worker"], "these have no report here");
});

test("Lambda's bill is compared with the estimate at the memory that the workers have", async () => {
  // Two workers each: 20 s in two segments, 60 s, 20 s; 20.02 s of lead and 1.5 s of end for each call.
  const seconds = 2 * (20 + 60 + 20) + (4 + 2 + 2) * 21.52;
  const calls = Array.from({ length: 8 }, () => ({ billedMs: (seconds * 1_000) / 8, memoryMb: 512 }));
  const bill = (await verified(new MemoryStore(), calls)).find(({ subject }) => subject === "Lambda time");
  assert.equal(bill?.level, "ok");
  assert.match(bill?.evidence ?? "", /^186\.1 GB-s billed for 8 calls, 186\.1 estimated \(-?0 %\)$/);
});

test("operators may kill a worker in the acceptance test's runs alone", () => {
  assert.ok(mayWrite("runs/verify-20251125-201530-kill/leases/w001-s00/2.json"));
  assert.ok(!mayWrite(leaseKey("evening-1", "w001-s00", 2)));
  assert.ok(!mayWrite(leaseKey("verify-20251125-201530-kill", "w000-s00", 2)));
});
