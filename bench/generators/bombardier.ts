import { join } from "node:path";
import { run, which } from "../processes.ts";
import { BODY, type Generator, goVersion, measured } from "./generator.ts";

const program = which("bombardier", [join(process.env.HOME ?? "", "go/bin")]);

/** bombardier at a rate, over 64 connections, with its default client, fasthttp. */
export const bombardier: Generator = {
  name: "bombardier",
  loop: "open",
  wires: [],
  install: "go install github.com/codesenberg/bombardier@latest",
  near: 30_000,
  down: 1.5,
  version: () => goVersion(program),
  async measure({ url, rps, seconds, core, cgroup }) {
    const rate = ["-r", String(rps), "-d", `${seconds}s`, "-c", "64"];
    const request = ["-m", "POST", "-H", "Content-Type: application/json", "-b", BODY];
    const args = [program ?? "bombardier", ...rate, ...request, "-o", "json", "-p", "r", url];
    const ran = await run(args, core, cgroup);
    const { result } = JSON.parse(ran.stdout) as { result: { req2xx: number } };
    const ok = result.req2xx;
    return measured(ok, { rps, seconds }, ran);
  },
};
