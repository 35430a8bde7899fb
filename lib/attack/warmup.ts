import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { chainSchedule } from "../plan/assign.ts";
import type { Plan } from "../plan/schema.ts";
import type { Clock } from "./clock.ts";
import { Pacer } from "./pacer.ts";
import { Recorder } from "./recorder.ts";
import { prepareRequests } from "./requests.ts";
import { Sender } from "./sender.ts";
import { chainEvents } from "./track.ts";
import { startWaker } from "./waker.ts";

/** Least that is sent a second: enough to be compiled. What is more than one core carries on both ends is missed. */
const LEAST_RPS = 1_500;

/**
 * The warm-up goes through everything several times over, with new objects each time: code that was compiled for one
 * schedule, one sender or one kind of socket is thrown away when it meets the next, and that must not be the first one
 * that counts.
 */
const ROUNDS = 3;

/** Connections to the null server, and most requests in flight there: more than one, as there will be. */
const CONNECTIONS = 32;

/** How often a round's recording is encoded: flushes must be compiled too before the first one. */
const ENCODINGS = 4;

/**
 * Warms this process up: sends the plan's own requests through the whole of the engine to a server inside the process,
 * so that what is compiled on first use is compiled before the first request that counts. Goes at the rate that is to
 * come, `rps`, where that can be, for at a high rate other code is hot than at a low one. None of it leaves the process.
 * Ends after `durationMs` however slow the machine is.
 */
export async function warmUp(clock: Clock, plan: Plan, durationMs: number, rps: number): Promise<void> {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    // Each request comes alone on its connection and small, so that one piece of data is one request.
    socket.on("data", (request) => socket.write(nullAnswer(request)));
    socket.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const rate = Math.max(LEAST_RPS, rps);
  for (let round = 0; round < ROUNDS; round++) await warmUpRound(clock, plan, origin, durationMs / ROUNDS, rate);
  server.close();
}

async function warmUpRound(clock: Clock, plan: Plan, origin: string, durationMs: number, rps: number): Promise<void> {
  const limits = { ...plan.limits, inFlightPerWorker: CONNECTIONS };
  const local: Plan = { ...plan, limits, http: "1.1", keepalive: true, timeoutMs: 1_000, durationMs, warmupMs: 0 };
  const sender = new Sender(clock, local);
  await sender.open(origin, CONNECTIONS);
  const originMs = clock.nowMs();
  const recorders: Recorder[] = [];
  const profile = { type: "constant" } as const;
  const tracks = plan.chains.map((chain) => {
    const targets = chain.targets.map((target) => ({ ...target, url: `${origin}/` }));
    const recorder = new Recorder(chain.name, "warmup", Math.max(1, durationMs / 4));
    recorders.push(recorder);
    const schedule = chainSchedule({ ...local, profile }, rps / plan.chains.length, "measure");
    const requests = prepareRequests(targets, true);
    const events = chainEvents({ plan: local, chain, requests, sender, recorder, originMs, onSend: () => {} });
    return { schedule, originMs, shard: 0, of: 1, from: 0, to: schedule.count, events };
  });
  await new Pacer(clock, tracks).run(startWaker);
  await sender.drained();
  for (let index = 0; index < ENCODINGS; index++) for (const recorder of recorders) recorder.peek();
  for (const recorder of recorders) recorder.take();
  sender.close();
}

/** What a node would answer to a request with this text: its own id, and a block's number. */
function nullAnswer(request: Buffer): string {
  const [, id = "1"] = /"id":\s*("[^"]*"|-?\d+|null)/.exec(request.toString("latin1")) ?? [];
  const body = `{"jsonrpc":"2.0","id":${id},"result":"0x1312d00"}`;
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
