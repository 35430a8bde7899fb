import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

const MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:volley";

/** What a call to AWS is for. */
type Call = "DescribeStacks" | "StartExecution" | "DescribeExecution" | "S3";

/** How the stand-in differs from an AWS that is well. */
export interface Trouble {
  /** Answers a call in its own way, or leaves it: gives whether it did. `sinceMs` is the time since the run's start. */
  meet?(call: Call, sinceMs: number, response: ServerResponse): boolean;
  /** Whether calls before the run's start are met too. */
  isMetFromTheStart?: boolean;
  /** The execution's status by the time since its start; undefined while it is not there. */
  statusAt(sinceMs: number): string | undefined;
  /** When the run's report is there, in ms from its start; never by default. */
  reportedAtMs?: number;
}

/** CloudFormation, Step Functions and S3 as `--stack` needs them, on loopback, with troubles. */
export interface FakeAws {
  env: Record<string, string>;
  objects: Map<string, string>;
  /** How often each call came. */
  calls: Partial<Record<Call, number>>;
}

/** Starts the stand-in; it ends with the test. `report` is what lies at the run's report.json once it is reported. */
export async function startFakeAws(test: TestContext, trouble: Trouble, report = "{}"): Promise<FakeAws> {
  const objects = new Map<string, string>();
  const calls: FakeAws["calls"] = {};
  let startedMs: number | undefined;
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const call = callOf(request, body);
    calls[call] = (calls[call] ?? 0) + 1;
    const sinceMs = startedMs === undefined ? 0 : Date.now() - startedMs;
    if ((startedMs !== undefined || trouble.isMetFromTheStart) && trouble.meet?.(call, sinceMs, response)) return;
    if (call === "DescribeStacks") return void response.setHeader("Content-Type", "text/xml").end(STACKS);
    if (call === "S3") {
      const isReported = startedMs !== undefined && sinceMs >= (trouble.reportedAtMs ?? Number.POSITIVE_INFINITY);
      const run = [...objects.keys()].find((key) => key.endsWith("/plan.json"))?.replace(/plan\.json$/, "report.json");
      if (isReported && run !== undefined) objects.set(run, report);
      return answerS3(request, body, objects, response);
    }
    const json = (status: number, answer: object): void => {
      response.writeHead(status, { "Content-Type": "application/x-amz-json-1.0" }).end(JSON.stringify(answer));
    };
    const { name = "run" } = JSON.parse(body) as { name?: string };
    const executionArn = `${MACHINE.replace("stateMachine", "execution")}:${name}`;
    if (call === "StartExecution") {
      startedMs ??= Date.now();
      return json(200, { executionArn, startDate: startedMs / 1_000 });
    }
    const status = trouble.statusAt(sinceMs);
    if (status === undefined)
      return json(400, { __type: "ExecutionDoesNotExist", message: "Execution Does Not Exist" });
    json(200, { executionArn, stateMachineArn: MACHINE, status, startDate: 1 });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "example" };
  return { env: { AWS_ENDPOINT_URL: url, AWS_REGION: "us-east-1", ...credentials }, objects, calls };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

function callOf(request: IncomingMessage, body: string): Call {
  const target = String(request.headers["x-amz-target"] ?? "")
    .split(".")
    .at(-1);
  if (target === "StartExecution" || target === "DescribeExecution") return target;
  return body.includes("Action=DescribeStacks") ? "DescribeStacks" : "S3";
}

function answerS3(
  request: IncomingMessage,
  body: string,
  objects: Map<string, string>,
  response: ServerResponse,
): void {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://s3");
  const key = decodeURIComponent(pathname.replace(/^\/bucket\/?/, ""));
  const xml = (status: number, text: string): void => {
    response.writeHead(status, { "Content-Type": "application/xml" }).end(text);
  };
  if (request.method === "PUT") {
    // The SDK sends a body in pieces, each with its length, where it adds a checksum after it.
    const isChunked = String(request.headers["content-encoding"] ?? "").includes("aws-chunked");
    objects.set(key, isChunked ? body.replace(/^[0-9a-f]+\r\n/, "").replace(/\r\n0\r\n[\s\S]*$/, "") : body);
    response.end();
  } else if (searchParams.has("list-type")) {
    const keys = [...objects.keys()].filter((each) => each.startsWith(searchParams.get("prefix") ?? "")).sort();
    const contents = keys.map((each) => `<Contents><Key>${each}</Key></Contents>`).join("");
    xml(200, `<ListBucketResult><IsTruncated>false</IsTruncated>${contents}</ListBucketResult>`);
  } else if (objects.has(key)) {
    response.end(objects.get(key));
  } else {
    xml(404, "<Error><Code>NoSuchKey</Code></Error>");
  }
}

const STACKS = `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member><StackName>volley</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2025-11-25T00:00:00Z</CreationTime><Outputs><member><OutputKey>Bucket</OutputKey><OutputValue>bucket</OutputValue></member><member><OutputKey>StateMachineArn</OutputKey><OutputValue>${MACHINE}</OutputValue></member></Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
