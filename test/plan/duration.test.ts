import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { durationMs, formatDuration } from "../../lib/plan/duration.ts";

test("durations are seconds as a number, or hours, minutes, seconds and milliseconds in this order", () => {
  const right: [string | number, number][] = [
    [90, 90_000],
    [0.25, 250],
    [0.0001, 1],
    ["90s", 90_000],
    ["33m", 1_980_000],
    ["1h30m", 5_400_000],
    ["2h", 7_200_000],
    ["1h1m1s1ms", 3_661_001],
    ["500ms", 500],
    ["1.5s", 1_500],
    ["0.5h", 1_800_000],
    ["2.25m", 135_000],
    ["12.75h", 45_900_000],
    ["1.4ms", 1],
    ["1.6ms", 2],
    ["10m10ms", 600_010],
    ["10s", 10_000],
    ["10.25ms", 10],
  ];
  for (const [text, ms] of right) assert.equal(durationMs(text), ms, String(text));
});

test("what is no duration is refused by its name", () => {
  const wrong = [
    "",
    "s",
    "10",
    "10 s",
    "1s1m",
    "1m1h",
    "-1s",
    "1.s",
    ".5s",
    "1,5s",
    "1s ",
    " 1s",
    "1sm",
    "10sec",
    "1e3s",
    "1h1h",
  ];
  for (const text of wrong) assert.throws(() => durationMs(text), { message: `not a duration: ${text}` }, text);
});

test("a duration for people is told in the units that it has", () => {
  const right: [number, string][] = [
    [0, "0s"],
    [1, "1ms"],
    [0.4, "0ms"],
    [999, "999ms"],
    [1_000, "1s"],
    [1_249, "1.2s"],
    [12_500, "12.5s"],
    [59_900, "59.9s"],
    [60_000, "1m"],
    [60_400, "1m"],
    [61_000, "1m 1s"],
    [1_980_000, "33m"],
    [3_600_000, "1h"],
    [3_601_000, "1h 1s"],
    [3_900_000, "1h 5m"],
    [90_061_000, "25h 1m 1s"],
  ];
  for (const [ms, text] of right) assert.equal(formatDuration(ms), text, String(ms));
});

test("what is written for people in whole seconds reads back as itself", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), (seconds) => {
      assert.equal(durationMs(formatDuration(seconds * 1_000).replaceAll(" ", "")), seconds * 1_000);
    }),
  );
});
