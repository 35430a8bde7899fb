import { execFileSync } from "node:child_process";
import { createReadStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { percentiles } from "../percentiles.ts";
import { inFolder, run, which } from "../processes.ts";
import { BODY, type Generator, goVersion, type Measurement, type ResponseMs } from "./generator.ts";

/**
 * Vegeta with so many workers at most: unbounded, it starts one for every request that is late, and falls behind for
 * good. Its lag is counted from its own timestamps, the least of them being in time.
 */
export function vegeta(mostWorkers: number | undefined): Generator {
  const program = which("vegeta", [join(process.env.HOME ?? "", "go/bin")]);
  return {
    name: mostWorkers === undefined ? "vegeta" : `vegeta -max-workers ${mostWorkers}`,
    loop: "open",
    install: "go install github.com/tsenart/vegeta/v12@latest",
    near: mostWorkers === undefined ? 12_000 : 26_000,
    down: 2.25,
    version: () => goVersion(program),
    wires: ["tls", "tls-once", "h2"],
    measure({ url, rps, seconds, core, wire, cgroup }) {
      return inFolder(async (folder) => {
        writeFileSync(`${folder}/body.json`, BODY);
        writeFileSync(`${folder}/targets`, `POST ${url}\nContent-Type: application/json\n@${folder}/body.json\n`);
        const most = mostWorkers === undefined ? [] : ["-max-workers", String(mostWorkers), "-workers", "64"];
        const args = ["attack", "-rate", String(rps), "-duration", `${seconds}s`, "-targets", `${folder}/targets`];
        const tls =
          wire === "http" ? [] : ["-insecure", `-http2=${wire === "h2"}`, `-keepalive=${wire !== "tls-once"}`];
        const output = ["-output", `${folder}/results.bin`, "-max-body", "0"];
        const { cpuMs, memoryMb } = await run([program ?? "vegeta", ...args, ...most, ...tls, ...output], core, cgroup);
        execFileSync(program ?? "vegeta", [
          "encode",
          "-to",
          "csv",
          "-output",
          `${folder}/r.csv`,
          `${folder}/results.bin`,
        ]);
        const { ok, lagMs, responseMs } = await readVegeta(`${folder}/r.csv`, rps);
        return {
          rps: ok / seconds,
          achieved: ok / (rps * seconds),
          lagMs,
          responseMs,
          cpuUs: (cpuMs * 1_000) / ok,
          memoryMb,
        };
      });
    },
  };
}

/** What vegeta recorded of each request, as percentiles. */
interface Recorded {
  ok: number;
  lagMs: NonNullable<Measurement["lagMs"]>;
  responseMs: ResponseMs;
}

async function readVegeta(path: string, rps: number): Promise<Recorded> {
  const lagsMs: number[] = [];
  const latenciesMs: number[] = [];
  let ok = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    // timestamp in ns, status, latency in ns, bytes out and in, error, body, attack, sequence, …
    const [timestamp = "", status, latency, , , , , , sequence = "0"] = line.split(",");
    if (status === "200") ok++;
    lagsMs.push(Number(BigInt(timestamp) % 10_000_000_000_000n) / 1e6 - (Number(sequence) / rps) * 1_000);
    latenciesMs.push(Number(latency) / 1e6);
  }
  const { min, p50, p99, p999 } = percentiles(lagsMs);
  return {
    ok,
    lagMs: { p50: p50 - min, p99: p99 - min, p999: p999 - min },
    responseMs: percentiles(latenciesMs),
  };
}
