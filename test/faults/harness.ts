import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { type GatewayProcess, startGatewayProcess } from "../../lib/gateway/gatewayProcess.ts";
import { readTruth } from "../../lib/observe/observations.ts";
import { gatewaySchema } from "../../lib/plan/gatewaySchema.ts";
import type { Report } from "../../lib/report/schema.ts";
import { balances } from "../../lib/results/ledger.ts";
import { S3Store } from "../../lib/store/s3Store.ts";
import { type AwsStandIn, NO_MOTO, startStandIn } from "../aws/standIn.ts";
import { descendants } from "../support/processes.ts";
import { ROOT } from "../support/volley.ts";

/** What a row's run came to. */
export interface Ended {
  folder: string;
  code: number | null;
  seconds: number;
  stdout: string;
  stderr: string;
  report: Report | undefined;
  /** Relays that the stand-in gateway counted, where it was the target. */
  truth: number | undefined;
}

/** A fault: what is done to a run, and what must come of it. */
export interface Row {
  name: string;
  /** Part of `npm run test:pace`. */
  isFast?: boolean;
  /** What it needs that may be absent, in words; undefined where it can be run. */
  needs?(): string | undefined;
  /** Changes to the plan of the row. */
  plan?: Record<string, unknown>;
  /** Environment variables of the run. */
  env?: Record<string, string>;
  /** A command that the run is started by: it gets volley's own command line as its arguments. */
  wrap?(place: Place): string[];
  /** Options of `volley run`. */
  options?: string[];
  /** What happens while the run goes. */
  fault?(place: Place): Promise<void>;
  /** The target's origin where it is not the stand-in gateway. */
  target?(place: Place): Promise<string>;
  /** The run's objects are in the S3 stand-in, and this happens to requests to it while the run goes. */
  s3?(place: Place): AwsStandIn["faults"]["of"];
  /** Seconds in which the run must have ended. */
  withinSeconds: number;
  /** The exit code, or those that are as good; null where a signal ends it. */
  exit: number | null | readonly number[];
  valid?: boolean | undefined;
  /** Go on with the run by `volley resume` when its runner has ended; the row's exit code is that one's. */
  resumes?: boolean;
  /** Something that report or output must say. */
  says?: RegExp;
  /** Most relays that the gateway counted and the report has not. */
  mostLost?: number;
  /** No report is due: nobody was left to write it. */
  hasNoReport?: boolean;
  /** No report is due: the run was refused. */
  isRefused?: boolean;
  /** There may be no report: it cannot be written. */
  mayLackReport?: boolean;
  check?(ended: Ended): string | undefined;
}

/** Where a row happens. */
export interface Place {
  folder: string;
  gateway: GatewayProcess;
  /** The runner's process. */
  runner: ChildProcess;
  /** Functions to be called when the row is over. */
  after: (() => unknown)[];
  /** Waits for the run's folder to hold a file whose path matches, and gives it. */
  file(pattern: RegExp, mostMs?: number): Promise<string>;
  /** Waits so long into the measurement. */
  into(ms: number): Promise<void>;
  /** The processes that run a function, such as attack. */
  processes(name: string): number[];
  runFolder(): string;
  /** The S3 stand-in, where the run's objects are there. */
  s3?: { aws: AwsStandIn; bucket: string };
}

/** What a row came to. */
export interface Outcome {
  name: string;
  problems: string[];
  seconds: number;
  lost: number;
  doubled: number;
  skipped?: string;
}

const CALL = { jsonrpc: "2.0", method: "eth_chainId", params: [], id: 1 };

/** A plan with two workers, on the stand-in gateway or another target. */
function planOf(origin: string, changes: Record<string, unknown>): Record<string, unknown> {
  const chain = (name: string, endpoint: string) => {
    return { name, rps: 100, targets: [{ url: `${origin}/api/gateway?endpoint=${endpoint}`, body: CALL }] };
  };
  const chains = [chain("ethereum", "ETH_ENDPOINT_ID"), chain("kava", "KAVA_ENDPOINT_ID")];
  return { name: "fault", chains, duration: "5s", timeout: "2s", preflight: false, ...changes };
}

