import assert from "node:assert/strict";
import { test } from "node:test";
import { compilePattern, MAX_MATCHED, patternProblem } from "../../lib/plan/pattern.ts";
import { cpuMs } from "../support/cpu.ts";

test("a pattern matches anywhere in a text, and by case unless asked otherwise", () => {
  assert.equal(compilePattern("time.*out").test("a time that ran out"), true);
  assert.equal(compilePattern("^0x[0-9a-f]+$").test("0xAB"), false);
  assert.equal(compilePattern("^0x[0-9a-f]+$", { ignoreCase: true }).test("0xAB"), true);
});

test("JavaScript's escapes mean what they mean in JavaScript", () => {
  assert.equal(compilePattern("^\\u0041\\/$").test("A/"), true);
});

test("what RE2 cannot do is told, with the place", () => {
  for (const [source, reason] of [
    ["a(?=b)", "(?="],
    ["(a)\\1", "\\1"],
    ["(?<!a)b", "(?<!a)"],
    ["[", "missing closing"],
    ["x".repeat(1_001), "1000"],
  ] as const) {
    const problem = patternProblem(source);
    assert.ok(problem?.includes("RE2") && problem.includes(reason), `${source.slice(0, 20)}: ${problem}`);
  }
  assert.equal(patternProblem("error|timed out"), undefined);
});

test("patterns that backtrack for hours elsewhere take milliseconds", () => {
  const texts = [`${"a".repeat(200_000)}!`, "error ".repeat(50_000), "\u2028".repeat(100_000)];
  for (const source of ["^(a+)+$", "(error.*)*timed out", "(a|aa|a*)*b", "(\\s*\\w+\\s*)+;"]) {
    const pattern = compilePattern(source);
    for (const text of texts) {
      const fromMs = cpuMs();
      pattern.test(text);
      assert.ok(cpuMs() - fromMs < 1_000, `${source} took ${cpuMs() - fromMs} ms`);
    }
  }
});

test("no more than the first 64 Ki characters are looked at", () => {
  const pattern = compilePattern("end");
  assert.equal(pattern.test(`${" ".repeat(MAX_MATCHED - 3)}end`), true);
  assert.equal(pattern.test(`${" ".repeat(MAX_MATCHED)}end`), false);
});
