import { readFileSync, writeFileSync } from "node:fs";
import { inFolder, run, which } from "../processes.ts";
import { BODY, type Generator, measured, versionOf } from "./generator.ts";

const program = which("artillery", []);

/** Artillery: each arrival is a virtual user that sends one request, over 64 connections that are kept. */
export const artillery: Generator = {
  name: "artillery",
  loop: "open",
  wires: [],
  install: "npm install --global artillery",
  near: 600,
  down: 1.5,
  version: () => versionOf(program, ["--version"], /Artillery: (\S+)/),
  measure({ url, rps, seconds, core, cgroup }) {
    return inFolder(async (folder) => {
      const request = { url: "/", json: JSON.parse(BODY) as unknown };
      const script = {
        config: { target: new URL(url).origin, http: { pool: 64 }, phases: [{ duration: seconds, arrivalRate: rps }] },
        scenarios: [{ flow: [{ post: request }] }],
      };
      writeFileSync(`${folder}/script.json`, JSON.stringify(script));
      const args = ["run", "--quiet", "--output", `${folder}/report.json`, `${folder}/script.json`];
      const ran = await run([process.execPath, program ?? "artillery", ...args], core, cgroup);
      const { aggregate } = JSON.parse(readFileSync(`${folder}/report.json`, "utf8")) as {
        aggregate: { counters: Record<string, number> };
      };
      const ok = aggregate.counters["http.codes.200"] ?? 0;
      return measured(ok, { rps, seconds }, ran);
    });
  },
};
