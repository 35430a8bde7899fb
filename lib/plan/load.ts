import { METHODS } from "node:http";
import type { z } from "zod";
import { assignmentProblems } from "./assign.ts";
import { type ChainInput, rawChains, readChain, within } from "./chainInput.ts";
import { chainUnits, computeUnitProblems, meanUnits } from "./computeUnits.ts";
import { absoluteTls, connectProblems } from "./connect.ts";
import { formatDuration } from "./duration.ts";
import { estimate } from "./estimate.ts";
import type { JsonSchemaNode } from "./examples.ts";
import { afterAuthority, hostProblems } from "./hosts.ts";
import { handshakeUrl, isWebSocketUrl } from "./httpUrl.ts";
import { expectationProblems } from "./jsonRpcBody.ts";
import { lookupProblems } from "./lookupProblems.ts";
import { lookupsOf } from "./lookupSchema.ts";
import { nearest } from "./nearest.ts";
import { withOwnIds } from "./ownIds.ts";
import { PLACEHOLDERS, parseTemplate } from "./placeholders.ts";
import { PlanFiles } from "./planFiles.ts";
import { InputError, jsonPath, type Problem, problemsOf, show } from "./problems.ts";
import { regionProblems } from "./regions.ts";
import { requestProblems, rowProblems } from "./requestProblems.ts";
import { type Chain, type Plan, planJsonSchema, planSchema, type Target } from "./schema.ts";
import { sloProblems } from "./sloProblems.ts";
import { subscribersOf, subscriptionsOf } from "./subscriptions.ts";
import { webSocketProblems } from "./webSocket.ts";

/** What a command line adds to a plan when it is checked. */
export interface CheckOptions {
  /** Sends every target to this origin instead of its own, such as `http://127.0.0.1:8080`. */
  origin?: string;
  /** Hosts that may be loaded, besides those that the plan allows. */
  allowHosts?: readonly string[];
}

/**
 * Checks a plan and fills in its defaults. Files that it names are relative to `folder`; without a folder they are
 * refused. Throws an InputError, in which `shownAs` names the plan, with all problems at once: of fields, of files, and
 * of fields in combination.
 */
export function checkPlan(raw: unknown, folder: string | undefined, shownAs: string, options: CheckOptions = {}): Plan {
  const parsed = planSchema.safeParse(raw);
  const problems = parsed.success ? [] : problemsOf(parsed.error.issues, raw, knownFieldsAt);
  problems.push(...duplicateNames(raw), ...baseProblems(raw));
  const files = new PlanFiles(folder);
  const inputs = rawChains(raw).map((chain, index) => readChain(chain, index, files));
  for (const problem of files.problems) problems.push(problem);
  if (!parsed.success) throw new InputError(shownAs, problems);

  const plan = planOf(parsed.data, inputs, folder, options);
  for (const problem of planProblems(plan, folder)) problems.push(problem);
  if (problems.length > 0) throw new InputError(shownAs, problems);
  return plan;
}

/** The plan that every later stage reads, made from the plan as written and from what its chains read. */
function planOf(
  input: z.infer<typeof planSchema>,
  inputs: readonly ChainInput[],
  folder: string | undefined,
  options: CheckOptions,
): Plan {
  const {
    $schema: _,
    extends: _base,
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
    observeHosts,
    webSocket,
    computeUnits,
    regions,
    nodeHeader,
    ...rest
  } = input;
  const plan: Plan = {
    ...rest,
    chains: chains.map((chain, index) => {
      const shares = chain.regions ?? regions;
      const own = chainOf(chain, inputs[index] ?? { targets: [] }, { duration, computeUnits });
      return { ...own, ...(shares && { regions: shares }) };
    }),
    durationMs: duration,
    warmupMs: warmup ?? 0,
    timeoutMs: timeout,
    segmentMs: segment,
    limits,
    allowedHosts: [...input.allowedHosts, ...(options.allowHosts ?? [])],
    ...(tls && { tls: absoluteTls(tls, folder ?? ".") }),
    ...(destinations && { resolve: destinations }),
    ...(unixSocket !== undefined && { unixSocket }),
    ...(observeHosts !== undefined && { observeHosts }),
    ...(webSocket && { webSocket }),
    ...(computeUnits && { computeUnits }),
    ...(nodeHeader !== undefined && { nodeHeader: nodeHeader.toLowerCase() }),
    ...(workers !== undefined && { workers }),
    ...(connections !== undefined && { connections }),
    ...(gateway !== undefined && options.origin === undefined && { gateway }),
  };
  if (options.origin !== undefined) moveTargets(plan, options.origin);
  for (const target of plan.chains.flatMap(({ targets }) => targets)) {
    // Many calls are in flight on one WebSocket: only the id matches an answer to its call.
    if (ids === "unique" ? target.expect !== "http" : isWebSocketUrl(target.url)) withOwnIds(target);
  }
  return plan;
}

