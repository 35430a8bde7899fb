import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DEFINITION_PATH, SUBSTITUTIONS } from "../../lib/local/functions.ts";
import { InputError } from "../../lib/plan/problems.ts";
import { loadDefinition } from "../../lib/stepfunctions/definition.ts";

const DEPLOYED = readFileSync(DEFINITION_PATH, "utf8");

type Machine = { States: Record<string, Record<string, unknown>> };

/** Loads the deployed definition with one change to its JSON, and gives the problems. */
function problemsWith(change: (machine: Machine) => void): string[] {
  const machine = JSON.parse(DEPLOYED) as Machine;
  change(machine);
  try {
    loadDefinition(JSON.stringify(machine), SUBSTITUTIONS, "volley.asl.json");
    return [];
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.problems.map(({ where, found, expected }) => `${where}: ${found} → ${expected}`);
  }
}

function state(machine: Machine, name: string): Record<string, unknown> {
  return machine.States[name] ?? assert.fail(`no state ${name}`);
}

/** The Map over the assignments. */
function map(machine: Machine): Record<string, unknown> {
  const [branch] = state(machine, "Run").Branches as Machine[];
  return branch?.States.Attack ?? assert.fail("no Map");
}

function worker(machine: Machine): Record<string, unknown> {
  return (map(machine).ItemProcessor as Machine).States.Worker ?? assert.fail("no worker");
}

function retrier(machine: Machine): Record<string, unknown> {
  const [first] = state(machine, "Plan").Retry as Record<string, unknown>[];
  return first ?? assert.fail("no retrier");
}

test("the deployed definition is accepted", () => {
  assert.deepEqual(
    problemsWith(() => {}),
    [],
  );
});

const PLAN_RETRY = "$.States.Plan.Retry[0]";
const ATTACK = "$.States.Run.Branches[0].States.Attack";

const planted: [mistake: string, change: (machine: Machine) => void, where: string][] = [
  [
    "a misspelt MaxAttempts",
    (machine) => {
      const { MaxAttempts, ...rest } = retrier(machine);
      state(machine, "Plan").Retry = [{ ...rest, MaxAttempt: MaxAttempts }];
    },
    `${PLAN_RETRY}.MaxAttempt`,
  ],
  [
    "a jitter strategy that does not exist",
    (machine) => {
      retrier(machine).JitterStrategy = "HALF";
    },
    `${PLAN_RETRY}.JitterStrategy`,
  ],
  [
    "an InputType that does not exist",
    (machine) => {
      (map(machine).ItemReader as { ReaderConfig: object }).ReaderConfig = { InputType: "YAML" };
    },
    `${ATTACK}.ItemReader.ReaderConfig.InputType`,
  ],
  [
    "a dangling Next",
    (machine) => {
      state(machine, "Plan").Next = "Nowhere";
    },
    "$.States.Plan.Next",
  ],
  [
    "a tolerance of 1000 %",
    (machine) => {
      map(machine).ToleratedFailurePercentage = 1_000;
    },
    `${ATTACK}.ToleratedFailurePercentage`,
  ],
  [
    "a malformed path",
    (machine) => {
      state(machine, "Reduce").OutputPath = "$.Payload[";
    },
    "$.States.Reduce.OutputPath",
  ],
  [
    "a field that belongs to another type of state",
    (machine) => {
      worker(machine).Seconds = 5;
    },
    `${ATTACK}.ItemProcessor.States.Worker.Seconds`,
  ],
  [
    "a state with neither Next nor End",
    (machine) => {
      delete state(machine, "Reduce").Next;
    },
    "$.States.Reduce",
  ],
  [
    "a state that nothing leads to",
    (machine) => {
      machine.States.Island = { Type: "Succeed" };
    },
    "$.States.Island",
  ],
  [
    "a substitution that nobody makes",
    (machine) => {
      worker(machine).Parameters = { FunctionName: "${attacker}", "Payload.$": "$" };
    },
    `${ATTACK}.ItemProcessor.States.Worker.Parameters.FunctionName`,
  ],
  [
    "a state type that the runner does not know",
    (machine) => {
      state(machine, "Reduce").Type = "Tusk";
    },
    "$.States.Reduce.Type",
  ],
];

for (const [mistake, change, where] of planted) {
  test(`${mistake} is refused at its path`, () => {
    const problems = problemsWith(change);
    assert.ok(
      problems.some((problem) => problem.startsWith(`${where}: `)),
      `expected a problem at ${where}, got:\n${problems.join("\n") || "none"}`,
    );
  });
}

test("all mistakes are told at once", () => {
  const problems = problemsWith((machine) => {
    for (const [, change] of planted.slice(0, 4)) change(machine);
  });
  assert.ok(problems.length >= 4, problems.join("\n"));
});

test("text that is not JSON is refused as such", () => {
  assert.throws(() => loadDefinition("{", SUBSTITUTIONS, "volley.asl.json"), InputError);
});
