import { readFileSync } from "node:fs";
import { availableParallelism, freemem } from "node:os";
import { splitRates } from "../plan/assign.ts";
import { planWithoutLines } from "../plan/lines.ts";
import type { Problem } from "../plan/problems.ts";
import type { Plan } from "../plan/schema.ts";

/**
 * Memory of a worker's process, in MB, measured at 100 requests/s; plus memory for each MB of the plan that it reads,
 * and for each MB of its own targets and rows, which it keeps packed.
 */
const WORKER_MB = 160;
const WORKER_MB_PER_PLAN_MB = 3.5;
const WORKER_MB_PER_LINES_MB = 0.65;

/** Node's maximum string length less a margin, in MB: a plan is one string. */
const LONGEST_PLAN_MB = 500;

/** More workers per core than this slow each other down: the machine sends no more with them. */
const MAX_WORKERS_PER_CORE = 8;

const MB = 2 ** 20;

/** The resources that workers on this machine share. */
export interface Machine {
  cores: number;
  availableMb: number;
}

/** This machine's current resources. */
export function thisMachine(): Machine {
  let availableMb = freemem() / MB;
  try {
    const [, kilobytes] = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync("/proc/meminfo", "utf8")) ?? [];
    if (kilobytes !== undefined) availableMb = Number(kilobytes) / 1_024;
  } catch {
    // Not Linux: at least the free memory is available.
  }
  return { cores: availableParallelism(), availableMb };
}

/** A plan's size, in MB: as a whole, and without the targets and rows that are stored separately from it. */
export interface PlanSize {
  wholeMb: number;
  commonMb: number;
}

/** A plan's size in the store; infinite if it is too long for a string. */
export function planSize(plan: Plan): PlanSize {
  try {
    return { wholeMb: JSON.stringify(plan).length / MB, commonMb: JSON.stringify(planWithoutLines(plan)).length / MB };
  } catch (error) {
    if (error instanceof RangeError) return { wholeMb: Number.POSITIVE_INFINITY, commonMb: 0 };
    throw error;
  }
}

/** Why processes of this machine cannot run a plan of this size, with the figures. */
export function machineProblems(plan: Plan, size: PlanSize, { availableMb }: Machine): Problem[] {
  const planMb = size.wholeMb;
  if (planMb > LONGEST_PLAN_MB) {
    const bytes = Number.isFinite(planMb) ? `${Math.round(planMb)} MB` : "more bytes than a text may have,";
    const found = `a plan of ${bytes} with its targets, data and replays`;
    return [{ where: "$.chains", found, expected: `at most ${LONGEST_PLAN_MB} MB: cut it into several plans` }];
  }
  const workers = splitRates(plan).length;
  // Each line of a replay is sent by one worker; other targets and rows may be sent by all.
  const readers = plan.chains.some(({ replay }) => replay) ? workers : 1;
  const linesMb = (size.wholeMb - size.commonMb) / readers;
  const eachMb = Math.round(WORKER_MB + WORKER_MB_PER_PLAN_MB * size.commonMb + WORKER_MB_PER_LINES_MB * linesMb);
  if (workers * eachMb <= availableMb) return [];
  const found = `${workers} workers that take ${eachMb} MB each, ${gigabytes(workers * eachMb)} in all`;
  const most = Math.floor(availableMb / eachMb);
  const expected =
    most === 0
      ? `the ${gigabytes(availableMb)} that this machine has free: a plan of fewer targets or lines`
      : `at most ${most}, for the ${gigabytes(availableMb)} that this machine has free: a higher perWorkerRps, or a fleet`;
  return [{ where: "$.perWorkerRps", found, expected }];
}

/** Warnings about a plan's workers on this machine: more of them than its cores can use. */
export function machineWarnings(plan: Plan, { cores }: Machine): string[] {
  const workers = splitRates(plan).length;
  const most = cores * MAX_WORKERS_PER_CORE;
  if (workers <= most) return [];
  const rps = plan.chains.reduce((sum, chain) => sum + chain.rps, 0);
  return [
    `${workers} workers share ${cores} cores, where ${most} do as much: perWorkerRps ${Math.ceil(rps / most)} gives as many`,
  ];
}

function gigabytes(megabytes: number): string {
  return `${(megabytes / 1_024).toFixed(1)} GB`;
}
