import { randomUUID } from "node:crypto";
import { link, mkdir, readdir, readFile, rename, stat, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ListOptions, Store, StoreTime } from "./store.ts";

/** Marks the names of files that are still being written; they are not objects yet. */
const PARTIAL = ".partial-";

/** File systems use the kernel's time as of its last tick, which may be this old, in ms. */
const FILE_TICK_MS = 10;

/** A store in a folder: each object is a file. Files appear whole, by renaming. */
export class FolderStore implements Store {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(key: string, body: string): Promise<void> {
    const path = this.#path(key);
    const partial = await this.#writePartial(path, body);
    await rename(partial, path);
  }

  async putIfAbsent(key: string, body: string): Promise<boolean> {
    const path = this.#path(key);
    const partial = await this.#writePartial(path, body);
    try {
      // A link fails if the file exists. Otherwise it names a file that is already complete.
      await link(partial, path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    } finally {
      await unlink(partial);
    }
  }

  async #writePartial(path: string, body: string): Promise<string> {
    const partial = `${path}${PARTIAL}${randomUUID()}`;
    try {
      await writeFile(partial, body, { flag: "wx" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      await mkdir(dirname(path), { recursive: true });
      await writeFile(partial, body, { flag: "wx" });
    }
    return partial;
  }

  async get(key: string): Promise<string | undefined> {
    try {
      return await readFile(this.#path(key), "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async list(prefix: string, { startAfter = "" }: ListOptions = {}): Promise<string[]> {
    const keys: string[] = [];
    await this.#walk(prefix.slice(0, prefix.lastIndexOf("/") + 1), prefix, startAfter, keys);
    return keys.sort(byBytes);
  }

  /** Collects the keys of a folder. Skips subfolders whose keys all come before `startAfter`. */
  async #walk(folder: string, prefix: string, startAfter: string, keys: string[]): Promise<void> {
    let entries: { name: string; isFile(): boolean; isDirectory(): boolean }[];
    try {
      entries = await readdir(this.#path(folder), { withFileTypes: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      throw error;
    }
    for (const entry of entries) {
      const key = `${folder}${entry.name}`;
      if (entry.isDirectory()) {
        const inside = `${key}/`;
        const isWanted = inside.startsWith(prefix) || prefix.startsWith(inside);
        const isOver = byBytes(inside, startAfter) < 0 && !startAfter.startsWith(inside);
        if (isWanted && !isOver) await this.#walk(inside, prefix, startAfter, keys);
      } else if (entry.isFile() && !entry.name.includes(PARTIAL)) {
        if (key.startsWith(prefix) && byBytes(key, startAfter) > 0) keys.push(key);
      }
    }
  }

  poll(key: string): () => Promise<string | undefined> {
    return () => this.get(key);
  }

  async time(key: string): Promise<StoreTime> {
    // The file system stamps the file; a network file system does so with its server's time.
    const path = `${this.#path(key)}${PARTIAL}${randomUUID()}`;
    await writeFile(path, "", { flag: "wx" });
    try {
      return { atMs: (await stat(path)).mtimeMs, resolutionMs: FILE_TICK_MS };
    } finally {
      await unlink(path);
    }
  }

  #path(key: string): string {
    if (key.split("/").includes("..")) throw new Error(`a key that leaves the store: ${key}`);
    return join(this.#folder, key);
  }
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