function chainOf(
  chain: z.infer<typeof planSchema>["chains"][number],
  { targets, replayed, data }: ChainInput,
  { duration, computeUnits: planUnits }: Pick<z.infer<typeof planSchema>, "duration" | "computeUnits">,
): Chain {
  const {
    name,
    rps,
    cups,
    computeUnits,
    replay,
    staleBlocks,
    subscriptions,
    accept,
    rateLimitCodes,
    slo,
    order,
    dataOrder,
    expect,
    lookups,
  } = chain;
  const all = [...targets, ...(replayed?.targets ?? [])];
  if (expect !== undefined) expectAll(all, expect);
  const own = {
    ...(data && { data }),
    ...(lookups && { lookups: lookupsOf(lookups, all[0]) }),
    ...(dataOrder && { dataOrder }),
    ...(order && { order }),
    ...(staleBlocks !== undefined && { staleBlocks }),
    ...(accept && { accept }),
    ...(subscriptions && { subscriptions: subscriptionsOf(subscriptions) }),
    ...(rateLimitCodes && { rateLimitCodes }),
    ...(computeUnits && { computeUnits }),
    ...(cups !== undefined && { cups }),
    ...(slo && { slo }),
  };
  if (replay && replayed) return { name, ...within(replayed, replay.factor, duration), ...own };
  const units = chainUnits({ computeUnits: planUnits }, { computeUnits });
  const perRequest = units && meanUnits(targets, units);
  return { name, rps: rps ?? (cups !== undefined && perRequest ? cups / perRequest : 0), targets, ...own };
}

function expectAll(targets: readonly Target[], expect: NonNullable<Target["expect"]>): void {
  for (const target of targets) target.expect ??= expect;
}

/** What is wrong with a plan whose fields are each valid by themselves. */
function planProblems(plan: Plan, folder: string | undefined): Problem[] {
  const problems = [
    assignmentProblems(plan),
    regionProblems(plan),
    methodProblems(plan),
    limitProblems(plan),
    profileProblems(plan),
    placeholderProblems(plan),
    requestProblems(plan),
    rowProblems(plan),
    lookupProblems(plan),
    sloProblems(plan),
    computeUnitProblems(plan),
    expectationProblems(plan),
    webSocketProblems(plan),
    // Without a folder there are no files, as in a deployment.
    connectProblems(plan, folder === undefined ? plan : undefined),
    // With a stand-in gateway, the targets' own hosts are never contacted: a run moves the targets to its origin.
    hostProblems(plan.gateway ? { ...plan, chains: [] } : plan),
  ].flat();
  if (plan.http !== "2") return problems;
  if (!plan.gateway) return [...problems, ...plainTextTargets(plan)];
  return [...problems, { where: "$.http", found: '"2"', expected: '"1.1": the stand-in gateway speaks no TLS' }];
}

/**
 * Sends every target to another origin. It keeps its path and query with their placeholders, and stays a WebSocket if
 * it is one.
 */
export function moveTargets(plan: Plan, origin: string): void {
  const base = handshakeUrl(new URL(origin).origin);
  for (const { targets, subscriptions = [], lookups = [] } of plan.chains) {
    for (const target of [...targets, ...subscriptions, ...lookups]) {
      const own = isWebSocketUrl(target.url) ? base.replace("http", "ws") : base;
      target.url = `${own}${afterAuthority(target.url)}`;
    }
  }
}

