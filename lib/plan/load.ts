import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { assignmentProblems } from "./assign.ts";
import { formatDuration } from "./duration.ts";
import { estimate } from "./estimate.ts";
import { hostProblems } from "./hosts.ts";
import { InputError, jsonPath, type Problem, problemsOf, show } from "./problems.ts";
import { type GatewaySettings, gatewaySchema, type Plan, planJsonSchema, planSchema, type Target } from "./schema.ts";
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
  if (!parsed.success) throw new InputError(shownAs, problems);

  const { $schema: _, chains, duration, warmup, timeout, workers, connections, gateway, limits, ...rest } = parsed.data;
  const plan: Plan = {
    ...rest,
    chains: chains.map(({ name, rps }, index) => ({ name, rps, targets: targets[index] ?? [] })),
    durationMs: duration,
    warmupMs: warmup ?? 0,
    timeoutMs: timeout,
    limits,
    allowedHosts: [...parsed.data.allowedHosts, ...(options.allowHosts ?? [])],
    ...(workers !== undefined && { workers }),
    ...(connections !== undefined && { connections }),
    ...(gateway !== undefined && options.origin === undefined && { gateway }),
  };
  if (options.origin !== undefined) moveTargets(plan, options.origin);
  problems.push(...assignmentProblems(plan), ...limitProblems(plan), ...profileProblems(plan));
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
  headers?: Record<string, string>;
  body?: unknown;
  weight?: number;
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

function inlineTarget({ method = "POST", url = "", headers = {}, body, weight = 1 }: RawTarget): Target {
  const isText = typeof body === "string" || body === undefined;
  const hasType = Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
  return {
    method,
    url,
    headers: isText || hasType ? headers : { ...headers, "Content-Type": "application/json" },
    ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
    weight,
  };
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
