import { isExactNumber } from "../plan/exactJson.ts";
import { jsonPath, type Problem, show } from "../plan/problems.ts";

/** `${env:NAME}`, or `${env:NAME:-default}` if the variable may be unset or empty. */
const VARIABLE = /\$\{env:([A-Za-z_]\w*)(?::-([^}]*))?\}/g;

const SCALAR = /^(-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|true|false)$/;

/**
 * Replaces each `${env:NAME}` in a plan's texts by the variable's value. A text that is only a variable becomes a
 * number, true or false if its value is one and `takesNumber` says that the field takes it. A variable that is unset
 * and has no default is a problem.
 */
export function withVariables(
  raw: unknown,
  env: NodeJS.ProcessEnv,
  takesNumber: (path: readonly PropertyKey[]) => boolean,
): { value: unknown; problems: Problem[] } {
  const problems: Problem[] = [];
  const filled = (text: string, path: readonly PropertyKey[]): unknown => {
    const value = text.replace(VARIABLE, (reference, name: string, otherwise: string | undefined) => {
      const found = env[name] || otherwise;
      if (found !== undefined) return found;
      const expected = `the environment variable ${name}, or a default: \${env:${name}:-…}`;
      problems.push({ where: jsonPath(path), found: show(reference), expected });
      return reference;
    });
    const isWhole = text.replace(VARIABLE, "") === "" && text !== "";
    return isWhole && SCALAR.test(value) && takesNumber(path) ? JSON.parse(value) : value;
  };
  const walk = (value: unknown, path: readonly PropertyKey[]): unknown => {
    if (typeof value === "string") return value.includes("${env:") ? filled(value, path) : value;
    if (typeof value !== "object" || value === null || isExactNumber(value)) return value;
    if (Array.isArray(value)) return value.map((each, index) => walk(each, [...path, index]));
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, walk(each, [...path, key])]));
  };
  return { value: walk(raw, []), problems };
}
