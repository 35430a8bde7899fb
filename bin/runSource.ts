import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { RunSource } from "../lib/live/runList.ts";
import { FolderStore } from "../lib/store/folderStore.ts";

/** The runs in a folder, or in a stack in AWS. */
export async function runSource({ out, stack }: { out: string; stack?: string }): Promise<RunSource> {
  if (stack !== undefined) {
    const { openDeployment } = await import("./deployment.ts");
    const deployment = await openDeployment(stack);
    const runs = async () =>
      (await deployment.list()).map(({ runId, status }) => ({ id: runId, isRunning: status === "RUNNING" }));
    return { store: deployment.store, runs };
  }
  const folder = resolve(out);
  return { store: new FolderStore(folder), runs: () => folderRuns(folder) };
}

async function folderRuns(folder: string): Promise<{ id: string }[]> {
  const entries = await readdir(join(folder, "runs"), { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => ({ id: name }));
}
