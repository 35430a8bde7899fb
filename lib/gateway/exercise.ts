import { Recorder } from "../attack/recorder.ts";
import { prepareChain } from "../attack/requests.ts";
import { Sender } from "../attack/sender.ts";
import type { GatewaySettings } from "../plan/gatewaySchema.ts";
import type { Target } from "../plan/schema.ts";
import { systemClock } from "../store/clock.ts";
import { startGateway } from "./gateway.ts";

const ADDRESS = "0x0000000000000000000000000000000000000000";
const CALLS = [
  { method: "eth_blockNumber", params: [] },
  { method: "eth_chainId", params: [] },
  { method: "eth_getBalance", params: [ADDRESS, "latest"] },
  { method: "eth_call", params: [{ to: ADDRESS, data: "0x18160ddd" }, "latest"] },
];

const ROUNDS = 40;
const CALLS_A_ROUND = 100;

/**
 * Sends some thousand calls through a similar gateway in the same process, so that the code is compiled when the real
 * gateway gets its first request: a real server has been up for a long time when a test begins.
 */
export async function exercise({ seed, chains }: GatewaySettings): Promise<void> {
  const errors = { http500: 0, http429: 0, rpcError: 0, reset: 0, timeout: 0 };
  const fast = { latencyMs: { p50: 1, p99: 2 }, concurrency: CALLS_A_ROUND, errors };
  const gateway = await startGateway({ port: 0, seed, chains: chains.map((chain) => ({ ...chain, ...fast })) });
  const targets = chains.flatMap(({ endpoint }) =>
    CALLS.map(
      (call, id): Target => ({
        method: "POST",
        url: `${gateway.origin}/api/gateway?endpoint=${encodeURIComponent(endpoint)}`,
        headers: [["Content-Type", "application/json"]],
        body: JSON.stringify({ jsonrpc: "2.0", id, ...call }),
        weight: 1,
      }),
    ),
  );
  // A replay makes the targets take turns.
  const chain = { name: "exercise", rps: 1, targets, replay: targets.map(() => 0) };
  const request = prepareChain(chain, { keepalive: true, seed: 1 });
  const sender = new Sender(systemClock, { http: "1.1", keepalive: true, timeoutMs: 2_000 });
  const recorder = new Recorder("exercise", "warmup", 1_000);
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < CALLS_A_ROUND; i++) {
      const n = (round + i) % targets.length;
      const nowMs = systemClock.nowMs();
      sender.send({ request: request(n), n, recorder, dueMs: 0, dueAtMs: nowMs }, nowMs);
    }
    await sender.drained();
  }
  sender.close();
  await gateway.close();
}
