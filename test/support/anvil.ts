import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { TestContext } from "node:test";
import { listening } from "./nginx.ts";
import { freeOrigin } from "./servers.ts";
import { ROOT } from "./volley.ts";

/** A real EVM node on loopback. */
export interface Anvil {
  origin: string;
  /** Calls a method; gives its result, and throws with the node's error. */
  call(method: string, params: unknown[]): Promise<unknown>;
}

/**
 * Starts anvil (Foundry's node, from npm) on a chain of its own, which mines nothing, or a block every so many seconds;
 * it ends with the test. Skips the test where it is absent.
 */
export async function startAnvil(test: TestContext, blockTimeS?: number): Promise<Anvil | undefined> {
  const program = `${ROOT}node_modules/@foundry-rs/anvil-linux-${process.arch === "x64" ? "amd64" : process.arch}/bin/anvil`;
  if (!existsSync(program)) {
    const message = "needs anvil, an optional dependency: npm ci on Linux, x64 or arm64";
    if (process.env.CI) throw new Error(message);
    test.skip(message);
    return undefined;
  }
  const origin = await freeOrigin(test);
  const mining = blockTimeS === undefined ? ["--no-mining"] : ["--block-time", String(blockTimeS)];
  const child = spawn(program, ["--port", new URL(origin).port, "--silent", ...mining], { stdio: "ignore" });
  const exited = once(child, "exit");
  test.after(async () => {
    child.kill("SIGTERM");
    await exited;
  });
  await listening(origin);
  return {
    origin,
    async call(method, params) {
      const response = await fetch(origin, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      });
      const { result, error } = (await response.json()) as { result?: unknown; error?: unknown };
      if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
      return result;
    },
  };
}
