import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { EXIT_CODES, stoppedBy, verdictCode } from "../../bin/exitCodes.ts";
import { makeProgram } from "../../bin/program.ts";
import { ROOT } from "../support/volley.ts";

test("a verdict has an exit code: passed 0, SLO missed 1, invalid 3, whatever else it says", () => {
  const verdict = { generator: true, reasons: [], causes: [] };
  assert.equal(verdictCode({ ...verdict, valid: true, pass: true }), 0);
  assert.equal(verdictCode({ ...verdict, valid: true, pass: false }), 1);
  assert.equal(verdictCode({ ...verdict, valid: false, pass: true }), 3);
  assert.equal(verdictCode({ ...verdict, valid: false, pass: false }), 3);
});

test("a signal's exit code is the shell's", () => {
  assert.deepEqual((["SIGINT", "SIGTERM", "SIGHUP"] as const).map(stoppedBy), [130, 143, 129]);
});

test("--help and the README list every exit code with its meaning", () => {
  let help = "";
  makeProgram()
    .configureOutput({ writeOut: (text) => (help += text) })
    .outputHelp();
  const readme = readFileSync(`${ROOT}README.md`, "utf8");
  assert.deepEqual(
    EXIT_CODES.map(([code]) => code),
    [0, 1, 2, 3, 4, 5, 130],
  );
  for (const [code, meaning] of EXIT_CODES) {
    assert.ok(help.includes(`${code} ${meaning}`), `--help lacks ${code} ${meaning}`);
    assert.ok(readme.includes(`| ${code} | ${meaning}`), `the README lacks ${code} ${meaning}`);
  }
});
