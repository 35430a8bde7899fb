import { resolve } from "node:path";
import { InputError } from "../../lib/plan/problems.ts";
import { BASELINE_NAME, readBaseline, setBaseline } from "../../lib/stages/baseline.ts";
import { FolderStore } from "../../lib/store/folderStore.ts";
import type { Store } from "../../lib/store/store.ts";
import { openDeployment } from "./remote.ts";

export interface BaselineOptions {
  out: string;
  stack?: string;
}

/** Sets a baseline to a run; without a run, prints the run that the baseline refers to. */
export async function baseline(name: string, run: string | undefined, options: BaselineOptions): Promise<void> {
  const refused = (where: string, found: string, expected: string): InputError =>
    new InputError("volley baseline", [{ where, found, expected }]);
  if (!BASELINE_NAME.test(name)) {
    throw refused("<name>", name, "letters, digits, dots, dashes and underscores, at most 64");
  }
  const place = options.stack === undefined ? resolve(options.out) : `--stack ${options.stack}`;
  const store: Store =
    options.stack === undefined ? new FolderStore(place) : (await openDeployment(options.stack)).store;
  if (run === undefined) {
    const set = await readBaseline(store, name);
    if (!set) throw refused(place, `no baseline ${name}`, `one that volley baseline ${name} RUN has set`);
    process.stdout.write(`${name} is ${set.runId}, since ${new Date(set.setAtMs).toISOString()}\n`);
    return;
  }
  if (!(await setBaseline(store, name, run, Date.now()))) {
    throw refused(place, `no report of ${run}`, "the id of a run that has ended");
  }
  process.stdout.write(`${name} is ${run}\n`);
}
