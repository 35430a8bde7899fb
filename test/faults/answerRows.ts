import { once } from "node:events";
import type { Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { classOf } from "../../lib/answers/classes.ts";
import { makeCertificate } from "../hostile/certificate.ts";
import type { HostileSettings } from "../hostile/server.ts";
import { RELAY, rawServer } from "../support/servers.ts";
import type { Ended, Place, Row } from "./harness.ts";

/* Hostile answers, over each way that there is: no worker ends or stands still, each request has an outcome, each its class. */

/** Seeds of the fuzzer (npm run hostile), whose rest says how it is spoken: HTTP/1.1 or HTTP/2, with TLS or without. */
const FUZZED = [
  { name: "HTTP/1.1", seed: 400, http: "1.1", isSecure: false },
  { name: "HTTP/1.1 over TLS", seed: 402, http: "1.1", isSecure: true },
  { name: "HTTP/2 over TLS", seed: 403, http: "2", isSecure: true },
] as const;

/** The target fails; where the machine is busy the generator was late too. Neither ends a worker. */
const ANSWERED = [1, 3];

/** What must hold whatever was answered. */
function inOrder({ report }: Ended): string | undefined {
  const unknown = Object.keys({ ...report?.total.errors, ...report?.total.invalid }).filter((name) => !classOf(name));
  if (unknown.length > 0) return `classes that no table has: ${unknown.join(", ")}`;
  const ends = new Set(report?.workers.flatMap(({ outcomes }) => outcomes));
  return [...ends].join() === "completed" ? undefined : `workers ended as ${[...ends].join()}`;
}

function fuzzedRow({ name, seed, http, isSecure }: (typeof FUZZED)[number]): Row {
  return {
    name: `hostile answers over ${name}`,
    plan: { duration: "5s", timeout: "500ms", http, tls: { insecure: true } },
    async target(place) {
      const tls = isSecure ? makeCertificate("openssl", place.folder) : undefined;
      const workerData: HostileSettings = { seed, speaks: http === "2" ? "HTTP/2" : "HTTP/1.1", ...(tls && { tls }) };
      const server = new Worker(new URL("../hostile/server.ts", import.meta.url), { workerData });
      place.after.push(async () => {
        server.postMessage("end");
        await once(server, "exit");
      });
      const [port] = (await once(server, "message")) as [number];
      return `http${isSecure ? "s" : ""}://127.0.0.1:${port}`;
    },
    exit: ANSWERED,
    withinSeconds: 45,
    check: inOrder,
  };
}

/** A row whose target answers each request with the same bytes, which are hard to read. */
function answerRow(name: string, bytes: string, says: RegExp, changes: Partial<Row> = {}): Row {
  return {
    name,
    target: async (place: Place) => {
      const test = { after: (close: unknown) => void place.after.push(close as () => unknown) };
      const { origin } = await rawServer(test, (socket: Socket) => socket.on("data", () => socket.write(bytes)));
      return origin;
    },
    plan: { duration: "3s", timeout: "1s" },
    exit: ANSWERED,
    withinSeconds: 45,
    says,
    check: inOrder,
    ...changes,
  };
}

const head = (length: number, ...lines: string[]): string =>
  ["HTTP/1.1 200 OK", ...lines, `Content-Length: ${length}`, "", ""].join("\r\n");
const answer = (body: string, ...lines: string[]): string => `${head(body.length, ...lines)}${body}`;

const DEEP = 100_000;

export const ANSWER_ROWS: Row[] = [
  ...FUZZED.map(fuzzedRow),
  answerRow("60 KB of blanks within a header", answer(RELAY, `Connection: a${" ".repeat(60_000)}b`), /"valid":[1-9]/, {
    exit: [0, 3],
  }),
  answerRow(
    "100,000 levels in an answer's id",
    answer(`{"jsonrpc":"2.0","id":${"[".repeat(DEEP)}${"]".repeat(DEEP)},"result":1}`),
    /id-mismatch/,
    { plan: { duration: "2s", timeout: "2s" } },
  ),
  answerRow(
    "an answer with toString and valueOf of its own",
    answer('{"jsonrpc":"2.0","id":1,"result":{"toString":1,"valueOf":1}}'),
    /"valid":[1-9]/,
    { exit: [0, 3] },
  ),
  answerRow("interim responses without end", "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n".repeat(4_000), /"errors":\{"/),
  answerRow(
    "trailers without end",
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n27\r\n${RELAY}\r\n0\r\n${"A: b\r\n".repeat(40_000)}`,
    /"errors":\{"/,
  ),
];
