import assert from "node:assert/strict";
import { test } from "node:test";
import {
  chunkKey,
  isIntermediate,
  logsKey,
  planKey,
  reportKey,
  sealedSecretsKey,
  trialId,
} from "../../lib/store/keys.ts";

test("a run that is called as a folder of its objects keeps its plan and report, and its chunks expire", () => {
  for (const runId of ["logs", "parts", "trials", "secrets.json"]) {
    for (const id of [runId, trialId(runId, 1)]) {
      for (const key of [planKey(id), reportKey(id, "json")]) assert.equal(isIntermediate(key), false, key);
      for (const key of [chunkKey(id, "w000-s00", 1, 1), logsKey(id, 0), sealedSecretsKey(id)]) {
        assert.equal(isIntermediate(key), true, key);
      }
    }
  }
});
