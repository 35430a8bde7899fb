import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../golden/", import.meta.url));

/** Fails where a text is not what the file in test/golden/ holds; with UPDATE_GOLDEN=1 the file is written anew. */
export function matchesGolden(text: string, file: string): void {
  const path = `${FOLDER}${file}`;
  if (process.env.UPDATE_GOLDEN === "1") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  assert.ok(existsSync(path), `${path} is missing: UPDATE_GOLDEN=1 writes it`);
  assert.equal(text, readFileSync(path, "utf8"), `${file} differs: look at it, then UPDATE_GOLDEN=1 writes it`);
}
