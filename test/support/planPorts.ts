import type { PlanPorts } from "../../lib/stages/plan.ts";

/** What Plan needs for a run without secrets, whose workers start at once. */
export const PLAN_PORTS: PlanPorts = {
  nowMs: Date.now,
  sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
  concurrency: async () => 1_000,
  secret: async (reference) => Promise.reject(new Error(reference)),
  seal: async () => {},
  preflight: async () => [],
  wake: async () => {},
  startHosts: async () => {},
  fleetWaitMs: 0,
  times: () => ({ nowMs: Date.now(), leadMs: 0, leadPerWorkerMs: 0, leadPerMbMs: 0 }),
};
