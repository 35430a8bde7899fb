import assert from "node:assert/strict";
import { test } from "node:test";
import { type Guards, guardProblems } from "../../lib/plan/guards.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";

const GUARDS: Guards = {
  allowedHosts: ["gateway.example", "*.lab.example"],
  maxRps: 200,
  maxDurationMs: 60_000,
  maxWorkers: 2,
  maxUsd: 1,
};
const CONCURRENCY = 1_000;

/** A plan that asks for 100 requests per second of one host. */
function planFor(origin: string, changes: Record<string, unknown> = {}): Plan {
  return checkedPlan(origin, { allowedHosts: [new URL(origin).hostname], ...changes });
}

const of = (plan: Plan, changes: Partial<Guards> = {}, concurrency = CONCURRENCY) =>
  guardProblems(plan, { ...GUARDS, ...changes }, concurrency);

test("a plan within its deployment's guards has no problem, also right at each of them", () => {
  const plan = planFor("https://gateway.example");
  assert.deepEqual(of(plan), []);
  assert.deepEqual(of(plan, { maxRps: 100, maxDurationMs: 2_000 + plan.warmupMs, maxWorkers: 1 }, 4), []);
});

test("a plan that connects past the deployment's list, to a socket or an address of its own, is refused", () => {
  const plan = planFor("https://gateway.example");
  const found = (changes: Partial<Plan>) => of({ ...plan, ...changes }).map(({ where }) => where);
  assert.deepEqual(found({ unixSocket: "/run/gateway.sock" }), ["$.unixSocket"]);
  assert.deepEqual(found({ resolve: { "gateway.example": "198.51.100.7" } }), ['$.resolve["gateway.example"]']);
});

test("a host that the deployment does not allow is refused, whatever the plan allows itself", () => {
  for (const host of ["other.example", "lab.example", "gateway.example.org", "xgateway.example"]) {
    const problems = of(planFor(`https://${host}`));
    assert.deepEqual(
      problems.map(({ where, found }) => [where, found]),
      [["$.chains[0].targets", `the host ${host}`]],
    );
    assert.match(problems[0]?.expected ?? "", /that this deployment allows: gateway\.example, \*\.lab\.example/);
  }
  for (const host of ["a.lab.example", "A.B.LAB.EXAMPLE", "GATEWAY.example"]) {
    assert.deepEqual(of(planFor(`https://${host}`)), [], host);
  }
  assert.match(of(planFor("https://gateway.example"), { allowedHosts: [] })[0]?.expected ?? "", /none is allowed yet/);
});

test("the rates of all chains together are held against maxRps", () => {
  const chains = [chainInput("a", 100, "https://gateway.example"), chainInput("b", 101, "https://gateway.example")];
  const [problem, ...rest] = of(planFor("https://gateway.example", { chains }));
  assert.deepEqual(rest, []);
  assert.deepEqual(problem, {
    where: "$.chains",
    found: "201 requests per second in all",
    expected: "at most 200 (maxRps), as this deployment allows",
  });
});

test("duration and warm-up together are held against maxDuration", () => {
  const plan = planFor("https://gateway.example", { duration: "50s", warmup: "10s" });
  assert.deepEqual(of(plan), []);
  assert.deepEqual(of(plan, { maxDurationMs: 59_000 }), [
    { where: "$.duration", found: "1m", expected: "at most 59s (maxDuration), as this deployment allows" },
  ]);
});

test("workers are held against maxWorkers", () => {
  const plan = planFor("https://gateway.example", { workers: 3 });
  const where = { where: "$.workers", found: "3 workers" };
  assert.deepEqual(of(plan), [{ ...where, expected: "at most 2 (maxWorkers), as this deployment allows" }]);
  assert.deepEqual(of(plan, { maxWorkers: 3 }), []);
});

test("the estimate is held against maxUsd", () => {
  const [problem, ...rest] = of(planFor("https://gateway.example"), { maxUsd: 0.000001 });
  assert.deepEqual(rest, []);
  assert.equal(problem?.where, "$");
  assert.match(problem?.found ?? "", /^a run that costs about \$0\.0\d+$/);
  assert.equal(problem?.expected, "at most $0.000001 (maxUsdPerRun), as this deployment allows");
});

