import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { recordedSchedule } from "../../lib/schedule/schedule.ts";

test("a recorded schedule counts what is due before an instant, also where several requests are due at once", () => {
  const instants = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 30 });
  fc.assert(
    fc.property(instants, fc.integer({ min: -5, max: 60 }), (unsorted, ms) => {
      const recorded = unsorted.toSorted((a, b) => a - b);
      const schedule = recordedSchedule(recorded, 41);
      assert.equal(schedule.count, recorded.length);
      assert.equal(schedule.dueBefore(ms), recorded.filter((each) => each < ms).length);
      for (const [n, each] of recorded.entries()) assert.equal(schedule.dueAtMs(n), each);
    }),
  );
});
