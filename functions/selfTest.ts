import { selfTest } from "../lib/fleet/selfTest.ts";

/** Finds the highest rate that a worker on this machine holds; null if there is none. */
export async function handler() {
  return (await selfTest()) ?? null;
}
