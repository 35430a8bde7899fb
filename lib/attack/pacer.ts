import { firstInShard, type Schedule } from "../schedule/schedule.ts";
import type { Clock } from "../store/clock.ts";
import type { MissReason } from "./recorder.ts";
import type { Waker } from "./waker.ts";

/**
 * A request that is later than this, in ms, is missed: sending it would create an unplanned burst, and it would measure
 * the generator rather than the target.
 */
const MAX_LATE_MS = 250;

/**
 * Maximum requests sent before the network gets a turn: responses that arrive meanwhile would otherwise wait, and so
 * would their connections, and a backlog would open as many new connections as it has requests.
 */
const MAX_A_TURN = 32;

/** Called when a track's requests are due or missed. Instants are in ms since the epoch. */
export interface TrackEvents {
  due(n: number, dueAtMs: number, nowMs: number): void;
  missed(dueAtMs: number, reason: MissReason): void;
}

/** A worker's part of one schedule, with its start instant. */
export interface Track {
  schedule: Schedule;
  /** When the schedule begins, in ms since the epoch. */
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
 * Sends each request when it is due, by absolute instants: a delay does not shift the next request. Between requests
 * the thread is free for the network; a waker calls it back.
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

  /** Paces all tracks until they end, or until `stop`. */
  async run(startWaker: (wake: () => void) => Waker): Promise<void> {
    const finished = new Promise<void>((done) => {
      this.#finish = done;
    });
    this.#waker = startWaker(() => this.#wake());
    this.#wake();
    await finished;
    await this.#waker.close();
  }

  /** Ends the pacing; passes the remaining requests to `rest`, track by track, as numbers from ≤ n < to. */
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
    // Reads the clock once for everything that is due: requests that fall due meanwhile wait until the network had its
    // turn.
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
