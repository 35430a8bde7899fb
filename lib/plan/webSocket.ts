import { formatDuration } from "./duration.ts";
import { isWebSocketUrl } from "./httpUrl.ts";
import { parseTemplate } from "./placeholders.ts";
import { jsonPath, type Problem, show } from "./problems.ts";
import type { Chain, Plan, Target } from "./schema.ts";

type Found = Omit<Problem, "where">;

/** Whether a chain has a target that is called over a WebSocket. */
export function usesWebSocket({ targets }: Pick<Chain, "targets">): boolean {
  return targets.some(({ url }) => isWebSocketUrl(url));
}

/**
 * What is wrong with a plan's calls and subscriptions over WebSockets; a mistake that many targets of a chain share is
 * reported once.
 */
export function webSocketProblems(plan: Plan): Problem[] {
  return plan.chains.flatMap((chain, index) => {
    const targets = chain.targets.filter(({ url }) => isWebSocketUrl(url));
    const subscribed = subscriptionProblems(chain, index, plan);
    if (targets.length === 0) return subscribed;
    const where = jsonPath(["chains", index, "targets"]);
    const found = new Map<string, Found>();
    for (const each of [...transportProblems(plan), ...targets.flatMap(targetProblems)]) {
      found.set(`${each.found}\n${each.expected}`, each);
    }
    return [...[...found.values()].map((each) => ({ where, ...each })), ...subscribed];
  });
}

function transportProblems({ keepalive, gateway }: Plan): Found[] {
  const problems: Found[] = [];
  if (!keepalive) {
    const expected = '"keepalive": true: a WebSocket carries many calls';
    problems.push({ found: 'a WebSocket with "keepalive": false', expected });
  }
  if (gateway) {
    problems.push({ found: "a WebSocket", expected: "http targets: the stand-in gateway speaks no WebSocket" });
  }
  return problems;
}

function subscriptionProblems({ subscriptions = [] }: Chain, chain: number, plan: Plan): Problem[] {
  const { gateway, durationMs, profile } = plan;
  if (profile.type === "search" && profile.over === "subscribers" && subscriptions.length === 0) {
    const expected = 'subscriptions in every chain, with "over": "subscribers"';
    return [{ where: jsonPath(["chains", chain]), found: "no subscriptions", expected }];
  }
  return subscriptions.flatMap(({ to, filter, headers, rampMs }, index): Problem[] => {
    const where = jsonPath(["chains", chain, "subscriptions", index]);
    const problems: Problem[] = [];
    if (gateway)
      problems.push({ where, found: "subscribers", expected: "none: the stand-in gateway speaks no WebSocket" });
    if (rampMs >= durationMs) {
      const expected = `less than the duration of ${formatDuration(durationMs)}: a longer one, or a "ramp" of less`;
      problems.push({ where, found: `subscribers that connect over ${formatDuration(rampMs)}`, expected });
    }
    if (filter && to !== "logs")
      problems.push({ where, found: `a filter of ${to}`, expected: "a filter of logs alone" });
    if (headers.some(([, value]) => placeholders(value).length > 0))
      problems.push({ where, found: "a placeholder in a header", expected: "text, or a reference to a secret" });
    return problems;
  });
}

function targetProblems({ url, headers, body, expect }: Target): Found[] {
  const problems: Found[] = [];
  const isCall = body !== undefined && placeholders(body).includes("id");
  if (!isCall || expect === "http") {
    const expected = "a JSON-RPC call with an id, which its response carries";
    problems.push({ found: `the body ${show(body)} over a WebSocket`, expected });
  }
  for (const text of [url, ...headers.map(([, value]) => value)]) {
    if (placeholders(text).length === 0) continue;
    const expected = "text, or a reference to a secret: the URL and the headers are sent once, with the handshake";
    problems.push({ found: `a placeholder in ${show(text)} of a WebSocket`, expected });
  }
  return problems;
}

/** The kinds of a text's placeholders. */
function placeholders(text: string): string[] {
  return parseTemplate(text).pieces.flatMap((piece) => (typeof piece === "string" ? [] : [piece.kind]));
}
