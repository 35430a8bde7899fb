import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ROOT } from "./volley.ts";

/** The paths, from the root on, of all modules that a program loads for some arguments. */
export async function loadedFor(program: string, ...args: string[]): Promise<string[]> {
  const { stderr } = await promisify(execFile)(
    process.execPath,
    ["--import", "./test/support/loadedModules.mjs", program, ...args],
    { cwd: ROOT },
  );
  const urls = stderr.split("\n").filter((line) => line.startsWith("file:"));
  return urls.map((url) => url.slice(`file://${ROOT}`.length));
}
