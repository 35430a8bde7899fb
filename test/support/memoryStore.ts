import { setTimeout as sleep } from "node:timers/promises";
import type { ListOptions, Store, StoreTime } from "../../lib/store/store.ts";

/** Keys that S3 lists at a time. */
const PAGE = 1_000;

/** A store in memory that is as far away as S3: each request takes its time, and a list a request for each 1,000 keys. */
export class MemoryStore implements Store {
  /** What was asked of it, by kind. */
  readonly asked = { get: 0, put: 0, list: 0 };
  readonly #objects = new Map<string, string>();
  readonly #requestMs: number;
  readonly #pageMs: number;
  #sorted: string[] | undefined;

  constructor({ requestMs = 0, pageMs = 0 } = {}) {
    this.#requestMs = requestMs;
    this.#pageMs = pageMs;
  }

  /** Puts an object without the time that a request takes. */
  set(key: string, body = ""): void {
    if (!this.#objects.has(key)) this.#sorted = undefined;
    this.#objects.set(key, body);
  }

  async put(key: string, body: string): Promise<void> {
    this.asked.put++;
    await sleep(this.#requestMs);
    this.set(key, body);
  }

  async putIfAbsent(key: string, body: string): Promise<boolean> {
    this.asked.put++;
    await sleep(this.#requestMs);
    if (this.#objects.has(key)) return false;
    this.set(key, body);
    return true;
  }

  async get(key: string): Promise<string | undefined> {
    this.asked.get++;
    await sleep(this.#requestMs);
    return this.#objects.get(key);
  }

  poll(key: string): () => Promise<string | undefined> {
    return () => this.get(key);
  }

  async list(prefix: string, { startAfter = "" }: ListOptions = {}): Promise<string[]> {
    this.#sorted ??= [...this.#objects.keys()].sort();
    const keys = this.#sorted.filter((key) => key > startAfter && key.startsWith(prefix));
    for (let listed = 0; listed === 0 || listed < keys.length; listed += PAGE) {
      this.asked.list++;
      await sleep(this.#pageMs);
    }
    return keys;
  }

  async time(): Promise<StoreTime | undefined> {
    return undefined;
  }
}