/** What rows need that mount file systems or make namespaces. */
export function asRoot(): string | undefined {
  return process.getuid?.() === 0 ? undefined : "root, for a file system or a namespace of its own";
}

/** Runs a row. */
export async function runRow(row: Row): Promise<Outcome> {
  const missing = row.needs?.();
  if (missing !== undefined) return { name: row.name, problems: [], seconds: 0, lost: 0, doubled: 0, skipped: missing };
  const folder = mkdtempSync(join(tmpdir(), "volley-fault-"));
  const gateway = await startGatewayProcess(gatewaySchema.parse({}));
  const after: (() => unknown)[] = [];
  try {
    const place: Place = {
      folder,
      gateway,
      runner: undefined as never,
      after,
      file: (pattern, mostMs = 60_000) => waitForFile(folder, pattern, mostMs),
      async into(ms) {
        const path = await waitForFile(folder, /schedule\.json$/, 60_000);
        const { startAtMs } = JSON.parse(readFileSync(path, "utf8")) as { startAtMs: number };
        await sleep(Math.max(0, startAtMs + ms - Date.now()));
      },
      processes: (name) =>
        descendants(place.runner.pid ?? 0)
          .filter(({ command }) => command.includes(`functions/${name}.ts`))
          .map(({ pid }) => pid),
      runFolder: () => join(folder, "runs", readdirSync(join(folder, "runs"))[0] ?? ""),
    };
    if (row.s3) place.s3 = await startS3(after);
    const origin = (await row.target?.(place)) ?? gateway.origin;
    writeFileSync(join(folder, "plan.json"), JSON.stringify(planOf(origin, row.plan ?? {})));
    const ended = await runPlan(row, place);
    return judge(row, ended);
  } finally {
    for (const each of after.reverse()) await each();
    await gateway.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runPlan(row: Row, place: Place): Promise<Ended> {
  const { folder, gateway } = place;
  const own = [
    `${ROOT}bin/volley`,
    "run",
    join(folder, "plan.json"),
    "--out",
    folder,
    "--json",
    ...(row.options ?? []),
    ...(place.s3 ? ["--store", `s3:${place.s3.bucket}`] : []),
  ];
  const [program = "", ...args] = [...(row.wrap?.(place) ?? []), ...own];
  const beganMs = performance.now();
  const output = { stdout: "", stderr: "" };
  const first = start([program, ...args], { ...row, env: { ...row.env, ...place.s3?.aws.env } }, output);
  place.runner = first.child;
  if (row.s3 && place.s3) place.s3.aws.faults.of = row.s3(place);
  const faulted = row.fault?.(place).catch((error: Error) => {
    output.stderr += `the fault could not be made: ${error.message}`;
  });
  let code = await first.ended;
  await faulted;
  if (row.resumes) {
    code = await start([`${ROOT}bin/volley`, "resume", place.runFolder(), "--json"], row, output).ended;
  }
  const { stdout, stderr } = output;
  const seconds = (performance.now() - beganMs) / 1_000;
  const report = await readReport(place);
  // What is still on its way in the gateway is counted when it is over.
  await sleep(100);
  const truth = row.target ? undefined : (await readTruth(gateway.origin)).reduce((sum, { relays }) => sum + relays, 0);
  return { folder, code, seconds, stdout, stderr, report, truth };
}

/** The report that a run left, wherever its objects are; nothing goes wrong with S3 any more. */
async function readReport({ folder, s3 }: Place): Promise<Report | undefined> {
  if (s3) {
    s3.aws.faults.of = () => undefined;
    const store = new S3Store(s3.bucket);
    const key = (await store.list("runs/")).find((each) => each.endsWith("/report.json"));
    const text = key && (await store.get(key));
    return text ? (JSON.parse(text) as Report) : undefined;
  }
  const path = existsSync(join(folder, "runs")) ? find(folder, /report\.json$/) : undefined;
  return path === undefined ? undefined : (JSON.parse(readFileSync(path, "utf8")) as Report);
}

/** Starts the stand-in for S3, with a bucket of the row's own. */
async function startS3(after: Place["after"]): Promise<NonNullable<Place["s3"]>> {
  const aws = await startStandIn({ after: (fn) => void after.push(fn as () => unknown), skip: () => {} });
  if (!aws) throw new Error(NO_MOTO);
  const bucket = "volley-faults";
  await new S3Client({}).send(new CreateBucketCommand({ Bucket: bucket }));
  return { aws, bucket };
}

function start(
  [program = "", ...args]: string[],
  { env = {}, withinSeconds }: Pick<Row, "env" | "withinSeconds">,
  output: { stdout: string; stderr: string },
) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      output[stream] += text;
    });
  }
  const tooLate = setTimeout(() => child.kill("SIGKILL"), withinSeconds * 1_000 + 5_000);
  const ended = (once(child, "close") as Promise<[number | null]>).then(([code]) => {
    clearTimeout(tooLate);
    return code;
  });
  return { child, ended };
}

