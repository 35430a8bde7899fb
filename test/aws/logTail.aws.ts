import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { getGlobalDispatcher } from "undici";
import { lookAtLogs } from "../../lib/observe/logTail.ts";
import { startStandIn } from "./standIn.ts";

test("the lines of a CloudWatch log group are read as they come, each once, at the times at which they were logged", async (t) => {
  const aws = await startStandIn(t);
  if (!aws) return;
  const client = new CloudWatchLogsClient({});
  const stream = { logGroupName: "gateway", logStreamName: "one" };
  await client.send(new CreateLogGroupCommand({ logGroupName: "gateway" }));
  await client.send(new CreateLogStreamCommand(stream));
  const startAtMs = Date.now() - 60_000;
  const put = async (atMs: number, message: string): Promise<void> => {
    const logEvents = [{ timestamp: startAtMs + atMs, message }];
    await client.send(new PutLogEventsCommand({ ...stream, logEvents }));
  };
  const logs = [{ logGroup: "gateway", match: "error" }];
  let nowMs = startAtMs;
  const dispatcher = getGlobalDispatcher();
  const ports = { nowMs: () => nowMs, startAtMs, reveal: async (header: string) => header, dispatcher };
  await put(-10_000, "ERROR before the run");
  let looks = await lookAtLogs(logs, undefined, ports);
  await put(2_000, "all well");
  await put(3_000, "Error: pool exhausted");
  nowMs = startAtMs + 10_000;
  looks = await lookAtLogs(logs, looks, ports);
  assert.deepEqual(looks.logs[0], {
    source: "gateway",
    read: 2,
    matched: 1,
    lines: [{ atMs: 3_000, text: "Error: pool exhausted" }],
    position: startAtMs + 5_000,
  });
  await put(7_000, "error again");
  nowMs = startAtMs + 10_500;
  looks = await lookAtLogs(logs, looks, ports, true);
  assert.equal(looks.logs[0]?.matched, 1);
  const missing = await lookAtLogs(
    [{ logGroup: "nobody's", match: "x" }],
    { atMs: 0, logs: [{ source: "", read: 0, matched: 0, lines: [], position: 1 }] },
    ports,
  );
  assert.match(missing.logs[0]?.failed ?? "", /does not exist/i);
});
