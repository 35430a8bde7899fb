import assert from "node:assert/strict";
import { test } from "node:test";
import {
  abortChecks,
  billedCallOf,
  billedCheck,
  type Ended,
  killChecks,
  refusalCheck,
  steadyChecks,
} from "../../lib/doctor/acceptance.ts";
import { signOffText } from "../../lib/doctor/signOff.ts";
import type { Report } from "../../lib/report/schema.ts";
import { checkedPlan } from "../support/plans.ts";

const LEDGER = { scheduled: 400, sent: 400, valid: 400, missed: 0 };
const SECONDS = Array.from({ length: 20 }, (_, second) => ({ second, scheduled: 20, sent: 20 }));

/** A run that ended, of whose report only what is looked at is there. */
function ended(changes: { total?: object; run?: object; workers?: object[]; findings?: string[]; skew?: number } = {}) {
  const { total = {}, run = {}, workers = [], findings = [], skew = 3 } = changes;
  const report = {
    run: { segments: 2, finishedMs: 20_000, ...run },
    total: { ledger: LEDGER, seconds: SECONDS, sendLagMs: { p99: 1.5 }, ...total },
    startSkewMs: skew,
    workers,
    findings,
  };
  const plan = checkedPlan("https://gateway.example", { allowedHosts: ["gateway.example"] });
  return { runId: "v-1", plan, status: "SUCCEEDED", error: "", report: report as unknown as Report } satisfies Ended;
}

const levels = (checks: { subject: string; level: string }[]) =>
  Object.fromEntries(checks.map(({ subject, level }) => [subject, level]));

test("a plain run holds when nothing is missing, and each figure that is off fails its own check", () => {
  const all = { "a plain run": "ok", "hand-over": "ok", "start skew": "ok", "send lag": "ok" };
  assert.deepEqual(levels(steadyChecks(ended())), all);
  const oneLess = { ...LEDGER, sent: 399, valid: 399, missed: 1 };
  const gap = SECONDS.map((each) => (each.second === 10 ? { ...each, sent: 19 } : each));
  const broken = steadyChecks(ended({ total: { ledger: oneLess, seconds: gap } }));
  assert.deepEqual(levels(broken), { ...all, "a plain run": "fail", "hand-over": "fail" });
  assert.match(broken[1]?.evidence ?? "", /missing: 10$/);
  assert.equal(levels(steadyChecks(ended({ run: { segments: 1 } })))["hand-over"], "fail");
  assert.equal(levels(steadyChecks(ended({ skew: 1_001 })))["start skew"], "fail");
  assert.equal(levels(steadyChecks(ended({ total: { sendLagMs: { p99: 51 } } })))["send lag"], "fail");
  const strict = checkedPlan("https://gateway.example", { allowedHosts: ["gateway.example"], slo: { p99Ms: 4 } });
  assert.equal(levels(steadyChecks({ ...ended(), plan: strict }))["send lag"], "fail", "1.5 ms, of which 1 is allowed");
  assert.deepEqual(levels(steadyChecks({ ...ended(), report: undefined })), { "a plain run": "fail" });
});

test("an abort holds when workers stop within 2.5 s of the flag and the report says so", () => {
  const aborted = (run: object) => levels(abortChecks(ended({ run }), 5_000)).abort;
  assert.equal(aborted({ finishedMs: 7_400, aborted: "stopped by volley abort" }), "ok");
  assert.equal(aborted({ finishedMs: 7_600, aborted: "stopped by volley abort" }), "fail");
  assert.equal(aborted({ finishedMs: 7_000 }), "fail");
});

test("a killed worker holds when it is named, the other one misses nothing, and the ledger balances", () => {
  const worker = (id: string, missed: number) => ({ id, ledger: { missed } });
  const ledger = { scheduled: 400, sent: 350, missed: 50 };
  const findings = ["w001-s00: attempt 1 wrote no summary"];
  const killed = (changes: Parameters<typeof ended>[0]) =>
    levels(
      killChecks(ended({ total: { ledger }, workers: [worker("w000", 0), worker("w001", 50)], findings, ...changes })),
    )["a killed worker"];
  assert.equal(killed({}), "ok");
  assert.equal(killed({ findings: [] }), "fail");
  assert.equal(killed({ workers: [worker("w000", 1), worker("w001", 50)] }), "fail");
  assert.equal(killed({ total: { ledger: { ...ledger, missed: 49 } } }), "fail");
});

test("a refusal is an InputError, and Lambda's bill is read from its log and held against the estimate", () => {
  assert.equal(refusalCheck({ ...ended(), status: "FAILED", error: "InputError: a host" }).level, "ok");
  assert.equal(refusalCheck({ ...ended(), status: "FAILED", error: "Volley.InvalidRun" }).level, "fail");
  assert.equal(refusalCheck(ended()).level, "fail");

  const line =
    "REPORT RequestId: 3f1c\tDuration: 41230.42 ms\tBilled Duration: 41231 ms\tMemory Size: 256 MB\tMax Memory Used: 131 MB\tInit Duration: 201.7 ms\t\n";
  assert.deepEqual(billedCallOf(line), { billedMs: 41_231, memoryMb: 256 });
  assert.equal(billedCallOf("START RequestId: 3f1c Version: $LATEST"), undefined);
  const calls = [{ billedMs: 40_000, memoryMb: 256 }];
  assert.equal(billedCheck(calls, 10).level, "ok");
  assert.equal(billedCheck(calls, 14).level, "warn");
  assert.equal(billedCheck([], 14).level, "warn");
});

test("the report that is signed off has place, time, figures and who ran it", () => {
  const text = signOffText([{ subject: "abort", level: "fail", evidence: "9 s | after", remedy: "look" }], {
    stack: "volley",
    stateMachineArn: "arn:aws:states:eu-west-1:123456789012:stateMachine:volley",
    version: "0.1.0",
    gateway: "http://10.0.0.7",
    beganAt: new Date(0),
    endedAt: new Date(60_000),
    by: "Ann",
  });
  assert.match(text, /^# Acceptance test: 1 of 1 checks failed$/m);
  assert.match(text, /^- stack: volley, account 123456789012, region eu-west-1$/m);
  assert.match(text, /^\| abort \| fail \| 9 s \\\| after → look \|$/m);
  assert.match(text, /^Signed off by Ann, 1970-01-01\.$/m);
});
