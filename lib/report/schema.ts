import { z } from "zod";
import { planSlo } from "../plan/sloSchema.ts";
import { capacity } from "./capacitySchema.ts";
import { chain, count, timeline, traffic } from "./chainSchema.ts";
import { reasonSchema } from "./reasons.ts";
import { regionSchema } from "./regionSchema.ts";

const event = z.object({
  fromMs: z.number(),
  toMs: z.number(),
  chain: z.string(),
  kind: z.enum(["errors", "missed", "latency"]),
  text: z.string(),
});

const hint = z.object({
  what: z.string(),
  evidence: z.string(),
  remedy: z.string(),
});

const generatorPoint = z.object({
  atMs: z.number(),
  inFlight: count,
  connections: count,
  opened: count.describe("Connections opened since the point before"),
  cpu: z.number().describe("The busiest worker's"),
  machineCpu: z.number().nullable().describe("The share of its machine's cores in use, 0 … 1; null in Lambda"),
  established: count.nullable().describe("TCP connections, on the host that has most"),
  timeWait: count.nullable(),
  portsLeft: count.nullable().describe("Ephemeral ports, on the host that has fewest left"),
  retransmits: count.nullable(),
});

const worker = z.object({
  id: z.string(),
  region: z.string().optional().describe("Where it ran, if the plan has regions"),
  chains: z.array(z.string()),
  ...traffic,
  outcomes: z
    .array(z.enum(["completed", "aborted", "superseded", "orphaned", "lost"]))
    .describe("How each attempt ended; orphaned: its runner was gone"),
  startSkewMs: z.number().nullable().describe("First request sent − the instant at which it was due"),
  readyMs: z.number().nullable().describe("How long before its first request the worker was ready"),
  clock: z
    .object({ errorMs: z.number(), boundMs: z.number(), corrected: z.boolean() })
    .nullable()
    .describe("Its clock − the store's, and within what that is known; corrected where it was surely wrong"),
  hosts: z.array(z.string()).describe("In fleet mode: the hosts that ran it"),
  outlier: z.array(z.string()).describe("In what it is far away from the workers that send the same chains"),
  health: z.object({
    cpu: z.number().describe("Mean of the CPU time used ÷ time passed"),
    eventLoop: z.number().describe("The busiest flush interval's share of busy time, 0 … 1"),
    saturated: z
      .object({ intervals: count, share: z.number() })
      .describe("Flush intervals in which the event loop was busier than 0.97, and their share"),
    residentMb: z.number().describe("Most memory resident"),
    inFlight: count.describe("Most requests in flight at a flush"),
    connections: count.describe("Most connections at a flush"),
  }),
});

const log = z.object({
  source: z.string(),
  read: count.describe("New lines"),
  matched: count.describe("Those of them that match the plan's pattern"),
  skipped: count.describe("New lines at least that were not looked at: more than a look may read"),
  failed: z.array(z.string()).describe("Why it could not be read at times"),
  lines: z.array(z.object({ atMs: z.int(), text: z.string() })).describe("The first lines that match"),
});

const observed = z.object({
  endpoints: z
    .array(
      z.object({
        url: z.string(),
        looks: count,
        failures: z.array(
          z.object({
            failure: z.enum(["refused", "unreachable", "timeout", "status", "too large", "unreadable"]),
            count,
            detail: z.string(),
          }),
        ),
      }),
    )
    .describe("The plan's Prometheus endpoints, and how often each gave no page"),
  unmatched: z
    .array(
      z.object({
        of: z.enum(["cost", "resource", "limit"]),
        name: z.string(),
        metric: z.string(),
        labels: z.record(z.string(), z.string()),
        chain: z.string().optional(),
      }),
    )
    .describe("The plan's selectors that no sample fitted, of all chains or of one"),
  watch: z
    .object({ gaps: z.array(z.object({ fromMs: z.int(), toMs: z.int() })), unwatchedMs: z.int() })
    .nullable()
    .describe("When no call of Watch looked at the run; null while it is running"),
});

