/** A station with a number of servers and a queue in front of them: a CPU's cores, a connection pool, a node. */
export class Station {
  readonly servers: number;
  readonly #line: (() => void)[] = [];
  busy = 0;
  /** Number of jobs done, and the seconds that servers spent on them. */
  served = 0;
  busySeconds = 0;

  constructor(servers: number) {
    this.servers = servers;
  }

  /** The number of queued jobs. */
  get waiting(): number {
    return this.#line.length;
  }

  /**
   * Occupies a server for `ms`, now or when its turn in the queue comes; `stillWanted` is called at that point. Calls
   * `done` when the time is over, with the seconds it took.
   */
  work(ms: number, stillWanted: () => boolean, done: (seconds: number) => void): void {
    if (this.busy < this.servers) this.#begin(ms, done);
    else {
      this.#line.push(() => {
        if (stillWanted()) this.#begin(ms, done);
        else this.#next();
      });
    }
  }

  #begin(ms: number, done: (seconds: number) => void): void {
    this.busy++;
    const beganMs = performance.now();
    setTimeout(() => {
      this.busy--;
      this.served++;
      const seconds = (performance.now() - beganMs) / 1_000;
      this.busySeconds += seconds;
      this.#next();
      done(seconds);
    }, ms);
  }

  #next(): void {
    if (this.busy < this.servers) this.#line.shift()?.();
  }
}
