import { globSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ROOT } from "../support/volley.ts";

/** What is mutated unless a file is named: what decides about numbers, requests and verdicts. */
const SCOPE = [
  "lib/guard/*.ts",
  "lib/schedule/*.ts",
  "lib/plan/*.ts",
  "lib/planfile/*.ts",
  "lib/answers/*.ts",
  "lib/http/*.ts",
  "lib/attack/*.ts",
  "lib/observe/breaker.ts",
  "lib/observe/thresholds.ts",
  "lib/report/verdict.ts",
  "lib/report/capacity.ts",
];

/** The sources in scope, from the repository's root. */
export function sourcesInScope(): string[] {
  return globSync(SCOPE, { cwd: ROOT }).sort();
}

/**
 * Test files that judge a source alone: quick ones that are written for it. Those that send over sockets would take most
 * of the time, and tell little more.
 */
const OWN_JUDGES: Record<string, readonly string[]> = {
  "lib/answers/checks.ts": ["answers/checks", "answers/demands"],
  "lib/answers/classes.ts": ["answers/classes"],
  "lib/answers/expected.ts": ["answers/demands", "attack/answers", "attack/requestBytes", "attack/nodes"],
  "lib/answers/httpClass.ts": ["answers/httpClass"],
  "lib/answers/ids.ts": ["answers/ids"],
  "lib/answers/json.ts": ["answers/json"],
  "lib/answers/jsonrpc.ts": ["answers/jsonrpc", "answers/demands", "attack/nodes"],
  "lib/answers/messageId.ts": ["answers/messageId"],
  "lib/answers/rpcError.ts": ["answers/rpcError"],
  "lib/answers/samples.ts": ["answers/samples"],
  "lib/answers/usualResponse.ts": ["answers/usualResponse"],
  "lib/attack/http1Request.ts": ["attack/http1Request", "attack/requestBytes"],
  "lib/attack/pacer.ts": ["attack/pacer"],
  "lib/attack/recorder.ts": ["attack/recorder"],
  "lib/attack/render.ts": ["attack/render"],
  "lib/attack/requests.ts": ["attack/requestBytes", "attack/render"],
  "lib/guard/addresses.ts": ["guard/addresses"],
  "lib/guard/hostGuard.ts": ["guard/hostGuard", "plan/hosts"],
  "lib/http/chunkLines.ts": ["http/response", "http/responseSeries"],
  "lib/http/decode.ts": ["http/decode"],
  "lib/http/head.ts": ["http/response"],
  "lib/http/response.ts": ["http/response", "http/responseSeries"],
  "lib/observe/thresholds.ts": ["observe/thresholds"],
  "lib/plan/allowance.ts": ["plan/allowance"],
  "lib/plan/assign.ts": ["plan/assign", "plan/recordedSchedule"],
  "lib/plan/hosts.ts": ["plan/hosts"],
  "lib/plan/placeholders.ts": ["plan/placeholders", "attack/render"],
  "lib/plan/profile.ts": ["schedule/schedule", "plan/estimate", "plan/profile"],
  "lib/plan/sloProblems.ts": ["plan/sloProblems"],
  "lib/plan/turns.ts": ["plan/turns"],
  "lib/plan/values.ts": ["attack/render", "plan/requestProblems"],
  "lib/plan/requestTemplate.ts": ["attack/render", "plan/requestProblems"],
  "lib/report/capacity.ts": ["report/capacity", "report/capacityFigures"],
};

/** Folders of tests that judge the sources of a folder. */
const JUDGES: Record<string, readonly string[]> = {
  "lib/guard": ["test/guard", "test/plan", "test/attack"],
  "lib/schedule": ["test/schedule", "test/plan", "test/attack"],
  "lib/plan": ["test/plan", "test/planfile", "test/schedule", "test/attack", "test/fuzz"],
  "lib/planfile": ["test/planfile", "test/plan", "test/fuzz"],
  "lib/answers": ["test/answers", "test/attack", "test/fuzz"],
  "lib/http": ["test/http", "test/attack", "test/fuzz"],
  "lib/attack": ["test/attack", "test/plan", "test/fuzz"],
  "lib/observe": ["test/observe"],
  "lib/report": ["test/report", "test/results"],
};

/** What tests in a browser import: they are slow, and judge pages alone. */
const BROWSER = `${ROOT}test/support/chromium.ts`;

/**
 * The test files that judge a source: those that import it, however far away. Tests of whole runs judge nothing here,
 * for they take seconds each: a score tells at least how much is seen.
 */
export function testsOf(source: string): string[] {
  const own = OWN_JUDGES[source];
  if (own) return own.map((each) => `${ROOT}test/${each}.test.ts`);
  const folders = JUDGES[dirname(source)] ?? [dirname(source).replace(/^lib/, "test")];
  const candidates = folders.flatMap((folder) => globSync(`${folder}/*.test.ts`, { cwd: ROOT }));
  return candidates
    .map((each) => ROOT + each)
    .filter((each) => reaches(each, ROOT + source, new Set()) && !reaches(each, BROWSER, new Set()));
}

function reaches(from: string, to: string, seen: Set<string>): boolean {
  if (from === to) return true;
  if (seen.has(from)) return false;
  seen.add(from);
  return importsOf(from).some((each) => reaches(each, to, seen));
}

const imports = new Map<string, string[]>();

function importsOf(file: string): string[] {
  const known = imports.get(file);
  if (known) return known;
  const text = readFileSync(file, "utf8");
  const found = [...text.matchAll(/(?:from|import\() ?"(\.[^"]+\.ts)"/g)].map(([, path = ""]) =>
    resolve(dirname(file), path),
  );
  imports.set(file, found);
  return found;
}
