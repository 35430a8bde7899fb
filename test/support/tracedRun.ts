import { writeSync } from "node:fs";
import { attack } from "../../lib/attack/worker.ts";
import { assign } from "../../lib/plan/assign.ts";
import { systemClock } from "../../lib/store/clock.ts";
import { chainInput, checkedPlan } from "./plans.ts";

/*
 * `node test/support/tracedRun.ts ORIGIN`: one worker sends 5,000 requests/s for 2 s. Marks in its output when it sends, so
 * that V8's traces in between are the run's.
 */

const LEAD_MS = 6_000;
const [origin = ""] = process.argv.slice(2);
const chains = [chainInput("ethereum", 5_000, origin)];
const plan = checkedPlan(origin, { chains, duration: "2s", perWorkerRps: 5_000 });
const startAtMs = Date.now() + LEAD_MS;
const [assignment] = assign(plan, { runId: "run", startAtMs, leadMs: LEAD_MS });
if (!assignment) throw new Error("the plan has no assignment");
setTimeout(() => writeSync(1, "BEGIN\n"), LEAD_MS + 5);
setTimeout(() => writeSync(1, "END\n"), LEAD_MS + 1_900);
const ports = { clock: systemClock, emit: async () => {}, stopRequested: async () => undefined };
const { series } = await attack({ plan, assignment, attempt: 1 }, ports);
writeSync(1, `${JSON.stringify(series.map(({ sent, valid }) => ({ sent, valid })))}\n`);
