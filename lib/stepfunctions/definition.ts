import { InputError, jsonPath, type Problem, problemsOf } from "../plan/problems.ts";
import { type Definition, definition } from "./stateSchema.ts";

/**
 * Loads a definition. `substitutions` replace `${name}` as in the CDK. Throws an InputError with every problem and its
 * path: unknown and misplaced fields, unreachable states, transitions to missing states, malformed paths.
 */
export function loadDefinition(text: string, substitutions: Record<string, string>, shownAs: string): Definition {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    const found = `text that is not JSON (${(error as SyntaxError).message})`;
    throw new InputError(shownAs, [{ where: shownAs, found, expected: "a state machine's definition" }]);
  }
  const problems: Problem[] = [];
  const substituted = substitute(raw, substitutions, [], problems);
  const parsed = definition.safeParse(substituted);
  if (!parsed.success) problems.push(...problemsOf(parsed.error.issues, substituted, () => []));
  problems.push(...graphProblems(substituted, []));
  if (problems.length > 0 || !parsed.success) throw new InputError(shownAs, problems);
  return parsed.data;
}

function substitute(
  value: unknown,
  substitutions: Record<string, string>,
  at: readonly PropertyKey[],
  problems: Problem[],
): unknown {
  if (typeof value === "string") {
    return value.replace(/\$\{([^}]*)\}/g, (found, name: string) => {
      const replacement = substitutions[name];
      if (replacement === undefined) {
        const known = Object.keys(substitutions).join(", ");
        problems.push({ where: jsonPath(at), found, expected: `a substitution that is made: ${known}` });
      }
      return replacement ?? found;
    });
  }
  if (Array.isArray(value))
    return value.map((each, index) => substitute(each, substitutions, [...at, index], problems));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, substitute(each, substitutions, [...at, key], problems)]),
  );
}

type Raw = Record<string, unknown>;

function isObject(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Checks what single fields do not show: transitions to missing states, unreachable states, states with neither or both
 * of Next and End, and fields of which exactly one is required. Accepts any parsed value, so that these problems are
 * reported together with those of single fields.
 */
function graphProblems(value: unknown, at: readonly PropertyKey[]): Problem[] {
  if (!isObject(value) || !isObject(value.States)) return [];
  const states = value.States;
  const names = Object.keys(states);
  const problems: Problem[] = [];
  const reached = new Set<string>();
  const leadsTo = (name: unknown, where: readonly PropertyKey[]): void => {
    if (typeof name !== "string") return;
    reached.add(name);
    if (!names.includes(name)) {
      const expected = `the name of a state beside it: ${names.join(", ")}`;
      problems.push({ where: jsonPath([...at, ...where]), found: JSON.stringify(name), expected });
    }
  };
  leadsTo(value.StartAt, ["StartAt"]);
  for (const [name, each] of Object.entries(states)) {
    if (!isObject(each)) continue;
    const here = ["States", name];
    leadsTo(each.Next, [...here, "Next"]);
    leadsTo(each.Default, [...here, "Default"]);
    for (const list of ["Choices", "Catch"]) {
      for (const [index, entry] of listed(each[list])) leadsTo(entry.Next, [...here, list, index, "Next"]);
    }
    problems.push(...exactlyOne(each, [...at, ...here]));
    for (const [index, branch] of listed(each.Branches)) {
      problems.push(...graphProblems(branch, [...at, ...here, "Branches", index]));
    }
    problems.push(...graphProblems(each.ItemProcessor, [...at, ...here, "ItemProcessor"]));
  }
  for (const name of names.filter((each) => !reached.has(each))) {
    const where = jsonPath([...at, "States", name]);
    problems.push({ where, found: "a state that nothing leads to", expected: "a transition to it, or no such state" });
  }
  return problems;
}

/** The objects in a list, if it is one, with their indexes. */
function listed(value: unknown): [number, Raw][] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((each, index): [number, Raw][] => (isObject(each) ? [[index, each]] : []));
}

/** By type of state, groups of fields of which exactly one is required. */
const ALTERNATIVES: Record<string, string[][]> = {
  Task: [["Next", "End"]],
  Pass: [["Next", "End"]],
  Parallel: [["Next", "End"]],
  Map: [["Next", "End"]],
  Wait: [
    ["Next", "End"],
    ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"],
  ],
};

function exactlyOne(state: Raw, at: readonly PropertyKey[]): Problem[] {
  return (ALTERNATIVES[String(state.Type)] ?? []).flatMap((fields) => {
    const found = fields.filter((field) => field in state);
    if (found.length === 1) return [];
    return [
      { where: jsonPath(at), found: found.join(" and ") || "none", expected: `exactly one of ${fields.join(", ")}` },
    ];
  });
}
