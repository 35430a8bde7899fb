import { rawChains } from "../plan/chainInput.ts";
import { parseExactJson } from "../plan/exactJson.ts";
import { type Problem, show } from "../plan/problems.ts";

/** What a command line changes in a plan. */
export interface Overrides {
  /** `path=value`, such as `chains.ethereum.rps=500`; the value is JSON, or a text if it is not valid JSON. */
  set?: readonly string[];
  duration?: string;
  /** A factor for each chain's rate. */
  scale?: number;
  /** The sum of the chains' rates; their proportions stay. */
  targetRps?: number;
}

/** Changes a raw plan in place. Returns what could not be changed. */
export function applyOverrides(raw: unknown, { set = [], duration, scale, targetRps }: Overrides): Problem[] {
  const problems = set.flatMap((assignment) => setField(raw, assignment));
  if (duration !== undefined && isObject(raw)) raw.duration = duration;
  if (scale !== undefined && targetRps !== undefined) {
    const expected = "one of them: both decide the rates";
    problems.push({ where: "--scale", found: "--scale and --target-rps", expected });
  } else if (scale !== undefined) {
    problems.push(...scaleRates(raw, "--scale", () => scale));
  } else if (targetRps !== undefined) {
    problems.push(...scaleRates(raw, "--target-rps", (sum) => targetRps / sum));
  }
  return problems;
}

function scaleRates(raw: unknown, where: string, factorOf: (sum: number) => number): Problem[] {
  const chains = rawChains(raw).filter((chain) => chain !== null && chain !== undefined);
  const replays = chains.filter(({ replay }) => replay !== undefined);
  if (replays.length > 0) {
    const found = `${replays.map(({ name }) => show(name)).join(", ")}, a replay of recorded times`;
    return [{ where, found, expected: "chains with a rate; a replay has its factor" }];
  }
  const inUnits = chains.filter((chain): chain is { name?: unknown; cups: number } => typeof chain.cups === "number");
  if (inUnits.length > 0 && where === "--target-rps") {
    const found = `${inUnits.map(({ name }) => show(name)).join(", ")}, a rate in cups`;
    return [{ where, found, expected: "chains with rps, or --scale" }];
  }
  const rated = chains.filter((chain): chain is { rps: number } => typeof chain.rps === "number" && chain.rps > 0);
  const factor = factorOf(rated.reduce((sum, { rps }) => sum + rps, 0));
  // Rounded to 12 digits, so that 0.1 × 3 is 0.3.
  for (const chain of rated) chain.rps = Number((chain.rps * factor).toPrecision(12));
  for (const chain of inUnits) chain.cups = Number((chain.cups * factor).toPrecision(12));
  return [];
}

function setField(raw: unknown, assignment: string): Problem[] {
  const where = `--set ${assignment}`;
  const [, path = "", text = ""] = /^([^=]+)=(.*)$/s.exec(assignment) ?? [];
  if (path === "") return [{ where, found: show(assignment), expected: "a path, = and a value: chains.kava.rps=500" }];
  const steps = stepsOf(raw, path);
  if (steps === undefined || steps.includes("__proto__")) {
    const names = rawChains(raw).map((chain) => show(chain?.name));
    return [{ where, found: show(path), expected: `a chain's name or place after "chains": ${names.join(", ")}` }];
  }
  let place = raw as Record<PropertyKey, unknown>;
  for (const step of steps.slice(0, -1)) {
    if (!isObject(place[step]) && !Array.isArray(place[step])) place[step] = {};
    place = place[step] as Record<PropertyKey, unknown>;
  }
  const last = steps.at(-1) ?? "";
  if (Array.isArray(place) && typeof last !== "number") {
    return [{ where, found: show(path), expected: "a place in a list, such as targets[0] or targets.0" }];
  }
  place[last] = parsedValue(text, steps.includes("body"));
  return [];
}

/**
 * A path's steps: in `chains.kava.targets[0].weight`, the chain's index replaces its name. Undefined for an unknown
 * chain.
 */
function stepsOf(raw: unknown, path: string): (string | number)[] | undefined {
  const [, rest] = /^chains[.[](.*)$/.exec(path) ?? [];
  if (rest === undefined) return plainSteps(path);
  const names = rawChains(raw).map((chain) => String(chain?.name));
  // A name may contain dots: the longest match wins.
  const fitting = names
    .filter((name) => rest === name || rest.startsWith(`${name}.`) || rest.startsWith(`${name}]`))
    .sort((a, b) => b.length - a.length);
  const [name] = fitting;
  if (name !== undefined) return ["chains", names.indexOf(name), ...plainSteps(rest.slice(name.length))];
  const [, index] = /^(\d+)(?=[.\]]|$)/.exec(rest) ?? [];
  if (index === undefined || Number(index) >= names.length) return undefined;
  return ["chains", Number(index), ...plainSteps(rest.slice(index.length))];
}

function plainSteps(path: string): (string | number)[] {
  const steps = path.split(/[.[\]]+/).filter((step) => step !== "");
  return steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

function parsedValue(text: string, exact: boolean): unknown {
  try {
    return exact ? parseExactJson(text) : JSON.parse(text);
  } catch {
    return text;
  }
}

function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
