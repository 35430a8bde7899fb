import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { RunSource } from "../lib/live/runList.ts";
import { FolderStore } from "../lib/store/folderStore.ts";

/** Where a person's runs are: a folder, a stack in AWS, or a bucket to which `volley run --store` wrote. */
export interface RunPlace {
  out: string;
  stack?: string;
  /** `s3:` and a bucket's name. */
  store?: string;
}

/** The runs in a folder, a stack or a bucket. */
export async function runSource({ out, stack, store }: RunPlace): Promise<RunSource> {
  if (stack !== undefined) {
    const { openDeployment } = await import("./deployment.ts");
    const deployment = await openDeployment(stack);
    const runs = async () =>
      (await deployment.list()).map(({ runId, status }) => ({ id: runId, isRunning: status === "RUNNING" }));
    return { store: deployment.store, runs };
  }
  if (store !== undefined) {
    const { S3Store } = await import("../lib/store/s3Store.ts");
    const bucket = new S3Store(store.slice("s3:".length));
    return { store: bucket, runs: async () => (await bucket.folders("runs/")).map((id) => ({ id })) };
  }
  const folder = resolve(out);
  return { store: new FolderStore(folder), runs: () => folderRuns(folder) };
}

async function folderRuns(folder: string): Promise<{ id: string }[]> {
  const entries = await readdir(join(folder, "runs"), { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => ({ id: name }));
}
