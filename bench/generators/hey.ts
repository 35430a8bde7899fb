import { join } from "node:path";
import { run, which } from "../processes.ts";
import { BODY, type Generator, goVersion, measured } from "./generator.ts";

const program = which("hey", [join(process.env.HOME ?? "", "go/bin")]);

/** Workers that share the rate; hey takes a rate for each of them. */
const WORKERS = 50;

/** hey at a rate: each of its workers waits for a response before it sends again. */
export const hey: Generator = {
  name: "hey",
  loop: "open",
  wires: [],
  install: "go install github.com/rakyll/hey@latest",
  near: 10_000,
  down: 1.5,
  version: () => goVersion(program),
  async measure({ url, rps, seconds, core, cgroup }) {
    const rate = ["-q", String(rps / WORKERS), "-z", `${seconds}s`, "-c", String(WORKERS)];
    const request = ["-m", "POST", "-T", "application/json", "-d", BODY];
    const ran = await run([program ?? "hey", ...rate, ...request, url], core, cgroup);
    const ok = Number(/\[200\]\s+(\d+) responses/.exec(ran.stdout)?.[1] ?? 0);
    return measured(ok, { rps, seconds }, ran);
  },
};