/** Unknown placeholders, and placeholders for a field that the chain's data does not have. */
function placeholderProblems(plan: Plan): Problem[] {
  return plan.chains.flatMap((chain, index) => {
    const where = jsonPath(["chains", index, "targets"]);
    const [row = {}] = chain.data ?? [];
    const fields = Object.keys(row);
    const texts = chain.targets.flatMap(({ url, body = "", headers }) => [
      url,
      body,
      ...headers.map(([, value]) => value),
    ]);
    const templates = texts.filter((text) => text.includes("{{")).map(parseTemplate);
    const unknown = new Set(templates.flatMap((template) => template.unknown));
    const pieces = templates.flatMap((template) => template.pieces);
    const names = (chain.lookups ?? []).map(({ name }) => name);
    const unasked = new Set(
      pieces.flatMap((each) =>
        typeof each !== "string" && each.kind === "lookup" && !names.includes(each.name) ? [each.name] : [],
      ),
    );
    const missing = new Set(
      pieces.flatMap((each) =>
        typeof each !== "string" && each.kind === "data" && !fields.includes(each.field) ? [each.field] : [],
      ),
    );
    return [
      ...[...unknown].map((found) => ({ where, found, expected: PLACEHOLDERS })),
      ...[...unasked].map((name) => ({
        where,
        found: `{{lookup.${name}}}`,
        expected:
          names.length > 0 ? `one of the chain's lookups: ${names.join(", ")}` : "a lookup in the chain's `lookups`",
      })),
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

function duplicateNames(raw: unknown): Problem[] {
  const names = rawChains(raw).map((chain) => chain?.name);
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    if (typeof name !== "string" || first === index) return [];
    const where = jsonPath(["chains", index, "name"]);
    return [{ where, found: `${show(name)} again`, expected: `another name than that of $.chains[${first}]` }];
  });
}

/** A plan that still extends another: its base was not read. */
function baseProblems(raw: unknown): Problem[] {
  const base = (raw as { extends?: unknown } | null | undefined)?.extends;
  if (typeof base !== "string") return [];
  const expected = "a whole plan: only the command line reads what it extends";
  return [{ where: "$.extends", found: show(base), expected }];
}

/** HTTP methods that the author of a typo may have meant (RFC 9110 and 5789). */
const USUAL_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

/** Unknown methods that differ from a usual one by a swapped, missing or wrong letter. */
function methodProblems({ chains }: Plan): Problem[] {
  return chains.flatMap(({ targets }, index) => {
    const methods = new Set(targets.map(({ method }) => method));
    return [...methods].flatMap((method) => {
      const meant =
        METHODS.includes(method) || method !== method.toUpperCase() ? undefined : nearest(method, USUAL_METHODS, 1);
      if (meant === undefined) return [];
      return [
        {
          where: jsonPath(["chains", index, "targets"]),
          found: `the method ${show(method)}`,
          expected: `"${meant}", perhaps`,
        },
      ];
    });
  });
}

function limitProblems(plan: Plan): Problem[] {
  const { maxRps, maxSubscribers, maxUsd } = plan.limits;
  const problems: Problem[] = [];
  const total = plan.chains.reduce((sum, chain) => sum + chain.rps, 0);
  if (maxRps !== undefined && total > maxRps) {
    const expected = `at most the limit of ${maxRps} ($.limits.maxRps)`;
    problems.push({ where: "$.chains", found: `${total} requests per second in all`, expected });
  }
  const subscribers = subscribersOf(plan);
  if (maxSubscribers !== undefined && subscribers > maxSubscribers) {
    const expected = `at most the limit of ${maxSubscribers} ($.limits.maxSubscribers)`;
    problems.push({ where: "$.chains", found: `${subscribers} subscribers in all`, expected });
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
      .filter((target) => /^http:/i.test(target.url))
      .slice(0, 1)
      .map((target) => ({
        where: jsonPath(["chains", index, "targets"]),
        found: show(target.url),
        expected: 'an https URL, for "http": "2" is agreed on in the TLS handshake',
      })),
  );
}

/** What the plan's schema says about a path. */
function schemaAt(path: readonly PropertyKey[]): JsonSchemaNode[] {
  let nodes: JsonSchemaNode[] = [planJsonSchema()];
  for (const step of path) {
    nodes = nodes
      .flatMap(alternatives)
      .map((node) => (typeof step === "number" ? node.items : node.properties?.[String(step)]))
      .filter((node) => node !== undefined);
  }
  return nodes.flatMap(alternatives);
}

/** The names of the fields that the plan's schema knows at a path. */
export function knownFieldsAt(path: readonly PropertyKey[]): string[] {
  return schemaAt(path).flatMap((node) => Object.keys(node.properties ?? {}));
}

/** Whether the field at a path takes a number, or true or false. */
export function takesNumber(path: readonly PropertyKey[]): boolean {
  return schemaAt(path).some(({ type }) => [type].flat().some((each) => /^(number|integer|boolean)$/.test(each ?? "")));
}

function alternatives(node: JsonSchemaNode): JsonSchemaNode[] {
  return [node, ...[...(node.anyOf ?? []), ...(node.oneOf ?? [])].flatMap(alternatives)];
}