test("more workers and segments than Step Functions runs at once are refused", () => {
  const plan = planFor("https://gateway.example", { workers: 100, duration: "24h" });
  const wide = { maxRps: 1e9, maxDurationMs: 1e12, maxWorkers: 1e6, maxUsd: 1e9 };
  const [problem] = of(plan, wide, 1e6);
  assert.deepEqual(problem && [problem.where, problem.found], ["$.duration", "12000 of them"]);
  assert.match(problem?.expected ?? "", /^at most 10000 workers × segments/);
  assert.deepEqual(of(planFor("https://gateway.example", { workers: 83, duration: "24h" }), wide, 1e6), []);
});

test("invocations at once are held against what the account allows: twice the workers where segments follow", () => {
  const one = planFor("https://gateway.example", { workers: 2 });
  assert.deepEqual(of(one, {}, 5), []);
  const [problem] = of(one, {}, 4);
  assert.deepEqual(problem && [problem.where, problem.found], ["$.workers", "5 Lambda invocations at once"]);
  assert.match(
    problem?.expected ?? "",
    /^at most the 4 that this account and function have.*Service Quotas.*perWorkerRps$/,
  );
  const segments = planFor("https://gateway.example", { workers: 2, duration: "13m" });
  const long = { maxDurationMs: 1e9 };
  assert.deepEqual(of(segments, long, 7), []);
  assert.equal(of(segments, long, 6)[0]?.found, "7 Lambda invocations at once");
});

test("a segment and its timeout together must end within a Lambda's 15 minutes; a fleet's hosts have no such limit", () => {
  const long = { maxDurationMs: 1e9 };
  const slow = { duration: "24m", segment: "12m", timeout: "5m" };
  const [problem, ...rest] = of(planFor("https://gateway.example", slow), long);
  assert.deepEqual(rest, []);
  assert.deepEqual(problem && [problem.where, problem.expected], [
    "$.segment",
    "at most 15m, as long as a Lambda lives: shorten segment or timeout",
  ]);
  assert.match(problem?.found ?? "", /^workers that may take 17m/);
  assert.deepEqual(of(planFor("https://gateway.example", { ...slow, segment: "9m" }), long), []);
  assert.deepEqual(of(planFor("https://gateway.example", { ...slow, mode: "fleet" }), long), []);
});

test("a fleet's workers are no Lambda invocations", () => {
  const fleet = planFor("https://gateway.example", { mode: "fleet", workers: 2 });
  assert.deepEqual(of(fleet, {}, 3), []);
  assert.equal(of(fleet, {}, 2)[0]?.found, "3 Lambda invocations at once");
});

test("a plan in fleet mode needs no more hosts than the fleet has; in Lambda that is no limit", () => {
  const hosts = { workers: 2 };
  const fleet = planFor("https://gateway.example", { ...hosts, mode: "fleet" });
  assert.deepEqual(of(fleet, { maxHosts: 2 }), []);
  assert.deepEqual(
    of(fleet, { maxHosts: 1 }).map(({ found, expected }) => [found, expected]),
    [["2 hosts, one for each worker", "at most 1, as this deployment's fleet has (fleetMaxHosts)"]],
  );
  assert.deepEqual(of(planFor("https://gateway.example", hosts), { maxHosts: 1 }), []);
  const setting = { workerMb: 256, isBehindNat: false, workersPerHost: 2 };
  assert.deepEqual(of(fleet, { maxHosts: 1, setting }), []);
  const three = planFor("https://gateway.example", { workers: 3, mode: "fleet" });
  const [problem] = of(three, { maxHosts: 1, maxWorkers: 3, setting });
  assert.equal(problem?.found, "2 hosts, for 3 workers, 2 on each");
});

test("all guards that are passed are told at once", () => {
  const plan = planFor("https://other.example", {
    workers: 3,
    duration: "2m",
    chains: [chainInput("a", 300, "https://other.example")],
  });
  const problems = of(plan, { maxUsd: 0.000001 }, 3);
  assert.deepEqual(
    problems.map(({ where }) => where),
    ["$.chains[0].targets", "$.chains", "$.duration", "$.workers", "$", "$.workers"],
  );
});

test("a plan with regions is refused by a deployment, whose workers run in one region", () => {
  const regions = { "us-east-1": 0.6, "eu-west-1": 0.4 };
  const problems = of(planFor("https://gateway.example", { regions }), { maxWorkers: 10 });
  assert.deepEqual(
    problems.map(({ where, found }) => [where, found]),
    [["$.regions", "us-east-1, eu-west-1"]],
  );
});
