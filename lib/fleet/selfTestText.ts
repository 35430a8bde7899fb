import { wrapText } from "../report/table.ts";
import type { Trial } from "./selfTest.ts";

/** The share of the rate against a null server that a plan should ask of a worker: TLS and real answers need the rest. */
const USABLE = 2 / 3;

/** With more than this share of all cores in use by others before the test, its rates are too low. */
const BUSY = 0.2;

/** What a self-test measured, and where. */
export interface SelfTest {
  /** What each worker that was tested held; undefined if it held nothing. */
  held: (Trial | undefined)[];
  cores: number;
  /** How many workers a host with these cores should run. */
  workers: number;
  /** The share of all cores that was in use before the test. */
  busy: number;
}

/** What a host can carry according to its self-test, as text with what follows for a plan. */
export function selfTestText({ held, cores, workers, busy }: SelfTest, width: number): string {
  const trials = held.flatMap((trial) => trial ?? []);
  const wasBusy =
    busy > BUSY
      ? [`Other processes used ${percent(busy)} of the cores before the test: repeat it when they have ended.`]
      : [];
  if (trials.length < held.length) return paragraphs(["A worker held no rate at all.", ...wasBusy], width);
  const all = trials.reduce((sum, { rps }) => sum + rps, 0);
  const least = Math.min(...trials.map(({ rps }) => rps));
  const lagMs = Math.max(...trials.map((trial) => trial.lagMs));
  const cpu = Math.max(...trials.map((trial) => trial.cpu));
  const servers = held.length === 1 ? "a null server" : "null servers";
  const where = cores === 1 ? "" : ` on ${held.length === 1 ? "another" : "others"} of the ${cores} cores`;
  const lines = [
    `${many(held.length, "worker")} held ${count(all)} requests/s against ${servers}${where}: ` +
      `send lag p99 ${lagMs.toFixed(1)} ms, ${percent(cpu)} of a core for a worker.`,
    `For this host, perWorkerRps in a plan is at most ${count(least * USABLE)}: a third is left for TLS, checks and longer responses.`,
    cores === 1
      ? "The null server had the same core, so that a worker carries more if its target is elsewhere."
      : `With --workers ${workers} a plan can ask this host for up to ${count(workers * least * USABLE)} requests/s. ` +
        "Its network and its ports may allow less: see --check.",
    ...wasBusy,
  ];
  return paragraphs(lines, width);
}

function paragraphs(lines: readonly string[], width: number): string {
  return lines.map((line) => `${wrapText(line, width)}\n`).join("");
}

function many(value: number, noun: string): string {
  return `${value} ${noun}${value === 1 ? "" : "s"}`;
}

/** A rate, rounded down to two digits: more would promise too much. */
function count(rps: number): string {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(rps)) - 1);
  return (Math.floor(rps / unit) * unit).toLocaleString("en-US");
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
