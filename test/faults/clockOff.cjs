const { existsSync, writeFileSync } = require("node:fs");

/*
 * The wall clock of a run's first worker, wrong from the start (VOLLEY_CLOCK_OFF_MS) or set in mid-run
 * (VOLLEY_CLOCK_STEP_MS): what a process sees of it is Date.now() and the time origin.
 */

const isWorker = process.argv.some((each) => each.endsWith("functions/attack.ts"));
const mark = `${(process.env.VOLLEY_STORE ?? "").replace("file:", "")}/clock-off`;
if (isWorker && !existsSync(mark)) {
  try {
    writeFileSync(mark, "", { flag: "wx" });
    setOff(Number(process.env.VOLLEY_CLOCK_OFF_MS ?? 0));
    const stepMs = Number(process.env.VOLLEY_CLOCK_STEP_MS ?? 0);
    if (stepMs !== 0) setTimeout(() => setOff(stepMs), 4_000).unref();
  } catch {
    // Another worker was the first.
  }
}

function setOff(ms) {
  const now = Date.now;
  Date.now = () => now() + ms;
  // A step does not change the origin, which is taken once.
  if (process.env.VOLLEY_CLOCK_STEP_MS) return;
  const origin = performance.timeOrigin + ms;
  Object.defineProperty(performance, "timeOrigin", { value: origin });
}
