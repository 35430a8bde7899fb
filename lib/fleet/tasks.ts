import type { Assignment } from "../plan/assign.ts";
import { CLAIM_NAME, TASK_NAME, tasksPrefix } from "../store/keys.ts";
import { readJson, type Store } from "../store/store.ts";

/** A task that the state machine wrote for a host. */
export interface HostTask {
  taskToken: string;
  /** The input of the assignment's handler. */
  input: { runId: string; assignment: Assignment };
}

/** The keys of a run's tasks that no host has claimed. */
export async function unclaimedTasks(store: Store, runId: string): Promise<string[]> {
  const keys = await store.list(tasksPrefix(runId));
  const claims = new Set(keys.filter((key) => key.endsWith(CLAIM_NAME)));
  return keys.filter((key) => key.endsWith(TASK_NAME) && !claims.has(claimOf(key)));
}

/** Claims a task for a host; undefined if another host was first. */
export async function claimTask(store: Store, key: string, host: string): Promise<HostTask | undefined> {
  const claim = JSON.stringify({ host, claimedAt: new Date().toISOString() });
  return (await store.putIfAbsent(claimOf(key), claim)) ? readJson<HostTask>(store, key) : undefined;
}

function claimOf(task: string): string {
  return `${task.slice(0, -TASK_NAME.length)}${CLAIM_NAME}`;
}
