import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inFolder, run, which } from "../processes.ts";
import { BODY, type Generator, type Load, type ResponseMs, versionOf } from "./generator.ts";

const k6Program = which("k6", [join(process.env.HOME ?? "", "go/bin")]);

/** k6 with a constant arrival rate and one check of the body; what it could not start it counts as dropped. */
export const k6: Generator = {
  name: "k6",
  loop: "open",
  install: "go install go.k6.io/k6@latest",
  near: 4_200,
  down: 1.5,
  version: () => versionOf(k6Program, ["version"], /v(\d\S+)/),
  wires: ["tls", "tls-once", "h2"],
  measure({ url, rps, seconds, core, wire, cgroup }) {
    return inFolder(async (folder) => {
      writeFileSync(`${folder}/script.js`, k6Script({ url, rps, seconds, wire }, folder));
      // Go's client speaks HTTP/2 wherever a server offers it, unless its environment forbids it.
      const environment = wire === "h2" ? [] : ["env", "GODEBUG=http2client=0"];
      const { cpuMs, memoryMb } = await run(
        [...environment, k6Program ?? "k6", "run", "--quiet", `${folder}/script.js`],
        core,
        cgroup,
      );
      const summary = JSON.parse(readFileSync(`${folder}/summary.json`, "utf8")) as Summary;
      const { sent, ok, responseMs } = summary;
      return { rps: ok / seconds, achieved: ok / (rps * seconds), responseMs, cpuUs: (cpuMs * 1_000) / sent, memoryMb };
    });
  },
};

/** What the script writes when it ends. */
interface Summary {
  sent: number;
  ok: number;
  responseMs: ResponseMs;
}

function k6Script({ url, rps, seconds, wire }: Omit<Load, "core">, folder: string): string {
  return `
import http from "k6/http";
import { check } from "k6";
export const options = {
  discardResponseBodies: false,
  scenarios: { load: { executor: "constant-arrival-rate", rate: ${rps}, timeUnit: "1s", duration: "${seconds}s",
    preAllocatedVUs: 200, maxVUs: 400 } },
  summaryTrendStats: ["med", "p(99)", "p(99.9)", "max"],
  insecureSkipTLSVerify: true,
  noConnectionReuse: ${wire === "tls-once"},
};
const params = { headers: { "Content-Type": "application/json" } };
export default function () {
  const response = http.post("${url}", '${BODY}', params);
  check(response, { relay: (r) => r.status === 200 && r.json("id") === 1 });
}
export function handleSummary({ metrics }) {
  const sent = metrics.http_reqs ? metrics.http_reqs.values.count : 0;
  const ok = metrics.checks ? metrics.checks.values.passes : 0;
  const { med: p50, "p(99)": p99, "p(99.9)": p999, max } = metrics.http_req_duration.values;
  return { "${folder}/summary.json": JSON.stringify({ sent, ok, responseMs: { p50, p99, p999, max } }) };
}
`;
}
