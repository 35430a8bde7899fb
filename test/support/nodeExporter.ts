import { spawn } from "node:child_process";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { requireProgram } from "./programs.ts";

/** Starts Prometheus' node_exporter on a free port of loopback; undefined, with the test skipped, where it is not. */
export async function startNodeExporter(test: TestContext): Promise<string | undefined> {
  const program = requireProgram(test, "prometheus-node-exporter", "prometheus-node-exporter");
  if (program === undefined) return undefined;
  const child = spawn(program, ["--web.listen-address=127.0.0.1:0"], { stdio: ["ignore", "ignore", "pipe"] });
  test.after(() => child.kill());
  let told = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    told += text;
  });
  for (;;) {
    const address = /address=(127\.0\.0\.1:\d+)/.exec(told)?.[1];
    if (address !== undefined) return `http://${address}`;
    await Promise.race([
      once(child.stderr, "data"),
      once(child, "exit").then(() => Promise.reject(new Error(`it ended:\n${told}`))),
    ]);
  }
}
