import type { TestContext } from "node:test";
import type { Assignment } from "../../lib/plan/assign.ts";
import type { PlanPorts } from "../../lib/stages/plan.ts";
import { Callbacks } from "../../lib/stepfunctions/callbacks.ts";
import { FolderStore } from "../../lib/store/folderStore.ts";
import { tasksPrefix } from "../../lib/store/keys.ts";
import { temporaryFolder } from "./folder.ts";
import { PLAN_PORTS } from "./planPorts.ts";
import { answeringServer, jsonResponse, RELAY } from "./servers.ts";

/** What Plan needs for a run on this machine whose hosts the test starts. */
export const FLEET_PORTS: PlanPorts = {
  ...PLAN_PORTS,
  fleetWaitMs: 30_000,
  times: () => ({ nowMs: Date.now(), leadMs: 4_000, leadPerWorkerMs: 0, leadPerMbMs: 0 }),
};

/** What a run in fleet mode needs besides its hosts: a server, a store and task tokens. */
export interface FleetByHand {
  /** The server's origin. */
  origin: string;
  store: FolderStore;
  callbacks: Callbacks;
  /** The arguments of `volley host` that lead to the store and the tokens. */
  where: string[];
}

/** Starts a run's server, store and tokens, which end with the test. */
export async function startFleetByHand(t: TestContext): Promise<FleetByHand> {
  const { origin } = await answeringServer(t, () => jsonResponse(RELAY));
  const folder = temporaryFolder(t);
  const callbacks = new Callbacks();
  const endpoint = await callbacks.listen();
  t.after(() => callbacks.close());
  const where = ["--store", `file:${folder}`, "--endpoint", endpoint];
  return { origin, store: new FolderStore(folder), callbacks, where };
}

/** Writes an assignment's task, as the state machine does, and waits until a host returns its token. */
export async function doneByHost(
  { store, callbacks }: FleetByHand,
  assignment: Assignment,
  attempt = 1,
): Promise<void> {
  const { runId, id } = assignment;
  const { token: taskToken, result } = callbacks.open();
  const task = JSON.stringify({ taskToken, input: { assignment, runId } });
  await Promise.all([
    result(undefined, new AbortController().signal),
    store.put(`${tasksPrefix(runId)}${id}/${attempt}/task.json`, task),
  ]);
}
