import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { GatewaySettings } from "../plan/gatewaySchema.ts";

const HOST = fileURLToPath(new URL("./gatewayHost.ts", import.meta.url));

/** The message from the gateway's process to its parent. */
export type GatewayMessage = { origin: string } | { error: string };

/** A stand-in gateway in a separate process. */
export interface GatewayProcess {
  origin: string;
  pid: number;
  stop(): Promise<void>;
}

/** The message from its parent: the settings, and the address to listen on. */
export interface GatewayStart {
  settings: GatewaySettings;
  address: string;
}

/**
 * Starts the stand-in gateway in a separate process, which exits with this one. It listens on loopback, or on another
 * address of this machine. Rejects if it cannot listen.
 */
export async function startGatewayProcess(settings: GatewaySettings, address = "127.0.0.1"): Promise<GatewayProcess> {
  const child: ChildProcess = fork(HOST, [], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    detached: true,
  });
  child.send({ settings, address } satisfies GatewayStart);
  const [message] = (await Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => [{ error: `it ended with ${code}` }]),
  ])) as [GatewayMessage];
  if ("error" in message) throw new Error(`the stand-in gateway did not start: ${message.error}`);
  return {
    origin: message.origin,
    pid: child.pid as number,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}
