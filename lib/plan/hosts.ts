import { HostGuard } from "../guard/hostGuard.ts";
import { parseTemplate, SECRET_REFERENCE } from "./placeholders.ts";
import { jsonPath, type Problem, show } from "./problems.ts";
import type { Chain, Plan, Row } from "./schema.ts";
import { addressesOf } from "./subscriptions.ts";

/** Hosts that a deployment allows, whatever a plan says: exact names, `*.example.com`, addresses, blocks. */
export interface DeployedHosts {
  /** Hosts that may be loaded. */
  allowedHosts: readonly string[];
  /** Further hosts that may be read: metrics and logs. */
  observeHosts?: readonly string[];
}

/** The guard for a plan's targets. In a deployment, only the deployment's list counts. */
export function targetGuard(plan: Pick<Plan, "allowedHosts">, deployed?: DeployedHosts): HostGuard {
  const { allowedHosts } = deployed ?? plan;
  return new HostGuard({ allowed: allowedHosts, loopback: deployed === undefined });
}

/** The guard for the URLs of metrics and logs: they may carry secrets. */
export function observeGuard(plan: Pick<Plan, "allowedHosts" | "observeHosts">, deployed?: DeployedHosts): HostGuard {
  const { allowedHosts, observeHosts = [] } = deployed ?? plan;
  return new HostGuard({ allowed: [...allowedHosts, ...observeHosts], loopback: deployed === undefined });
}

/** Whether a URL's host is this machine itself: `localhost` or a loopback address. */
export function isLoopback(host: string): boolean {
  return new HostGuard({ allowed: [], loopback: true }).refusal(`http://${host}/`) === undefined;
}

/** The scheme of a URL's text, and its user, host and port. */
const AUTHORITY = /^(?:https?|wss?):\/\/([^/?#\\]+)/i;

/** What a data field may put into a URL's host: characters that need no escape there. */
const HOST_PART = /^[A-Za-z0-9._-]*$/;

/** The rest of a URL's text after its scheme, host and port. */
export function afterAuthority(url: string): string {
  return url.replace(AUTHORITY, "");
}

/** The origins that a URL is sent to once its text is filled in from each row of data. */
export function originsOf(url: string, rows: Iterable<Row> = []): string[] {
  return [...new Set(renderedAuthorities(url, rows))].flatMap((text) =>
    URL.canParse(text) ? new URL(text).origin : [],
  );
}

function* renderedAuthorities(url: string, rows: Iterable<Row>): Generator<string> {
  const [prefix = ""] = AUTHORITY.exec(url) ?? [];
  const { pieces } = parseTemplate(prefix);
  if (!pieces.some((piece) => typeof piece !== "string")) {
    yield prefix;
    return;
  }
  for (const row of rows) {
    yield pieces
      .map((piece) => (typeof piece === "string" ? piece : piece.kind === "data" ? (row[piece.field] ?? "") : ""))
      .join("");
  }
}

/**
 * A problem for each host that the plan would load or read without permission, once its URLs are filled in. A host may
 * contain data fields, but nothing else that is generated for each request.
 */
export function hostProblems(plan: Plan, deployed?: DeployedHosts): Problem[] {
  const problems = new Map<string, Problem>();
  const guard = targetGuard(plan, deployed);
  for (const [index, chain] of plan.chains.entries()) {
    const where = jsonPath(["chains", index, "targets"]);
    // A recorded log repeats the same URLs.
    for (const url of new Set(addressesOf(chain).map((address) => address.url))) {
      for (const problem of [...hostTextProblems(url, chain), ...refusals(url, chain.data ?? [], guard)]) {
        const key = `${problem.found} ${problem.expected}`;
        if (!problems.has(key)) problems.set(key, { where, ...problem });
      }
    }
  }
  return [...problems.values(), ...observedProblems(plan, deployed)];
}

function refusals(url: string, rows: Iterable<Row>, guard: HostGuard): Omit<Problem, "where">[] {
  return originsOf(url, rows).flatMap((origin) => {
    const refusal = guard.refusal(origin);
    return refusal ? [{ found: refusal.found, expected: refusal.expected }] : [];
  });
}

/** What a URL's host must not contain, whatever it is filled in with. */
function hostTextProblems(url: string, { data = [] }: Chain): Omit<Problem, "where">[] {
  const [prefix = "", authority = ""] = AUTHORITY.exec(url) ?? [];
  const problems: Omit<Problem, "where">[] = [];
  const secret = url.matchAll(SECRET_REFERENCE).find(({ index }) => index < prefix.length);
  if (secret) problems.push({ found: `${secret[0]} in a URL's host`, expected: "secrets after the host alone" });
  for (const piece of parseTemplate(authority).pieces) {
    if (typeof piece === "string") continue;
    if (piece.kind !== "data") {
      const expected = "a host that is known before the run: text, or a data field";
      problems.push({ found: `the host ${show(authority)}`, expected });
      continue;
    }
    const bad = Iterator.from(data)
      .map((row, index) => ({ value: row[piece.field] ?? "", number: index + 1 }))
      .find(({ value }) => !HOST_PART.test(value));
    if (!bad) continue;
    const found = `${show(bad.value)} in row ${bad.number} of the data, in a URL's host`;
    problems.push({ found, expected: "a part of a host name: letters, digits, dots, dashes" });
  }
  const broken = [...new Set(renderedAuthorities(url, data))].find((text) => !URL.canParse(text));
  if (problems.length === 0 && broken !== undefined) {
    problems.push({ found: `the host ${show(broken)}`, expected: "a host name or an address" });
  }
  return problems;
}

function observedProblems(plan: Plan, deployed?: DeployedHosts): Problem[] {
  const guard = observeGuard(plan, deployed);
  const { endpoints, logs } = plan.observe;
  const read = [
    ...endpoints.map(({ url }, index) => ({ url, at: ["endpoints", index] })),
    ...logs.flatMap((log, index) => ("url" in log ? [{ url: log.url, at: ["logs", index] }] : [])),
  ];
  return read.flatMap(({ url, at }): Problem[] => {
    const refusal = guard.refusal(url);
    if (!refusal) return [];
    const expected = refusal.expected.replaceAll("allowedHosts", "observeHosts");
    return [{ where: jsonPath(["observe", ...at, "url"]), found: refusal.found, expected }];
  });
}
