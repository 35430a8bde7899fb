import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { TestContext } from "node:test";
import { CloudWatchLogsClient, CreateLogStreamCommand, PutLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { callInProcess } from "../../lib/local/functionProcess.ts";
import type { Json } from "../../lib/stepfunctions/paths.ts";
import { StateError } from "../../lib/stepfunctions/stateError.ts";

/** What is missing where there is no moto, and how to get it. */
export const NO_MOTO = "moto is not installed: python3 -m pip install -r test/aws/requirements.txt";

/** Everything that a client of the stand-in needs. */
export interface AwsStandIn {
  endpoint: string;
  /** Environment variables of processes that speak to it. */
  env: Record<string, string>;
  /** Names of the functions that were invoked, in order. */
  invocations: string[];
  /** Where each function's bundle lies, by the function's name in the stand-in. */
  bundles: Map<string, string>;
  /** Bodies of the messages that were published to topics. */
  published: string[];
  /** The log group that a function's calls are billed in, by its name; Lambda's REPORT lines are written there. */
  logGroups: Map<string, string>;
  /** What is to happen to a request instead of, or before, its answer; undefined for nothing. Nothing at first. */
  faults: { of(method: string, path: string): StandInFault | undefined };
  /** Texts of CloudFormation's answers that stand for others: a state machine that was made again has another ARN. */
  rewrites: Map<string, string>;
  /** Told of each invocation before it is made; an error that it gives is the service's answer instead. */
  invoked: { before(functionName: string, payload: Json): StateError | undefined };
  /** From now on every call is held against its caller's policies; only where the stand-in was started for it. */
  enforceIam(): Promise<void>;
}

/** Something that goes wrong between a client and the service. */
export type StandInFault =
  | { kind: "refused"; status: number; code: string }
  | { kind: "slow"; ms: number }
  | { kind: "cut" }
  | { kind: "dropped" };

export const REGION = "us-east-1";

/**
 * Starts moto with Step Functions that execute, behind a proxy that runs a function's bundle in a process of its own
 * where moto would run a container. Ends with the test. Skips the test where moto is not installed.
 */
export async function startStandIn(
  test: Pick<TestContext, "after" | "skip">,
  { enforcesIam = false } = {},
): Promise<AwsStandIn | undefined> {
  const program = findMoto();
  if (program === undefined) {
    if (process.env.CI) throw new Error(NO_MOTO);
    test.skip(NO_MOTO);
    return undefined;
  }
  const invocations: string[] = [];
  const bundles = new Map<string, string>();
  const rewrites = new Map<string, string>();
  const logGroups = new Map<string, string>();
  const published: string[] = [];
  const faults: AwsStandIn["faults"] = { of: () => undefined };
  const invoked: AwsStandIn["invoked"] = { before: () => undefined };
  const motoPort = await freePort();
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = (server.address() as AddressInfo).port;
  const endpoint = `http://127.0.0.1:${port}`;
  const env = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: "testing",
    AWS_SECRET_ACCESS_KEY: "testing",
  };
  Object.assign(process.env, env);
  const moto = spawn(program, ["-H", "127.0.0.1", "-p", String(motoPort)], {
    env: {
      ...process.env,
      MOTO_PORT: String(port),
      // Its own clients tell an error at once: the definition says what is tried again.
      AWS_MAX_ATTEMPTS: "1",
      // Whoever deploys may do everything, until the test says otherwise.
      ...(enforcesIam && { INITIAL_NO_AUTH_ACTION_COUNT: "1000000" }),
    },
    stdio: "ignore",
  });
  test.after(() => stop(moto));
  test.after(() => void server.close());
  await listening(motoPort);

  const lambda = new LambdaClient({});
  const invoke = async (name: string, payload: Json): Promise<Json> => {
    invocations.push(name);
    const refused = invoked.before(name, payload);
    if (refused) throw refused;
    const bundle = bundles.get(name);
    if (bundle === undefined) throw new StateError("Lambda.ResourceNotFoundException", `no bundle for ${name}`);
    const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    const { signal } = new AbortController();
    const beganMs = performance.now();
    const options = { env: { ...env, ...Environment?.Variables } };
    return callInProcess(`${bundle}/index.mjs`, payload, signal, options).finally(() =>
      logCall(logGroups.get(name), performance.now() - beganMs).catch(() => {}),
    );
  };
  server.on(
    "request",
    (incoming, response) => void serve(incoming, response, { motoPort, invoke, faults, rewrites, published }),
  );
  // Invocations are the proxy's, so nothing is said of Docker: without it moto 5.2.1 has two sets of functions.
  await post(`http://127.0.0.1:${motoPort}/moto-api/config`, { stepfunctions: { execute_state_machine: true } });
  const enforceIam = async (): Promise<void> => {
    await fetch(`http://127.0.0.1:${motoPort}/moto-api/reset-auth`, {
      method: "POST",
      headers: { "Content-Type": "text/plain" },
      body: "0",
    });
  };
  return { endpoint, env, invocations, bundles, faults, rewrites, logGroups, published, invoked, enforceIam };
}

