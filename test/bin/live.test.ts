import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { liveOutput } from "../../bin/live.ts";
import type { Trial } from "../../lib/report/capacity.ts";
import { checkedPlan } from "../support/plans.ts";

const NASTY = "\u001b]0;owned\u0007\u001b[2Jcheck \u202efailed\r";

/** What is written of a trial, a note and where a search stands, to a terminal or a pipe. */
function written(isTTY: boolean): string {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 });
  const env = { CI: process.env.CI, TERM: process.env.TERM };
  delete process.env.CI;
  process.env.TERM = "xterm";
  try {
    const output = liveOutput({}, stream as unknown as NodeJS.WriteStream);
    const trial = { number: 1, scope: "kava", load: { kava: 5 }, met: false, valid: true, reasons: [NASTY] };
    output.trial(trial as unknown as Trial, checkedPlan("http://127.0.0.1:1"));
    output.note(`warning: ${NASTY}`);
    output.stand(`trial 2, ${NASTY}`);
    output.progress([], { nowMs: 0, durationMs: 1_000 }, true);
    output.end();
  } finally {
    for (const [name, value] of Object.entries(env)) if (value !== undefined) process.env[name] = value;
  }
  return String(stream.read());
}

test("reasons, notes and searches are written to a pipe without what a terminal would obey", () => {
  const text = written(false);
  assert.match(text, /trial 1, alone: kava 5\/s missed the SLO: .*check .failed/);
  assert.match(text, /warning: .*check .failed/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may be there
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
});

test("the view that is redrawn in a terminal obeys nothing that a server or a plan has said", () => {
  const text = written(true);
  assert.match(text, /trial 1, alone: kava 5\/s missed the SLO/);
  assert.match(text, /trial 2, .*check .failed/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what the redrawing itself writes is not these
  assert.doesNotMatch(text, /owned|\u0007|\u001b\[2J|\u202e/);
});
