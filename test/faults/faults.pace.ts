import assert from "node:assert/strict";
import { test } from "node:test";
import { runRow } from "./harness.ts";
import { ROWS } from "./rows.ts";

for (const row of ROWS.filter(({ isFast }) => isFast)) {
  test(`fault: ${row.name}`, async () => {
    const { problems } = await runRow(row);
    assert.deepEqual(problems, []);
  });
}
