import type { Health } from "../results/chunk.ts";
import type { GeneratorPoint, Report } from "./schema.ts";

/** Maximum number of workers for which a report holds separate points. */
const MAX_WORKERS = 24;

/**
 * The workers' requests in flight and sockets over the run, in steps of `stepMs`: the sum over the workers, or the
 * worst value if workers may share a host. Memory use does not depend on the number of workers.
 */
export class GeneratorTimeline {
  readonly #stepMs: number;
  readonly #all = new Map<number, GeneratorPoint>();
  #workers: Report["generator"]["workers"] = [];
  #count = 0;

  constructor(stepMs: number) {
    this.#stepMs = stepMs;
  }

  /** Adds what a worker's meter recorded at each flush. */
  add(id: string, health: readonly Health[]): void {
    const own = new Map<number, GeneratorPoint>();
    for (const each of health) {
      if (each.atMs < 0) continue;
      const step = Math.floor(each.atMs / this.#stepMs);
      own.set(step, later(own.get(step), pointOf(step * this.#stepMs, each)));
    }
    const points = [...own.values()].sort((a, b) => a.atMs - b.atMs);
    this.#addPoints(points);
    this.#addWorker(id, points);
  }

  /** Merges another timeline's stored points. */
  merge({ all, workers, count }: StoredTimeline): void {
    this.#addPoints(all);
    this.#count += count - workers.length;
    for (const { id, points } of workers) this.#addWorker(id, points);
    if (this.#count > MAX_WORKERS) this.#workers = [];
  }

  #addPoints(points: readonly GeneratorPoint[]): void {
    for (const point of points) this.#all.set(point.atMs, beside(this.#all.get(point.atMs), point));
  }

  #addWorker(id: string, points: GeneratorPoint[]): void {
    this.#count++;
    if (this.#count > MAX_WORKERS) this.#workers = [];
    else this.#workers.push({ id, points });
  }

  /** All points in chronological order. */
  points(): StoredTimeline {
    const all = [...this.#all.values()].sort((a, b) => a.atMs - b.atMs);
    return { all, workers: this.#workers, count: this.#count };
  }
}

/** A timeline as stored with a part of a run; `count` is the number of workers in it. */
export type StoredTimeline = Report["generator"] & { count: number };

function pointOf(atMs: number, { inFlight, connections, opened, cpu, machineCpu, tcp }: Health): GeneratorPoint {
  return {
    atMs,
    inFlight,
    connections,
    opened,
    cpu,
    machineCpu: machineCpu ?? null,
    established: tcp?.established ?? null,
    timeWait: tcp?.timeWait ?? null,
    portsLeft: tcp?.portsLeft ?? null,
    retransmits: tcp?.retransmits ?? null,
  };
}

/** Combines two samples of one worker in one step. */
function later(before: GeneratorPoint | undefined, now: GeneratorPoint): GeneratorPoint {
  if (!before) return now;
  return {
    ...worst(before, now),
    inFlight: Math.max(before.inFlight, now.inFlight),
    connections: Math.max(before.connections, now.connections),
    retransmits: sum(before.retransmits, now.retransmits),
  };
}

/** Combines two workers' samples in one step. */
function beside(one: GeneratorPoint | undefined, other: GeneratorPoint): GeneratorPoint {
  if (!one) return { ...other };
  return {
    ...worst(one, other),
    inFlight: one.inFlight + other.inFlight,
    connections: one.connections + other.connections,
    retransmits: largest(one.retransmits, other.retransmits),
  };
}

/**
 * The fields that `later` and `beside` combine alike: opened connections add up; for host figures, the worst counts.
 */
function worst(
  one: GeneratorPoint,
  other: GeneratorPoint,
): Omit<GeneratorPoint, "inFlight" | "connections" | "retransmits"> {
  const left = [one.portsLeft, other.portsLeft].flatMap((each) => each ?? []);
  return {
    atMs: one.atMs,
    opened: one.opened + other.opened,
    cpu: Math.max(one.cpu, other.cpu),
    machineCpu: largest(one.machineCpu, other.machineCpu),
    established: largest(one.established, other.established),
    timeWait: largest(one.timeWait, other.timeWait),
    portsLeft: left.length === 0 ? null : Math.min(...left),
  };
}

function largest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}

function sum(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : one + other;
}
