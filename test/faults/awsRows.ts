import type { TestContext } from "node:test";
import { startFakeAws, type Trouble } from "../support/fakeAws.ts";
import type { Place, Row } from "./harness.ts";

/* What AWS does to `volley run --stack` while it follows a run: it lags, throttles, drops, and refuses credentials. */

const JSON_TYPE = { "Content-Type": "application/x-amz-json-1.0" };
const PASSED = JSON.stringify({ verdict: { valid: true, pass: true, reasons: [] } });

/** A run that AWS executes for 5 s and reports, and that a command follows through what befalls it. */
function followed(name: string, trouble: Partial<Trouble>, changes: Pick<Row, "exit" | "says">): Row {
  const env: Record<string, string> = {};
  return {
    name: `AWS ${name}`,
    hasNoReport: true,
    withinSeconds: 60,
    options: ["--stack", "volley"],
    plan: { allowedHosts: ["gateway.example"] },
    async target({ after }: Place) {
      const whole = { statusAt: (sinceMs: number) => (sinceMs < 5_000 ? "RUNNING" : "SUCCEEDED"), reportedAtMs: 4_500 };
      const test = { after: (end: () => void) => void after.push(end) } as unknown as TestContext;
      Object.assign(env, (await startFakeAws(test, { ...whole, ...trouble }, PASSED)).env);
      return "https://gateway.example";
    },
    wrap: () => ["env", ...Object.entries(env).map(([variable, value]) => `${variable}=${value}`)],
    ...changes,
  };
}

export const AWS_ROWS: Row[] = [
  followed(
    "does not know an execution for 3 s after it was started",
    { statusAt: (sinceMs) => (sinceMs < 3_000 ? undefined : sinceMs < 5_000 ? "RUNNING" : "SUCCEEDED") },
    { exit: 0, says: /"valid": true/ },
  ),
  followed(
    "lists an execution as running although its report is there",
    { statusAt: () => "RUNNING" },
    { exit: 0, says: /"valid": true/ },
  ),
  followed(
    "throttles DescribeExecution for 2 s",
    {
      meet(call, sinceMs, response) {
        if (call !== "DescribeExecution" || sinceMs < 1_000 || sinceMs > 3_000) return false;
        response.writeHead(400, JSON_TYPE).end('{"__type":"ThrottlingException","message":"Rate exceeded"}');
        return true;
      },
    },
    { exit: 0, says: /"valid": true/ },
  ),
  followed(
    "drops all connections for 3 s",
    {
      meet(_, sinceMs, response) {
        if (sinceMs < 1_000 || sinceMs > 4_000) return false;
        response.destroy();
        return true;
      },
    },
    { exit: 0, says: /AWS does not answer.*AWS answers again.*"valid": true/s },
  ),
  followed(
    "no longer accepts the credentials",
    {
      statusAt: () => "RUNNING",
      meet(call, sinceMs, response) {
        if (sinceMs < 1_000) return false;
        if (call === "S3") response.writeHead(400).end("<Error><Code>ExpiredToken</Code></Error>");
        else response.writeHead(400, JSON_TYPE).end('{"__type":"ExpiredTokenException","message":"expired"}');
        return true;
      },
    },
    { exit: 5, says: /volley watch fault-\S+ --stack volley/ },
  ),
];
