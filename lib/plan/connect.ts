import { existsSync } from "node:fs";
import { resolve as resolvePath } from "node:path";
import { type DeployedHosts, targetGuard } from "./hosts.ts";
import { SECRET_VALUE } from "./placeholders.ts";
import type { Problem } from "./problems.ts";
import type { Plan } from "./schema.ts";

/** A host, with a port if it has one. */
export interface Endpoint {
  host: string;
  port?: number;
}

/** Parses `host`, `host:port`, `[v6]` or `[v6]:port`; undefined if it is none of these. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const [, v6, name, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/?#@[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = v6 ?? name;
  if (host === undefined) return undefined;
  if (port === undefined) return { host };
  return Number(port) >= 1 && Number(port) <= 65_535 ? { host, port: Number(port) } : undefined;
}

/** Where connections to a host and port go: there, or where the plan's `resolve` sends them. */
export function destinationOf(host: string, port: number, resolve: Plan["resolve"]): Required<Endpoint> {
  const bare = host.replace(/^\[|\]$/g, "");
  const written = bare.includes(":") ? `[${bare}]` : bare;
  const to = resolve?.[`${written}:${port}`] ?? resolve?.[written];
  const endpoint = to === undefined ? undefined : parseEndpoint(to);
  return { host: endpoint?.host ?? bare, port: endpoint?.port ?? port };
}

/** The fields of `tls` that name a file, or a secret. */
const TLS_FILES = ["ca", "cert", "key"] as const;

/** Makes the files that the plan's `tls` names absolute. */
export function absoluteTls(tls: NonNullable<Plan["tls"]>, folder: string): NonNullable<Plan["tls"]> {
  const absolute = { ...tls };
  for (const field of TLS_FILES) {
    const value = tls[field];
    if (value !== undefined && !SECRET_VALUE.test(value)) absolute[field] = resolvePath(folder, value);
  }
  return absolute;
}

/**
 * What is wrong with how the plan connects: invalid endpoints, hosts that may not be loaded, missing files. In a
 * deployment, a plan can name neither files nor sockets.
 */
export function connectProblems(plan: Plan, deployed?: DeployedHosts): Problem[] {
  const problems: Problem[] = [];
  const guard = targetGuard(plan, deployed);
  for (const [from, to] of Object.entries(plan.resolve ?? {})) {
    const where = `$.resolve[${JSON.stringify(from)}]`;
    const expected = 'a host as in a URL, with or without a port, such as "gw.example.com:443": "127.0.0.1:8443"';
    const endpoint = parseEndpoint(to);
    if (!parseEndpoint(from) || !endpoint) {
      problems.push({ where, found: `${from}: ${to}`, expected });
      continue;
    }
    const refusal = guard.refusal(urlOf(endpoint));
    if (refusal) problems.push({ where, found: refusal.found, expected: refusal.expected });
  }
  for (const field of TLS_FILES) {
    const value = plan.tls?.[field];
    if (value === undefined || SECRET_VALUE.test(value)) continue;
    const where = `$.tls.${field}`;
    if (deployed) problems.push({ where, found: "a file", expected: "a reference to a secret: secret://… or ssm://…" });
    else if (!existsSync(value)) problems.push({ where, found: `no file ${value}`, expected: "a file in PEM format" });
  }
  if ((plan.tls?.cert === undefined) !== (plan.tls?.key === undefined))
    problems.push({ where: "$.tls", found: "one of cert and key", expected: "both, or none" });
  if (plan.unixSocket !== undefined && deployed)
    problems.push({ where: "$.unixSocket", found: "a unix socket", expected: "none: a deployment loads other hosts" });
  return problems;
}

/** An endpoint as the URL that is checked against the lists of hosts. */
export function urlOf({ host, port = 80 }: Endpoint): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}/`;
}