const metricSeries = z.object({
  name: z.string(),
  unit: z.enum(["per second", "value"]),
  points: z.array(z.tuple([z.number(), z.number().nullable()])).describe("Seconds from the start, and the value"),
});

/** The report: what `report.json` holds. `volley schema report` prints it as a JSON Schema. */
const reportSchema = z.object({
  version: z.literal(1),
  run: z.object({
    id: z.string(),
    name: z.string(),
    volley: z.string().describe("Volley's version"),
    mode: z.enum(["lambda", "fleet"]),
    startedAt: z.iso.datetime().describe("The instant of the first measured request"),
    durationMs: z.number().describe("How long the plan measures"),
    measuredMs: z.number().describe("How long was measured: less than durationMs if the run was aborted"),
    finishedMs: z.number().describe("When the last worker had its last response, from the start instant"),
    warmupMs: z.number(),
    workers: count,
    segments: count,
    complete: z.boolean().describe("Whether every worker's results are there and the ledger balances without guesses"),
    aborted: z.string().optional().describe("Why the run was aborted, if it was"),
    abortedBy: z.enum(["breaker", "threshold", "signal", "command", "other"]).optional().describe("What aborted it"),
    target: z.string().describe("The origins that were loaded"),
    live: z
      .object({ atMs: z.number() })
      .optional()
      .describe("The progress of a run that is still running; never in a stored report"),
  }),
  verdict: z.object({
    valid: z.boolean().describe("Whether the generator kept to the schedule, so that the figures describe the target"),
    pass: z.boolean().describe("Whether the SLO was met, by every chain"),
    generator: z.boolean().describe("Whether the generator kept to the schedule, whatever ended the run"),
    reasons: z.array(z.string()).describe("Why not, in words; empty for a valid run that passes"),
    causes: z.array(reasonSchema).describe("The same as data, in the same order"),
  }),
  slo: planSlo.describe("The plan's SLO"),
  startSkewMs: z.number().nullable().describe("The largest start skew of all workers"),
  clock: z
    .object({ errorMs: z.number(), boundMs: z.number(), corrected: count })
    .nullable()
    .describe("The workers' largest clock error, the widest bound of it, and how many were corrected"),
  total: z.object({ ...traffic, ...timeline }),
  chains: z.array(chain),
  regions: z.array(regionSchema).optional().describe("What was sent from each region, if the plan has regions"),
  workers: z.array(worker),
  capacity: capacity.optional().describe("What the chains can carry, what a relay costs, what the target takes"),
  events: z.array(event).describe("What changed during the run, in words"),
  hints: z.array(hint).describe("What limited the run, with the evidence and what to do about it"),
  generator: z
    .object({
      all: z.array(generatorPoint),
      workers: z.array(z.object({ id: z.string(), points: z.array(generatorPoint) })),
    })
    .describe("The workers' requests in flight and sockets over the run; each worker's own where they are few"),
  coolDownMs: z.number().describe("From the last request's due instant to the last response"),
  metrics: z.array(metricSeries).describe("The gateway's own metrics, on the run's time; null is a gap"),
  observed: observed.describe("What Watch could not see"),
  logs: z.array(log).describe("What the gateway's logs said while the run went"),
  findings: z.array(z.string()).describe("What is missing, unreadable or doubled in the results"),
});

export type Report = z.infer<typeof reportSchema>;

export type ReportChain = Report["chains"][number];

export type ReportMethod = NonNullable<ReportChain["methods"]>[number];

export type GeneratorPoint = Report["generator"]["all"][number];

export type ReportWorker = Report["workers"][number];

export type Capacity = NonNullable<Report["capacity"]>;

export type ChainCapacity = Capacity["chains"][number];

export type Traffic = Pick<ReportChain, keyof typeof traffic>;

export type LatencyMs = Report["total"]["responseTimeMs"];

/** The report's JSON Schema (draft 2020-12). */
export function reportJsonSchema(): Record<string, unknown> {
  return { title: "Volley report", ...z.toJSONSchema(reportSchema) };
}