/** Writes what Lambda writes of a call of a worker at its end. */
async function logCall(logGroupName: string | undefined, tookMs: number): Promise<void> {
  if (logGroupName === undefined) return;
  const client = new CloudWatchLogsClient({});
  const stream = { logGroupName, logStreamName: randomUUID() };
  await client.send(new CreateLogStreamCommand(stream));
  const [took, billed] = [tookMs.toFixed(2), Math.ceil(tookMs)];
  const message = `REPORT RequestId: ${randomUUID()}\tDuration: ${took} ms\tBilled Duration: ${billed} ms\tMemory Size: 1024 MB\tMax Memory Used: 90 MB\t`;
  await client.send(new PutLogEventsCommand({ ...stream, logEvents: [{ timestamp: Date.now(), message }] }));
}

/** Where moto's server is, or undefined. */
export function findMoto(): string | undefined {
  for (const program of [process.env.MOTO_SERVER, "moto_server"]) {
    try {
      if (program) return execFileSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).trim();
    } catch {
      // The next place.
    }
  }
  return undefined;
}

/** What Lambda says of an account as it is at first. */
const ACCOUNT_SETTINGS = JSON.stringify({
  AccountLimit: { ConcurrentExecutions: 1_000, UnreservedConcurrentExecutions: 1_000 },
});

/** What the proxy serves from. */
interface Proxy extends Pick<AwsStandIn, "faults" | "rewrites" | "published"> {
  motoPort: number;
  invoke(name: string, payload: Json): Promise<Json>;
}

async function serve(incoming: IncomingMessage, response: ServerResponse, proxy: Proxy): Promise<void> {
  const { motoPort, invoke, faults, rewrites, published } = proxy;
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  const body = Buffer.concat(pieces);
  const [, name] = /^\/2015-03-31\/functions\/([^/]+)\/invocations/.exec(incoming.url ?? "") ?? [];
  if (incoming.url?.startsWith("/2016-08-19/account-settings")) {
    // moto has no such call.
    response.writeHead(200, { "Content-Type": "application/json" }).end(ACCOUNT_SETTINGS);
    return;
  }
  const fault = faults.of(incoming.method ?? "", incoming.url ?? "");
  if (fault?.kind === "refused") {
    const { status, code } = fault;
    response.writeHead(status, { "Content-Type": "application/xml", "x-amzn-errortype": code });
    response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>a fault of the test</Message></Error>`);
    return;
  }
  if (fault?.kind === "dropped") return void incoming.socket.destroy();
  if (fault?.kind === "slow") await new Promise((done) => setTimeout(done, fault.ms));
  if (name === undefined) {
    if (body.includes("Action=Publish&")) published.push(new URLSearchParams(body.toString()).get("Message") ?? "");
    const isDescription = body.includes("Action=DescribeStacks");
    const change = fault?.kind === "cut" ? half : isDescription ? rewriting(rewrites) : undefined;
    forward(incoming, body, response, motoPort, change);
    return;
  }
  try {
    const payload = JSON.parse(body.toString() || "{}") as Json;
    const result = await invoke(decodeURIComponent(name).split(":").at(-1) ?? "", payload);
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(result));
  } catch (error) {
    const { name: errorType, message } = error as Error;
    if (errorType.startsWith("Lambda.")) {
      // What the service itself refuses is no failure of a function.
      const [, code = ""] = errorType.split(".");
      const headers = { "Content-Type": "application/json", "x-amzn-ErrorType": code, "x-amzn-RequestId": "test" };
      response.writeHead(code === "TooManyRequestsException" ? 429 : 500, headers);
      response.end(JSON.stringify({ Type: "User", message }));
      return;
    }
    response.writeHead(200, { "Content-Type": "application/json", "X-Amz-Function-Error": "Unhandled" });
    response.end(JSON.stringify({ errorType, errorMessage: message }));
  }
}

/** Half of an answer, as if it were all of it. */
function half(whole: Buffer): Buffer {
  return whole.subarray(0, whole.length >> 1);
}

function rewriting(rewrites: ReadonlyMap<string, string>) {
  return (whole: Buffer): Buffer => {
    let text = whole.toString();
    for (const [from, to] of rewrites) text = text.replaceAll(from, to);
    return Buffer.from(text);
  };
}

/** Hands a request on to moto; `change` makes another body of the answer's. */
function forward(
  incoming: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
  port: number,
  change: ((whole: Buffer) => Buffer) | undefined,
): void {
  const { method, url, headers } = incoming;
  const outgoing = request({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
    if (!change) {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      return;
    }
    const pieces: Buffer[] = [];
    answer.on("data", (piece: Buffer) => pieces.push(piece));
    answer.on("end", () => {
      const changed = change(Buffer.concat(pieces));
      const { "content-length": _, "transfer-encoding": __, ...headers } = answer.headers;
      response.writeHead(answer.statusCode ?? 502, { ...headers, "Content-Length": changed.length }).end(changed);
    });
  });
  outgoing.on("error", (error) => response.writeHead(502).end(error.message));
  outgoing.end(body);
}

async function post(url: string, body: unknown): Promise<void> {
  const answer = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    const socket = connect({ host: "127.0.0.1", port });
    const isOpen = await new Promise<boolean>((done) => {
      socket.once("connect", () => done(true));
      socket.once("error", () => done(false));
    });
    socket.destroy();
    if (isOpen) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error("moto did not start");
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
  await exited;
  clearTimeout(timer);
}