function judge(row: Row, ended: Ended): Outcome {
  const problems: string[] = [];
  const { report, truth, code, seconds } = ended;
  if (seconds > row.withinSeconds) problems.push(`took ${seconds.toFixed(1)} s, more than ${row.withinSeconds}`);
  if (![row.exit].flat().includes(code)) {
    const why = report?.verdict.reasons.join(" ") ?? ended.stderr.slice(-300);
    problems.push(`exit code ${code}, not ${[row.exit].flat().join(" or ")}: ${why}`);
  }
  let lost = 0;
  let doubled = 0;
  if (row.isRefused) {
    if (report) problems.push("there is a report of a run that was to be refused");
    if ((truth ?? 0) > 0) problems.push(`${truth} requests were sent`);
  } else if (row.hasNoReport) {
    if (report) problems.push("there is a report, and nobody was left to write it");
  } else if (!report && row.mayLackReport) {
    if (ended.stderr.trim() === "") problems.push("nothing says why there is no report");
  } else if (!report) {
    problems.push(`no report: ${ended.stderr.slice(-300)}`);
  } else {
    for (const { name, ledger } of report.chains)
      if (!balances(ledger)) problems.push(`the ledger of ${name} does not balance`);
    if (row.valid !== undefined && report.verdict.valid !== row.valid)
      problems.push(`valid is ${report.verdict.valid}: ${report.verdict.reasons.join(" ")}`);
    const relays = report.total.ledger.valid;
    if (truth !== undefined) {
      lost = Math.max(0, truth - relays);
      doubled = Math.max(0, relays - truth);
      if (lost > (row.mostLost ?? 0)) problems.push(`the gateway counted ${truth} relays, the report ${relays}`);
      if (doubled > 0) problems.push(`the report has ${doubled} relays that the gateway never answered`);
    }
  }
  const said = `${ended.stdout}\n${ended.stderr}\n${JSON.stringify(report ?? {})}`;
  if (row.says && !row.says.test(said))
    problems.push(
      `nothing says ${row.says}: ${JSON.stringify(report?.verdict.reasons)} ${JSON.stringify(report?.total.errors)}`,
    );
  const found = row.check?.(ended);
  if (found !== undefined) problems.push(found);
  return { name: row.name, problems, seconds, lost, doubled };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

async function waitForFile(folder: string, pattern: RegExp, mostMs: number): Promise<string> {
  const untilMs = performance.now() + mostMs;
  while (performance.now() < untilMs) {
    const found = find(folder, pattern);
    if (found !== undefined) return found;
    await sleep(20);
  }
  throw new Error(`no file like ${pattern}`);
}

function find(folder: string, pattern: RegExp): string | undefined {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const found = entries.find(
    ({ name, parentPath }) => pattern.test(join(parentPath, name)) && !name.includes(".partial"),
  );
  return found && join(found.parentPath, found.name);
}
