import { resolve } from "node:path";
import { InputError } from "../lib/plan/problems.ts";
import type { Report } from "../lib/report/schema.ts";
import { readBaseline } from "../lib/stages/baseline.ts";
import { FolderStore } from "../lib/store/folderStore.ts";
import { reportKey } from "../lib/store/keys.ts";

/** Finds a run that is given by its id or its folder. */
export function locateRun(run: string, out: string): { folder: string; runId: string; store: FolderStore } {
  const runId = run.replace(/\/+$/, "").split("/").at(-1) ?? run;
  const folder = run.includes("/") ? resolve(run, "../..") : resolve(out);
  return { folder, runId, store: new FolderStore(folder) };
}

/** The prefix of a baseline's name in place of a run. */
const BASELINE = "baseline:";

/** The report of a run, or of a baseline's run (`baseline:NAME`). Throws an InputError if there is none. */
export async function openRun(
  run: string,
  out: string,
): Promise<{ store: FolderStore; runId: string; report: Report }> {
  const isBaseline = run.startsWith(BASELINE);
  const named = isBaseline ? await readBaseline(new FolderStore(resolve(out)), run.slice(BASELINE.length)) : undefined;
  const { folder, runId, store } = locateRun(named?.runId ?? run, out);
  const text = await store.get(reportKey(runId, "json"));
  if (text === undefined) {
    const where = resolve(folder, "runs", runId);
    throw new InputError(run, [
      { where, found: "no report", expected: "the id of a run that has ended, or its folder" },
    ]);
  }
  return { store, runId, report: JSON.parse(text) as Report };
}
