import { firstInShard, type Schedule } from "../schedule/schedule.ts";
import type { Clock } from "../store/clock.ts";
import type { MissReason } from "./recorder.ts";
import type { Waker } from "./waker.ts";

/**
 * A request that is later than this, in ms, is missed: sending it would make a burst that nobody planned, and it would
 * measure the generator rather than the target.
 */
const MAX_LATE_MS = 250;

/**
 * Most requests that are sent before the network has its turn again: responses that came meanwhile would otherwise wait,
 * and their connections with them, and a backlog would be sent on as many new connections as it has requests.
 */
const MAX_A_TURN = 32;

/** Where the requests of a track go when they are due. Instants are in ms since the epoch. */
export interface TrackEvents {
  due(n: number, dueAtMs: number, nowMs: number): void;
  missed(dueAtMs: number, reason: MissReason): void;
}

/** A worker's part of one schedule, placed in time. */
export interface Track {
  schedule: Schedule;
  /** The epoch's ms at which the schedule begins. */
  originMs: number;
  /** Requests n ≡ shard (mod of), from ≤ n < to. */
  shard: number;
  of: number;
  from: number;
  to: number;
  events: TrackEvents;
}

interface Position {
  track: Track;
  n: number;
  dueAtMs: number;
}

/**
 * Sends each request when it is due, by absolute instants: whatever held it up, the next one is due when it always was.
 * Between requests the thread is free for the network; a waker calls it back.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #positions: Position[];
  #stopped = false;
  #finish: () => void = () => {};
  #waker: Waker | undefined;

  constructor(clock: Clock, tracks: readonly Track[]) {
    this.#clock = clock;
    this.#positions = tracks.map((track) => {
      const n = firstInShard(track.from, track);
      return { track, n, dueAtMs: dueAt(track, n) };
    });
  }

  /** Paces all tracks to their end, or until `stop`. */
  async run(startWaker: (wake: () => void) => Waker): Promise<void> {
    const finished = new Promise<void>((done) => {
      this.#finish = done;
    });
    this.#waker = startWaker(() => this.#wake());
    this.#wake();
    await finished;
    await this.#waker.close();
  }

  /** Ends the pacing; what is still to come goes to `rest`, track by track, as numbers from ≤ n < to. */
  stop(rest: (track: Track, from: number) => void): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const { track, n } of this.#positions) {
      if (n < track.to) rest(track, n);
    }
    this.#finish();
  }

  #wake(): void {
    if (this.#stopped) return;
    // One look at the clock for all that is due: what falls due meanwhile waits until the network had its turn.
    const nowMs = this.#clock.nowMs();
    let next = this.#earliest();
    for (let sent = 0; sent < MAX_A_TURN && next && next.dueAtMs <= nowMs; sent++) {
      const { track, n, dueAtMs } = next;
      if (nowMs - dueAtMs > MAX_LATE_MS) track.events.missed(dueAtMs, "late");
      else track.events.due(n, dueAtMs, this.#clock.nowMs());
      next.n += track.of;
      next.dueAtMs = dueAt(track, next.n);
      next = this.#earliest();
    }
    if (next) this.#waker?.wakeIn(next.dueAtMs - this.#clock.nowMs());
    else this.stop(() => {});
  }

  #earliest(): Position | undefined {
    let earliest: Position | undefined;
    for (const position of this.#positions) {
      if (position.n < position.track.to && (!earliest || position.dueAtMs < earliest.dueAtMs)) earliest = position;
    }
    return earliest;
  }
}

function dueAt(track: Track, n: number): number {
  return track.originMs + track.schedule.dueAtMs(n);
}
