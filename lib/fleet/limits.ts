import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The tuning script, which has the wanted settings of a host. */
export const TUNE_SCRIPT = fileURLToPath(new URL("../../fleet/tune-system-limits.sh", import.meta.url));

/** How long a closed connection holds its port, in s: a constant in Linux. */
const TIME_WAIT_S = 60;

/** The load that a host can carry before it runs out of ports. */
export interface HostCapacity {
  ports: number;
  timeWait: number;
  /** With a new connection for each request: every port is free again after TIME-WAIT. */
  rpsWithoutKeepAlive: number;
  /** With keep-alive: each connection carries one request at a time, so the rate depends on the response time. */
  rpsWithKeepAlive(responseMs: number): number;
  /** Connections needed for a rate: Little's law. */
  connectionsAt(rps: number, responseMs: number): number;
}

/** Computes what this host can carry to one address, from its port range and the sockets in TIME-WAIT now. */
export function hostCapacity(): HostCapacity {
  const [from = 32_768, to = 60_999] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8")
    .trim()
    .split(/\s+/)
    .map(Number);
  const [, waiting] = /tw (\d+)/.exec(readFileSync("/proc/net/sockstat", "utf8")) ?? [];
  const ports = to - from + 1;
  const timeWait = Number(waiting ?? 0);
  return {
    ports,
    timeWait,
    rpsWithoutKeepAlive: Math.floor((ports - timeWait) / TIME_WAIT_S),
    rpsWithKeepAlive: (responseMs) => Math.floor(((ports - timeWait) * 1_000) / responseMs),
    connectionsAt: (rps, responseMs) => Math.ceil((rps * responseMs) / 1_000),
  };
}

/** The tuning script's table, and whether every setting has the wanted value. */
export async function checkLimits(): Promise<{ table: string; isTuned: boolean }> {
  try {
    const { stdout } = await promisify(execFile)("bash", [TUNE_SCRIPT, "--check"]);
    return { table: stdout, isTuned: true };
  } catch (error) {
    const { stdout = "", code } = error as { stdout?: string; code?: number };
    if (code !== 1) throw error;
    return { table: stdout, isTuned: false };
  }
}

/** What a host can carry, as text. */
export function capacityText({
  ports,
  timeWait,
  rpsWithoutKeepAlive,
  rpsWithKeepAlive,
  connectionsAt,
}: HostCapacity): string {
  const count = (value: number): string => value.toLocaleString("en-US");
  return `To one address of a gateway this host has ${count(ports)} ports, ${count(timeWait)} of them in TIME-WAIT now.
  with keep-alive: a port for each request in flight. 500 requests/s at 200 ms are ${connectionsAt(500, 200)} connections, at
    1 s ${connectionsAt(500, 1_000)}; the ports carry ${count(rpsWithKeepAlive(200))} requests/s at 200 ms.
  without: each request leaves its port in TIME-WAIT for ${TIME_WAIT_S} s, so (ports − waiting) ÷ ${TIME_WAIT_S} = ${count(rpsWithoutKeepAlive)} requests/s
    for good (more where net.ipv4.tcp_tw_reuse is 1). Above that: reduce the rate per host or add hosts.
`;
}
