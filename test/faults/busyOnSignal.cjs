const { isMainThread } = require("node:worker_threads");

/* Preloaded into a run's processes: one that gets SIGUSR2 never turns its event loop again. */

if (isMainThread) {
  process.on("SIGUSR2", () => {
    for (;;);
  });
}
