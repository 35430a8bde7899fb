import { availableParallelism, cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Trial } from "../../lib/fleet/selfTest.ts";
import { selfTestText } from "../../lib/fleet/selfTestText.ts";
import { autoWorkers } from "../../lib/fleet/workers.ts";
import { callInProcess } from "../../lib/local/functionProcess.ts";
import { textStyle } from "../terminal.ts";

const SELF_TEST = fileURLToPath(new URL("../../functions/selfTest.ts", import.meta.url));

/** How long the machine is observed before the test, in ms. */
const OBSERVE_MS = 1_000;

/**
 * Measures what this many workers at once can send here, at most half as many as the cores: each needs another core for
 * its null server.
 */
export async function runSelfTest(workers: number): Promise<void> {
  const cores = availableParallelism();
  const tested = Math.max(1, Math.min(workers, Math.floor(cores / 2)));
  process.stderr.write(`testing ${tested} of ${autoWorkers(cores)} workers on loopback, about 25 s …\n`);
  const busy = await busyShare();
  const never = new AbortController().signal;
  const test = async (): Promise<Trial | undefined> => {
    const held = await callInProcess(SELF_TEST, {}, never, { env: {} });
    return (held ?? undefined) as Trial | undefined;
  };
  const held = await Promise.all(Array.from({ length: tested }, test));
  const { columns } = textStyle(process.stdout, {});
  process.stdout.write(selfTestText({ held, cores, workers: autoWorkers(cores), busy }, columns));
  process.exitCode = held.includes(undefined) ? 1 : 0;
}

/** The share of all cores that is in use now. */
async function busyShare(): Promise<number> {
  const before = ticks();
  await sleep(OBSERVE_MS);
  const after = ticks();
  return 1 - (after.idle - before.idle) / Math.max(1, after.all - before.all);
}

function ticks(): { idle: number; all: number } {
  const times = cpus().map((cpu) => cpu.times);
  const idle = times.reduce((sum, each) => sum + each.idle, 0);
  return {
    idle,
    all: times.reduce((sum, { user, nice, sys, idle: rest, irq }) => sum + user + nice + sys + rest + irq, 0),
  };
}
