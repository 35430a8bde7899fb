import { readFileSync } from "node:fs";
import { Duration } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { CONTEXT_NAMES } from "./contextNames.ts";
import type { LoadTestProps } from "./loadTest.ts";
import type { ScheduledPlan } from "./schedules.ts";

/** The stack's name, which the app reads. */
const APP_NAMES = ["stack"];

type Name = (typeof CONTEXT_NAMES)[number];

/**
 * A deployment's properties from the CDK's context, whose values are text (`-c name=value`) or JSON (cdk.json). Throws
 * one error with all problems, including unknown names: a mistyped name would leave a default in force.
 */
export function contextProps(scope: Construct): LoadTestProps {
  const problems = unknownNames(scope).map((name) => `${name} is no setting; there are ${CONTEXT_NAMES.join(", ")}`);
  const value = (name: Name): unknown => scope.node.tryGetContext(name) ?? undefined;
  const read =
    <T>(expected: string, parse: (given: unknown) => T | undefined) =>
    (name: Name): T | undefined => {
      const given = value(name);
      if (given === undefined) return undefined;
      const parsed = parse(given);
      if (parsed === undefined) problems.push(`${name} is ${JSON.stringify(given)}; expected ${expected}`);
      return parsed;
    };
  const list = read("a list, or text with commas", listOf);
  const flag = read("true or false", flagOf);
  const number = read("a number above 0", numberOf);
  const text = read("text", textOf);
  const minutes = number("maxDurationMinutes");
  const days = number("chunkRetentionDays");
  const props = {
    allowedHosts: list("allowedHosts"),
    observeHosts: list("observeHosts"),
    secretArns: list("secretArns"),
    logGroupArns: list("logGroupArns"),
    secretKeyArns: list("secretKeyArns"),
    bucketKeyArn: text("bucketKeyArn"),
    egressAllocationIds: list("egressAllocationIds"),
    iamPath: text("iamPath"),
    tags: read("an object of texts, or text such as team=payments,cost=42", tagsOf)("tags"),
    alarmTopicArn: text("alarmTopicArn"),
    permissionsBoundaryArn: text("permissionsBoundaryArn"),
    fixedEgress: flag("fixedEgress"),
    regions: list("regions"),
    fleet: flag("fleet"),
    fleetSpot: flag("fleetSpot"),
    tracing: flag("tracing"),
    standInGateway: flag("standInGateway"),
    schedules: read("a list of schedules, each with name, expression and plan", schedulesOf)("schedules"),
    workerMemoryMb: number("workerMemoryMb"),
    fleetMaxHosts: number("fleetMaxHosts"),
    fleetWorkersPerHost: number("fleetWorkersPerHost"),
    fleetInstanceType: text("fleetInstanceType"),
    maxWorkers: number("maxWorkers"),
    maxRps: number("maxRps"),
    maxUsdPerRun: number("maxUsdPerRun"),
    maxDuration: minutes === undefined ? undefined : Duration.minutes(minutes),
    chunkRetention: days === undefined ? undefined : Duration.days(days),
  };
  if (problems.length > 0) throw new Error(`the context (cdk -c, cdk.json): ${problems.join("; ")}`);
  return Object.fromEntries(Object.entries(props).filter(([, given]) => given !== undefined));
}

/** Names in the context that neither this app nor the CDK knows: the CDK's names contain a colon, a hyphen or an @. */
function unknownNames(scope: Construct): string[] {
  const known = new Set<string>([...CONTEXT_NAMES, ...APP_NAMES]);
  return Object.keys(scope.node.getAllContext()).filter((name) => !known.has(name) && !/[-:@]/.test(name));
}

function listOf(given: unknown): string[] | undefined {
  if (Array.isArray(given)) return given.every((each) => typeof each === "string") ? given : undefined;
  if (typeof given !== "string") return undefined;
  const entries = given.split(",").map((each) => each.trim());
  return entries.filter(Boolean);
}

function flagOf(given: unknown): boolean | undefined {
  if (given === true || given === "true") return true;
  return given === false || given === "false" ? false : undefined;
}

function numberOf(given: unknown): number | undefined {
  const parsed = typeof given === "string" && given.trim() !== "" ? Number(given) : given;
  return typeof parsed === "number" && Number.isFinite(parsed) && parsed > 0 ? parsed : undefined;
}

/** Schedules, as JSON or JSON text; a plan is an object, or the path of a plan file. */
function schedulesOf(given: unknown): ScheduledPlan[] | undefined {
  try {
    const parsed: unknown = typeof given === "string" ? JSON.parse(given) : given;
    if (!Array.isArray(parsed)) return undefined;
    const all = parsed as (ScheduledPlan & { plan: unknown })[];
    if (!all.every(({ name, expression, plan }) => textOf(name) && textOf(expression) && plan)) return undefined;
    return all.map((each) => ({
      ...each,
      plan: typeof each.plan === "string" ? JSON.parse(readFileSync(each.plan, "utf8")) : each.plan,
    }));
  } catch {
    return undefined;
  }
}

/** Tags, as an object or as `name=value` with commas. */
function tagsOf(given: unknown): Record<string, string> | undefined {
  const pairs = typeof given === "string" ? listOf(given)?.map((each) => each.split(/=(.*)/s).slice(0, 2)) : undefined;
  const tags: unknown = pairs ? Object.fromEntries(pairs) : given;
  if (typeof tags !== "object" || tags === null || Array.isArray(tags)) return undefined;
  return Object.entries(tags).every(([name, value]) => name !== "" && typeof value === "string")
    ? (tags as Record<string, string>)
    : undefined;
}

function textOf(given: unknown): string | undefined {
  return typeof given === "string" && given !== "" ? given : undefined;
}
