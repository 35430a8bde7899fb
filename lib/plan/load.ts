import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { assignmentProblems } from "./assign.ts";
import { absoluteTls, connectProblems } from "./connect.ts";
import { formatDuration } from "./duration.ts";
import { estimate } from "./estimate.ts";
import { hostProblems } from "./hosts.ts";
import { withOwnIds } from "./ownIds.ts";
import { PLACEHOLDERS, parseTemplate } from "./placeholders.ts";
import { InputError, jsonPath, type Problem, problemsOf, show } from "./problems.ts";
import { type Parsed, parseRequestLog, parseRows, type RequestLog } from "./records.ts";
import { requestProblems, rowProblems } from "./requestProblems.ts";
import {
  type Accept,
  type Chain,
  type Check,
  type GatewaySettings,
  gatewaySchema,
  MOST_TARGETS_APART,
  type Plan,
  planJsonSchema,
  planSchema,
  type Slo,
  type Target,
} from "./schema.ts";
import { readTargetFile } from "./targets.ts";

/** What a command line adds to the plan that it names. */
export interface LoadOptions {
  /** Sends every target to this origin instead of its own, such as `http://127.0.0.1:8080`. */
  origin?: string;
  /** Hosts that may be loaded, besides those that the plan allows. */
  allowHosts?: readonly string[];
}

/** Reads and checks a plan file, with the target files that it names. Throws an InputError with all its problems. */
export function loadPlan(path: string, options: LoadOptions = {}): Plan {
  const raw = readJsonFile(path, "a plan, such as plans/demo.json");
  return checkPlan(raw, dirname(path), path, options);
}

/** Reads and checks a file with the stand-in gateway's settings. Throws an InputError with all its problems. */
export function loadGateway(path: string): GatewaySettings {
  const raw = readJsonFile(path, "the stand-in gateway's settings");
  const parsed = gatewaySchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const known = (at: readonly PropertyKey[]): string[] => knownFieldsAt(["gateway", ...at]);
  throw new InputError(path, problemsOf(parsed.error.issues, raw, known));
}

/** A file's JSON. Throws an InputError that says what was expected there. */
function readJsonFile(path: string, expected: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const found = code === "ENOENT" ? "no such file" : `a file that cannot be read (${code})`;
    throw new InputError(path, [{ where: path, found, expected }]);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const found = `text that is not JSON (${(error as SyntaxError).message})`;
    throw new InputError(path, [{ where: path, found, expected: "one JSON object" }]);
  }
}

/**
 * Checks a plan and fills in its defaults; target files are read relative to `folder`. `shownAs` names the plan in the
 * InputError that is thrown with all problems at once: those of fields, of target files and of fields together.
 */
export function checkPlan(raw: unknown, folder: string, shownAs: string, options: LoadOptions = {}): Plan {
  const parsed = planSchema.safeParse(raw);
  const problems = parsed.success ? [] : problemsOf(parsed.error.issues, raw, knownFieldsAt);
  problems.push(...duplicateNames(raw));
  const targets = readTargets(raw, folder, problems);
  const details = rawChains(raw).map((chain, index) => readDetails(chain, index, folder, problems));
  if (!parsed.success) throw new InputError(shownAs, problems);

  const {
    $schema: _,
    chains,
    duration,
    warmup,
    timeout,
    workers,
    connections,
    gateway,
    limits,
    ids,
    segment,
    tls,
    resolve: destinations,
    unixSocket,
    ...rest
  } = parsed.data;
  const plan: Plan = {
    ...rest,
    chains: chains.map((chain, index): Chain => {
      const { name, rps, replay, staleBlocks, accept, rateLimitCodes, slo, order, dataOrder } = chain;
      const { replayed, data } = details[index] ?? {};
      const own = {
        ...(data && { data }),
        ...(dataOrder && { dataOrder }),
        ...(order && { order }),
        ...(staleBlocks !== undefined && { staleBlocks }),
        ...(accept && { accept }),
        ...(rateLimitCodes && { rateLimitCodes }),
        ...(slo && { slo }),
      };
      if (replay && replayed) return { name, ...within(replayed, replay.factor, duration), ...own };
      return { name, rps: rps ?? 0, targets: targets[index] ?? [], ...own };
    }),
    durationMs: duration,
    warmupMs: warmup ?? 0,
    timeoutMs: timeout,
    segmentMs: segment,
    limits,
    allowedHosts: [...parsed.data.allowedHosts, ...(options.allowHosts ?? [])],
    ...(tls && { tls: absoluteTls(tls, folder) }),
    ...(destinations && { resolve: destinations }),
    ...(unixSocket !== undefined && { unixSocket }),
    ...(workers !== undefined && { workers }),
    ...(connections !== undefined && { connections }),
    ...(gateway !== undefined && options.origin === undefined && { gateway }),
  };
  if (options.origin !== undefined) moveTargets(plan, options.origin);
  if (ids === "unique") for (const chain of plan.chains) chain.targets.forEach(withOwnIds);
  problems.push(...assignmentProblems(plan), ...limitProblems(plan), ...profileProblems(plan));
  problems.push(...placeholderProblems(plan), ...requestProblems(plan), ...rowProblems(plan), ...sloProblems(plan));
  problems.push(...connectProblems(plan));
  // With a stand-in gateway the targets' own hosts are never spoken to.
  if (!plan.gateway) problems.push(...hostProblems(plan));
  if (plan.http === "2" && !plan.gateway) problems.push(...plainTextTargets(plan));
  if (plan.http === "2" && plan.gateway) {
    problems.push({ where: "$.http", found: '"2"', expected: '"1.1": the stand-in gateway speaks no TLS' });
  }
  if (problems.length > 0) throw new InputError(shownAs, problems);
  return plan;
}

