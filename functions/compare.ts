import { compareTask } from "../lib/stages/compare.ts";
import { deployedStore } from "./ports/environment.ts";
import { notify } from "./ports/notify.ts";

/** EventBridge's event for an execution that has ended. */
interface EndedEvent {
  detail: { name: string };
}

/** Compares a run started by a schedule with its baseline, and sends a notification if it is worse. */
export async function handler({ detail }: EndedEvent) {
  return compareTask(await deployedStore(), detail.name, notify);
}
