import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";

/**
 * Where a program is that a test cannot do without. Without it the test is skipped, naming the Debian package; where CI
 * is set that is a failure, for there everything is installed.
 */
export function requireProgram(
  test: Pick<TestContext, "skip">,
  name: string,
  debianPackage: string,
  folders: readonly string[] = [],
): string | undefined {
  const places = [...folders, ...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/bin"];
  const path = places.map((folder) => join(folder, name)).find(isExecutable);
  if (path === undefined) {
    const message = `needs ${name} (Debian package ${debianPackage})`;
    if (process.env.CI) throw new Error(message);
    test.skip(message);
  }
  return path;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
