import ipaddr from "ipaddr.js";
import { addressKind, isInBlock, parseAddress } from "./addresses.ts";

/** Which hosts may be contacted. */
export interface HostRules {
  /** Names, `*.example.com`, addresses and blocks such as `10.0.0.0/8`; a name or address may have a port. */
  allowed: readonly string[];
  /** Whether loopback needs no entry. In a deployment, loopback is the Lambda environment or the fleet host itself. */
  loopback: boolean;
}

/** Why a host must not be contacted. */
export interface Refusal {
  /** The class that a request to it gets. */
  code: "forbidden-host" | "forbidden-address";
  /** The host, and its address if the host is a name. */
  found: string;
  expected: string;
}

/** The port of Lambda's runtime API, which hands out other executions' events. */
const RUNTIME_API_PORT = 9_001;

/** The supported schemes and their default ports. */
const USUAL_PORTS: Record<string, number | undefined> = { "http:": 80, "ws:": 80, "https:": 443, "wss:": 443 };

interface Entry {
  /** A host as the URL parser writes it, or the domain of a wildcard. */
  host: string;
  isWildcard: boolean;
  port: number | undefined;
  /** The block that an address or a block entry allows. */
  block: [ipaddr.IPv4 | ipaddr.IPv6, number] | undefined;
}

/**
 * Decides which hosts may be contacted. The same rules apply to a URL before a run, to an origin before a connection,
 * and to each address that a name resolves to.
 */
export class HostGuard {
  readonly #entries: readonly Entry[];
  readonly #loopback: boolean;

  constructor({ allowed, loopback }: HostRules) {
    this.#entries = allowed.map(parseEntry).filter((entry) => entry !== undefined);
    this.#loopback = loopback;
  }

  /** Why the host of an HTTP or WebSocket URL must not be contacted; undefined if it may. Throws if it is not a URL. */
  refusal(url: string): Refusal | undefined {
    const { protocol, hostname, port: written } = new URL(url);
    const usual = USUAL_PORTS[protocol];
    if (usual === undefined) {
      return { code: "forbidden-host", found: `a URL of ${protocol}`, expected: "http, https, ws or wss" };
    }
    const host = withoutDot(hostname);
    const port = Number(written || usual);
    const address = parseAddress(host);
    if (address) return this.#addressRefusal(host, port, address);
    if (host === "localhost") return this.#loopbackRefusal(host, port);
    if (host.endsWith(".localhost")) {
      return { code: "forbidden-host", found: `the host ${host}`, expected: "localhost or a loopback address as such" };
    }
    if (this.#entries.some((entry) => entryFits(entry, host, port))) return undefined;
    return { code: "forbidden-host", found: `the host ${host}`, expected: this.#leave(host) };
  }

  /**
   * Why a name must not resolve to an address, which may have changed since the plan was checked; undefined if it may.
   */
  leadsTo(name: string, address: string): Refusal | undefined {
    const parsed = parseAddress(address);
    const found = `${name}, which leads to ${address}`;
    if (!parsed) return { code: "forbidden-address", found, expected: "an address" };
    const kind = addressKind(parsed);
    if (kind === "public") return undefined;
    if (kind === "loopback" && withoutDot(name.toLowerCase()) === "localhost") return undefined;
    if (kind === "private" && this.#holds(parsed)) return undefined;
    const expected =
      kind === "private"
        ? `a public address, or leave for the private one: "allowedHosts": [..., "${address}"], or a block such as 10.0.0.0/8`
        : "a name that leads to no loopback, link-local or metadata address";
    return { code: "forbidden-address", found, expected };
  }

  #addressRefusal(host: string, port: number, address: ipaddr.IPv4 | ipaddr.IPv6): Refusal | undefined {
    const found = `the host ${host}`;
    switch (addressKind(address)) {
      case "forbidden":
        return {
          code: "forbidden-address",
          found,
          expected: "a host that is not link-local, a metadata service, multicast or 0.0.0.0: these are never a target",
        };
      case "loopback":
        return this.#loopbackRefusal(host, port);
      default:
        if (this.#entries.some((entry) => entryFits(entry, host, port)) || this.#holds(address)) return undefined;
        return { code: "forbidden-host", found, expected: this.#leave(host) };
    }
  }

  #loopbackRefusal(host: string, port: number): Refusal | undefined {
    if (this.#loopback) return undefined;
    const named = this.#entries.some((entry) => entry.port === port && entryFits(entry, host, port));
    if (named && port !== RUNTIME_API_PORT) return undefined;
    const expected = "a host that is not the worker's own machine";
    return { code: "forbidden-address", found: `the host ${host}`, expected };
  }

  /** Whether an address or block entry without a port allows an address. */
  #holds(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
    return this.#entries.some(
      ({ block, port }) => block !== undefined && port === undefined && isInBlock(address, block),
    );
  }

  /** What would allow a host. */
  #leave(host: string): string {
    const bare = host.replace(/^\[|\]$/g, "");
    return this.#loopback
      ? `loopback, or leave to load it: "allowedHosts": ["${bare}"] in the plan, or --allow-host ${bare}`
      : `a host that this deployment allows: ${this.#entries.map(shownEntry).join(", ") || "none is allowed yet (allowedHosts)"}`;
  }
}

/** The default if no hosts are named: loopback only. */
export const LOOPBACK_ALONE = new HostGuard({ allowed: [], loopback: true });

/** Whether a text is a valid entry in a list of allowed hosts. */
export function isHostEntry(text: string): boolean {
  return parseEntry(text) !== undefined;
}

function parseEntry(text: string): Entry | undefined {
  // Names in any script, addresses, a port, a prefix length: nothing that a URL parser or a shell would interpret
  // differently.
  if (!/^[\p{L}\p{N}._\-:[\]*/]+$/u.test(text)) return undefined;
  if (text.includes("/")) {
    if (!ipaddr.isValidCIDR(text)) return undefined;
    return { host: text, isWildcard: false, port: undefined, block: ipaddr.parseCIDR(text) };
  }
  const isWildcard = text.startsWith("*.");
  const rest = isWildcard ? text.slice(2) : text;
  // People write IPv6 addresses without brackets.
  const authority = ipaddr.IPv6.isValid(rest) ? `[${rest}]` : rest;
  if (!URL.canParse(`http://${authority}`)) return undefined;
  const { hostname } = new URL(`http://${authority}`);
  if (rest === "" || hostname.includes("*") || /[{}]/.test(hostname)) return undefined;
  const host = withoutDot(hostname);
  const address = parseAddress(host);
  if (isWildcard && address) return undefined;
  const [, port] = /:(\d+)$/.exec(authority) ?? [];
  return {
    host,
    isWildcard,
    port: port === undefined ? undefined : Number(port),
    block: address && [address, address.kind() === "ipv4" ? 32 : 128],
  };
}

function shownEntry({ host, isWildcard, port }: Entry): string {
  return `${isWildcard ? "*." : ""}${host}${port === undefined ? "" : `:${port}`}`;
}

function entryFits(entry: Entry, host: string, port: number): boolean {
  if (entry.port !== undefined && entry.port !== port) return false;
  return entry.isWildcard ? host.endsWith(`.${entry.host}`) : host === entry.host;
}

/** A trailing dot only marks a name as fully qualified. */
function withoutDot(host: string): string {
  return host.replace(/\.$/, "");
}
