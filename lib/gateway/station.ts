/** A place of work with so many servers and a line before them: a CPU's cores, a pool of connections, a node. */
export class Station {
  readonly servers: number;
  readonly #line: (() => void)[] = [];
  busy = 0;
  /** Work that was done, and the seconds that servers were busy with it. */
  served = 0;
  busySeconds = 0;

  constructor(servers: number) {
    this.servers = servers;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#line.length;
  }

  /**
   * Takes a server for so many ms, now or when it is this one's turn; `stillWanted` is asked then. Calls `done` when the
   * time is over, with the seconds that it took.
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