/** Sends every target to another origin, keeping its path and query. */
export function moveTargets(plan: Plan, origin: string): void {
  const base = new URL(origin);
  for (const chain of plan.chains) {
    for (const target of chain.targets) {
      const url = new URL(target.url);
      target.url = `${base.origin}${url.pathname}${url.search}`;
    }
  }
}

interface RawTarget {
  method?: string;
  url?: string;
  headers?: Record<string, string | string[]>;
  body?: unknown;
  weight?: number;
  checks?: Check[];
  accept?: Accept;
  name?: string;
  expect?: "json-rpc" | "http";
  slo?: Slo;
}

/** The targets of each chain, read from whatever the plan holds: it may have problems elsewhere. */
function readTargets(raw: unknown, folder: string, problems: Problem[]): Target[][] {
  return rawChains(raw).map((chain, index) => {
    const listed = chain?.targets;
    const entries = Array.isArray(listed) ? listed : [listed];
    return entries.flatMap((entry: unknown, position): Target[] => {
      if (typeof entry === "string" && entry !== "") {
        const path = resolve(folder, entry);
        const shownAs = relative(process.cwd(), path).startsWith("..") ? path : join(folder, entry);
        const namedAt = jsonPath(["chains", index, "targets", ...(Array.isArray(listed) ? [position] : [])]);
        const file = readTargetFile(path, shownAs, namedAt);
        problems.push(...file.problems);
        return file.targets;
      }
      if (typeof entry !== "object" || entry === null) return [];
      return [inlineTarget(entry as RawTarget)];
    });
  });
}

function inlineTarget(raw: RawTarget): Target {
  const { method = "POST", url = "", body, weight = 1, checks, accept, name, expect, slo } = raw;
  const isText = typeof body === "string" || body === undefined;
  const headers = Object.entries(raw.headers ?? {}).flatMap(([header, values]) =>
    [values].flat().map((value): [string, string] => [header, value]),
  );
  const hasType = headers.some(([header]) => header.toLowerCase() === "content-type");
  return {
    ...(name !== undefined && { name }),
    method,
    url,
    headers: isText || hasType ? headers : [...headers, ["Content-Type", "application/json"]],
    ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
    weight,
    ...(checks !== undefined && { checks }),
    ...(accept !== undefined && { accept }),
    ...(expect !== undefined && { expect }),
    ...(slo !== undefined && { slo }),
  };
}

/** What a chain reads from files besides its targets. */
function readDetails(
  chain: Record<string, unknown> | null | undefined,
  index: number,
  folder: string,
  problems: Problem[],
) {
  const read = <T>(
    value: unknown,
    field: string[],
    parse: (text: string, shownAs: string) => Parsed<T>,
  ): T | undefined => {
    if (typeof value !== "string" || value === "") return undefined;
    const path = resolve(folder, value);
    const shownAs = relative(process.cwd(), path).startsWith("..") ? path : join(folder, value);
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      const where = jsonPath(["chains", index, ...field]);
      const found = `${shownAs}, which cannot be read (${(error as NodeJS.ErrnoException).code})`;
      problems.push({ where, found, expected: "a file, relative to the plan" });
      return undefined;
    }
    const parsed = parse(text, shownAs);
    problems.push(...parsed.problems);
    return parsed.value;
  };
  const replay = chain?.replay as { file?: unknown } | undefined;
  const replayed = read(replay?.file, ["replay", "file"], parseRequestLog);
  const data = read(chain?.data, ["data"], parseRows);
  return { ...(replayed && { replayed }), ...(data && { data }) };
}

/** The part of a request log that falls into the duration, at a factor, with its mean rate. */
function within(log: RequestLog, factor: number, durationMs: number): Pick<Chain, "rps" | "targets" | "replay"> {
  const replay = log.atMs.map((ms) => ms / factor).filter((ms) => ms < durationMs);
  return { rps: replay.length / (durationMs / 1_000), targets: log.targets.slice(0, replay.length), replay };
}

