import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { constantSchedule } from "../plan/schedule.ts";
import type { Clock } from "./clock.ts";
import type { ConnectionOptions } from "./connection.ts";
import { Pacer } from "./pacer.ts";
import { Recorder } from "./recorder.ts";
import { prepareRequests } from "./requests.ts";
import { Sender } from "./sender.ts";
import { startWaker } from "./waker.ts";

const BODY = '{"jsonrpc":"2.0","id":1,"result":"0x1"}';
const ANSWER = ["HTTP/1.1 200 OK", "Content-Type: application/json", `Content-Length: ${BODY.length}`, "", BODY].join(
  "\r\n",
);

/** Least and most that are sent a second: enough to be compiled, no more than one core carries on both ends. */
const LEAST_RPS = 1_500;
const MOST_RPS = 20_000;

/**
 * Warms this process up: sends requests through the whole of the engine to a server inside the process, so that what is
 * compiled on first use is compiled before the first request that counts. Goes at the rate that is to come, `rps`, where
 * that can be, for at a high rate other code is hot than at a low one. None of it leaves the process. Ends after
 * `durationMs` however slow the machine is.
 */
export async function warmUp(clock: Clock, durationMs: number, rps: number): Promise<void> {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    // Each request comes alone on its connection and small, so that one piece of data is one request.
    socket.on("data", () => socket.write(ANSWER));
    socket.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const options: ConnectionOptions = {
    http: "1.1",
    keepalive: true,
    timeoutMs: 1_000,
  };
  const sender = new Sender(clock, options);
  const recorder = new Recorder("warm-up", "warmup", 1_000);
  const [request] = prepareRequests(
    [
      {
        method: "POST",
        url: `${origin}/`,
        headers: { "Content-Type": "application/json" },
        body: '{"jsonrpc":"2.0","method":"eth_blockNumber","params":[],"id":1}',
        weight: 1,
      },
    ],
    true,
  );
  if (!request) throw new Error("no request to warm up with");
  await sender.open(origin, 2);
  const originMs = clock.nowMs();
  const schedule = constantSchedule(Math.min(MOST_RPS, Math.max(LEAST_RPS, rps)), durationMs);
  const pacer = new Pacer(clock, [
    {
      schedule,
      originMs,
      shard: 0,
      of: 1,
      from: 0,
      to: schedule.count,
      events: {
        due: (_n, dueAtMs, nowMs) => sender.send(request, recorder, dueAtMs - originMs, dueAtMs, nowMs),
        missed: (dueAtMs, reason) => recorder.missed(dueAtMs - originMs, reason),
      },
    },
  ]);
  await pacer.run(startWaker);
  await sender.drained();
  recorder.take();
  sender.close();
  server.close();
}
