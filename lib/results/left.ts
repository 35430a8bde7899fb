import { leftPrefix } from "../store/keys.ts";
import { readJson, type Store } from "../store/store.ts";
import type { Finding } from "./findings.ts";

/** What a host of a fleet writes down when it gives a task back. */
export interface Left {
  host: string;
  /** `spot`: EC2 takes its Spot instance away. */
  why: "stopped" | "spot";
}

/** The assignments that hosts gave back, each with its host. */
export async function readLeft(store: Store, runId: string, own: ReadonlySet<string>): Promise<Finding[]> {
  const prefix = leftPrefix(runId);
  const findings: Finding[] = [];
  for (const key of await store.list(prefix)) {
    const [assignment = ""] = key.slice(prefix.length).split("/");
    const left = own.has(assignment) ? await readJson<Left>(store, key) : undefined;
    if (left) findings.push({ kind: "host-left", assignment, ...left });
  }
  return findings;
}