/** Placeholders that are none, or that name a field which the chain's data does not have. */
function placeholderProblems(plan: Plan): Problem[] {
  return plan.chains.flatMap((chain, index) => {
    const where = jsonPath(["chains", index, "targets"]);
    const fields = Object.keys(chain.data?.[0] ?? {});
    const texts = chain.targets.flatMap(({ url, body = "", headers }) => [
      url,
      body,
      ...headers.map(([, value]) => value),
    ]);
    const templates = texts.filter((text) => text.includes("{{")).map(parseTemplate);
    const unknown = new Set(templates.flatMap((template) => template.unknown));
    const pieces = templates.flatMap((template) => template.pieces);
    const missing = new Set(
      pieces.flatMap((each) =>
        typeof each !== "string" && each.kind === "data" && !fields.includes(each.field) ? [each.field] : [],
      ),
    );
    return [
      ...[...unknown].map((found) => ({ where, found, expected: PLACEHOLDERS })),
      ...[...missing].map((field) => ({
        where,
        found: `{{data.${field}}}`,
        expected: chain.data
          ? `a field of the chain's data: ${fields.join(", ")}`
          : "a file of data in the chain's `data`",
      })),
    ];
  });
}

function rawChains(raw: unknown): (Record<string, unknown> | null | undefined)[] {
  const chains = (raw as { chains?: unknown } | null | undefined)?.chains;
  return Array.isArray(chains) ? chains : [];
}

function duplicateNames(raw: unknown): Problem[] {
  const names = rawChains(raw).map((chain) => chain?.name);
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    if (typeof name !== "string" || first === index) return [];
    const where = jsonPath(["chains", index, "name"]);
    return [{ where, found: `${show(name)} again`, expected: `another name than that of $.chains[${first}]` }];
  });
}

function limitProblems(plan: Plan): Problem[] {
  const { maxRps, maxUsd } = plan.limits;
  const problems: Problem[] = [];
  const total = plan.chains.reduce((sum, chain) => sum + chain.rps, 0);
  if (maxRps !== undefined && total > maxRps) {
    const expected = `at most the limit of ${maxRps} ($.limits.maxRps)`;
    problems.push({ where: "$.chains", found: `${total} requests per second in all`, expected });
  }
  const { usd } = estimate(plan);
  if (maxUsd !== undefined && usd > maxUsd) {
    const found = `a run that costs about $${usd.toPrecision(2)} in AWS`;
    problems.push({ where: "$", found, expected: `at most the limit of $${maxUsd} ($.limits.maxUsd)` });
  }
  return problems;
}

/** SLOs of targets that are not recorded apart. */
function sloProblems({ chains }: Plan): Problem[] {
  return chains.flatMap(({ targets }, index) => {
    if (targets.length <= MOST_TARGETS_APART || targets.every(({ slo }) => slo === undefined)) return [];
    const found = `${targets.length} targets, some with an slo`;
    const expected = `at most ${MOST_TARGETS_APART}, as many as are recorded apart`;
    return [{ where: jsonPath(["chains", index, "targets"]), found, expected }];
  });
}

function profileProblems({ profile, durationMs }: Plan): Problem[] {
  if (profile.type === "ramp" && profile.from === 0 && profile.to === 0) {
    return [{ where: "$.profile", found: "a ramp from 0 to 0", expected: "a rate to reach" }];
  }
  if (profile.type !== "steps") return [];
  const problems: Problem[] = [];
  const sumMs = profile.steps.reduce((sum, step) => sum + step.for, 0);
  if (sumMs !== durationMs) {
    const expected = `steps that add up to the duration of ${formatDuration(durationMs)}`;
    problems.push({ where: "$.profile.steps", found: `${formatDuration(sumMs)} in all`, expected });
  }
  if (profile.steps.every((step) => step.share === 0)) {
    problems.push({ where: "$.profile.steps", found: "no step above 0", expected: "a rate to reach" });
  }
  return problems;
}

function plainTextTargets(plan: Plan): Problem[] {
  return plan.chains.flatMap((chain, index) =>
    chain.targets
      .filter((target) => target.url.startsWith("http:"))
      .slice(0, 1)
      .map((target) => ({
        where: jsonPath(["chains", index, "targets"]),
        found: show(target.url),
        expected: 'an https URL, for "http": "2" is agreed on in the TLS handshake',
      })),
  );
}

interface JsonSchemaNode {
  properties?: Record<string, JsonSchemaNode>;
  items?: JsonSchemaNode;
  anyOf?: JsonSchemaNode[];
}

/** The names of the fields that the plan's schema knows at a path. */
function knownFieldsAt(path: readonly PropertyKey[]): string[] {
  let nodes: JsonSchemaNode[] = [planJsonSchema()];
  for (const step of path) {
    nodes = nodes
      .flatMap(alternatives)
      .map((node) => (typeof step === "number" ? node.items : node.properties?.[String(step)]))
      .filter((node) => node !== undefined);
  }
  return nodes.flatMap(alternatives).flatMap((node) => Object.keys(node.properties ?? {}));
}

function alternatives(node: JsonSchemaNode): JsonSchemaNode[] {
  return [node, ...(node.anyOf ?? []).flatMap(alternatives)];
}
