import assert from "node:assert/strict";
import { test } from "node:test";
import { machineProblems, machineWarnings } from "../../lib/local/machine.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";

const ORIGIN = "http://127.0.0.1:1";
const SMALL = { wholeMb: 0.001, commonMb: 0.001 };

function planOf(rps: number, perWorkerRps: number) {
  return checkedPlan(ORIGIN, { chains: [chainInput("ethereum", rps, ORIGIN)], perWorkerRps });
}

test("300 workers on a machine of 24 GB are refused, with what they take and what there is", () => {
  const machine = { cores: 2, availableMb: 22_614 };
  const [problem] = machineProblems(planOf(3_000, 10), SMALL, machine);
  assert.match(problem?.found ?? "", /300 workers that take 160 MB each, 46\.9 GB in all/);
  assert.match(problem?.expected ?? "", /at most 141, for the 22\.1 GB/);
  assert.deepEqual(machineProblems(planOf(1_410, 10), SMALL, machine), []);
});

test("ten workers with a plan of 277 MB do not fit where they do if most of it is targets, which stay packed", () => {
  const machine = { cores: 2, availableMb: 8_000 };
  assert.deepEqual(machineProblems(planOf(5_000, 500), SMALL, machine), []);
  const [problem] = machineProblems(planOf(5_000, 500), { wholeMb: 277, commonMb: 277 }, machine);
  assert.match(problem?.found ?? "", /10 workers that take 1130 MB each/);
  assert.deepEqual(machineProblems(planOf(5_000, 500), { wholeMb: 277, commonMb: 12 }, machine), []);
  const [lines] = machineProblems(
    planOf(5_000, 500),
    { wholeMb: 400, commonMb: 0 },
    { ...machine, availableMb: 3_000 },
  );
  assert.match(lines?.found ?? "", /10 workers that take 420 MB each/);
  const replay = checkedPlan(ORIGIN, { workers: 10 });
  for (const chain of replay.chains) chain.replay = [0, 1_000];
  const each = { wholeMb: 400, commonMb: 0 };
  const [shared] = machineProblems(replay, each, { ...machine, availableMb: 1_000 });
  assert.match(shared?.found ?? "", /10 workers that take 186 MB each/, "each reads its own tenth of a replay");
  const [longest] = machineProblems(planOf(10, 10), { wholeMb: 600, commonMb: 1 }, { ...machine, availableMb: 1e6 });
  assert.match(longest?.found ?? "", /a plan of 600 MB/);
});

test("more workers than cores have a use for are warned of, with the perWorkerRps that is enough", () => {
  assert.deepEqual(machineWarnings(planOf(1_600, 100), { cores: 2, availableMb: 1e6 }), []);
  const [warning] = machineWarnings(planOf(4_000, 100), { cores: 2, availableMb: 1e6 });
  assert.match(warning ?? "", /40 workers share 2 cores, where 16 do as much: perWorkerRps 250/);
});
