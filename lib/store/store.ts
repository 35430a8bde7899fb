import { FolderStore } from "./folderStore.ts";

/**
 * Where a run's objects are stored: plans, assignments, chunks, summaries, the report. Keys are paths with forward
 * slashes, the same in a folder as in S3.
 */
export interface Store {
  /** Writes an object whole, or not at all. */
  put(key: string, body: string): Promise<void>;
  /** Writes an object unless it exists; returns whether it did. Of several concurrent calls, exactly one does. */
  putIfAbsent(key: string, body: string): Promise<boolean>;
  /** An object's content, or undefined if there is none. */
  get(key: string): Promise<string | undefined>;
  /** The keys that begin with a prefix and come after `startAfter`, if given, in the order of their UTF-8 bytes. */
  list(prefix: string, options?: ListOptions): Promise<string[]>;
  /**
   * A cheap way to poll for one object: a worker polls every second, while it sends. The function resolves and rejects
   * as `get` does.
   */
  poll(key: string): () => Promise<string | undefined>;
  /** The store's own time, read by way of an existing object; undefined if the store does not report it. */
  time(key: string): Promise<StoreTime | undefined>;
}

/** Which part of a prefix is listed. */
export interface ListOptions {
  /** Only keys after this one; it need not exist. */
  startAfter?: string;
}

/** How many reads and writes run concurrently if there are many: a store may be far away. */
const AT_ONCE = 32;

/** Calls `act` for each of many values, for at most `atOnce` of them at a time. Rejects with the first failure. */
export async function forEachAtOnce<T>(
  values: Iterable<T>,
  act: (value: T) => Promise<void>,
  atOnce = AT_ONCE,
): Promise<void> {
  const waiting = values[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let next = waiting.next(); !next.done; next = waiting.next()) await act(next.value);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

/** A time truncated to its resolution: the true time is later by less than that. In ms since the epoch. */
export interface StoreTime {
  atMs: number;
  resolutionMs: number;
}

/**
 * The store that a URI names: `file:` and a folder's path, or `s3:` and a bucket's name, whose region may be another one
 * than this process's. Throws for any other URI.
 */
export async function openStore(uri: string, region?: string): Promise<Store> {
  if (uri.startsWith("file:")) return new FolderStore(uri.slice("file:".length));
  if (uri.startsWith("s3:")) {
    // Loaded only when it is used: a local run starts a process for each worker and does not need the SDK.
    const { S3Store, s3Client } = await import("./s3Store.ts");
    return new S3Store(uri.slice("s3:".length), s3Client(region));
  }
  throw new Error(`no store of this kind: ${uri}; expected file:<folder> or s3:<bucket>`);
}

/** An object as JSON, or undefined if there is none. */
export async function readJson<T>(store: Store, key: string): Promise<T | undefined> {
  const text = await store.get(key);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}

/** An object that must exist, as JSON. Throws if it does not. */
export async function requireJson<T>(store: Store, key: string): Promise<T> {
  const text = await store.get(key);
  if (text === undefined) throw new Error(`there is no ${key} in the store`);
  return JSON.parse(text) as T;
}
