import { join } from "node:path";
import { run, which } from "../processes.ts";
import { BODY, type Generator, goVersion } from "./generator.ts";

const program = which("fortio", [join(process.env.HOME ?? "", "go/bin")]);

/** fortio at a rate, which 64 threads share; its fast client, and no sleep to catch up with what is late. */
export const fortio: Generator = {
  name: "fortio",
  loop: "open",
  wires: [],
  install: "go install fortio.org/fortio@v1.60.3",
  near: 20_000,
  down: 1.5,
  version: () => goVersion(program),
  async measure({ url, rps, seconds, core, cgroup }) {
    const rate = ["-qps", String(rps), "-t", `${seconds}s`, "-c", "64", "-uniform"];
    const request = ["-content-type", "application/json", "-payload", BODY];
    const args = [program ?? "fortio", "load", "-quiet", ...rate, ...request, "-json", "-", url];
    const { stdout, cpuMs, memoryMb } = await run(args, core, cgroup);
    const { RetCodes } = JSON.parse(stdout) as { RetCodes: Record<string, number> };
    const ok = RetCodes["200"] ?? 0;
    return { rps: ok / seconds, achieved: ok / (rps * seconds), cpuUs: (cpuMs * 1_000) / ok, memoryMb };
  },
};
