import { compareTask } from "../lib/stages/compare.ts";
import { deployedStore } from "./ports/environment.ts";
import { notify } from "./ports/notify.ts";

/** What EventBridge sends of an execution that has ended. */
interface EndedEvent {
  detail: { name: string };
}

/** Compares a run that a schedule started with its baseline, and tells where it is worse. */
export async function handler({ detail }: EndedEvent) {
  return compareTask(await deployedStore(), detail.name, notify);
}
