import { join } from "node:path";
import { run, which } from "../processes.ts";
import { BODY, type Generator, goVersion, measured } from "./generator.ts";

const program = which("fortio", [join(process.env.HOME ?? "", "go/bin")]);

const THREADS = 64;

/** fortio at a rate, which its threads share, with its fast client. Each thread makes a whole number of calls. */
export const fortio: Generator = {
  name: "fortio",
  loop: "open",
  wires: [],
  install: "go install fortio.org/fortio@v1.60.3",
  near: 20_000,
  down: 1.5,
  version: () => goVersion(program),
  async measure({ url, rps, seconds, core, cgroup }) {
    const rate = ["-qps", String(rps), "-t", `${seconds}s`, "-c", String(THREADS), "-uniform"];
    const request = ["-content-type", "application/json", "-payload", BODY];
    const args = [program ?? "fortio", "load", "-quiet", ...rate, ...request, "-json", "-", url];
    const ran = await run(args, core, cgroup);
    const { RetCodes } = JSON.parse(ran.stdout) as { RetCodes: Record<string, number> };
    const ok = RetCodes["200"] ?? 0;
    const due = Math.floor((rps * seconds) / THREADS) * THREADS;
    return measured(ok, { rps, seconds }, ran, due);
  },
};
