import { join } from "node:path";
import { run, which } from "../processes.ts";
import { BODY, type Generator, measured, versionOf } from "./generator.ts";

const program = which("oha", [join(process.env.HOME ?? "", ".cargo/bin")]);

/** The parts of oha's JSON that the bench reads; durations in seconds. */
interface OhaReport {
  summary: { slowest: number };
  latencyPercentiles: Record<"p50" | "p99" | "p99.9", number>;
  statusCodeDistribution: Record<string, number>;
}

/** oha at a rate, over at most this many connections; its times are from when a request was due (`--latency-correction`). */
export function oha(connections: number): Generator {
  return {
    name: "oha",
    loop: "open",
    wires: [],
    install: "cargo install oha",
    near: 40_000,
    down: 1.5,
    version: () => versionOf(program, ["--version"], /oha (\S+)/),
    async measure({ url, rps, seconds, core, cgroup }) {
      const rate = ["-z", `${seconds}s`, "-q", String(rps), "--latency-correction", "-c", String(connections)];
      const request = ["-m", "POST", "-T", "application/json", "-d", BODY, "--insecure"];
      const args = [program ?? "oha", ...rate, ...request, "--no-tui", "--output-format", "json", url];
      const ran = await run(args, core, cgroup);
      const { summary, latencyPercentiles, statusCodeDistribution } = JSON.parse(ran.stdout) as OhaReport;
      const ok = statusCodeDistribution["200"] ?? 0;
      return {
        ...measured(ok, { rps, seconds }, ran),
        responseMs: {
          p50: latencyPercentiles.p50 * 1_000,
          p99: latencyPercentiles.p99 * 1_000,
          p999: latencyPercentiles["p99.9"] * 1_000,
          max: summary.slowest * 1_000,
        },
      };
    },
  };
}
