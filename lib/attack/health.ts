import { readFileSync } from "node:fs";
import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import type { Health, TcpHealth } from "./chunk.ts";
import type { Clock } from "./clock.ts";

/** How often the event loop's delay is looked at, in ms. */
const DELAY_RESOLUTION_MS = 20;

/** What the meter reads of the sender. */
interface Meters {
  readonly inFlight: number;
  readonly connections: number;
  readonly opened: number;
}

/** Measures how the generator itself fares: its CPU, event loop, garbage collection, memory, and the host's sockets. */
export class HealthMeter {
  readonly #clock: Clock;
  readonly #meters: Meters;
  readonly #startAtMs: number;
  readonly #delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  readonly #collections: PerformanceObserver;
  #gcMs = 0;
  #gcMaxMs = 0;
  #cpu = process.cpuUsage();
  #loop = performance.eventLoopUtilization();
  #takenAtMs: number;
  #opened = 0;
  #retransmits = retransmits();

  /** `startAtMs` is the run's start instant, which health is dated from. */
  constructor(clock: Clock, meters: Meters, startAtMs: number) {
    this.#clock = clock;
    this.#meters = meters;
    this.#startAtMs = startAtMs;
    this.#takenAtMs = clock.nowMs();
    this.#delay.enable();
    this.#collections = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        this.#gcMs += duration;
        this.#gcMaxMs = Math.max(this.#gcMaxMs, duration);
      }
    });
    this.#collections.observe({ entryTypes: ["gc"] });
  }

  /** What was since the last call, or since the start. */
  take(): Health {
    const nowMs = this.#clock.nowMs();
    const wallMs = Math.max(1, nowMs - this.#takenAtMs);
    const cpu = process.cpuUsage(this.#cpu);
    const loop = performance.eventLoopUtilization(this.#loop);
    const { inFlight, connections, opened } = this.#meters;
    const sent = retransmits();
    const tcp = tcpHealth(sent - this.#retransmits);
    const health: Health = {
      atMs: Math.round(nowMs - this.#startAtMs),
      cpu: round((cpu.user + cpu.system) / 1_000 / wallMs, 3),
      eventLoop: round(loop.utilization, 3),
      // The monitor's own interval is in what it measures.
      eventLoopDelayMs: round(Math.max(0, this.#delay.percentile(99) / 1e6 - DELAY_RESOLUTION_MS), 3),
      gcMaxMs: round(this.#gcMaxMs, 3),
      gcMs: round(this.#gcMs, 3),
      residentMb: round(process.memoryUsage.rss() / 2 ** 20, 1),
      inFlight,
      connections,
      opened: opened - this.#opened,
      ...(tcp && { tcp }),
    };
    this.#takenAtMs = nowMs;
    this.#cpu = process.cpuUsage();
    this.#loop = performance.eventLoopUtilization();
    this.#delay.reset();
    this.#gcMs = 0;
    this.#gcMaxMs = 0;
    this.#opened = opened;
    this.#retransmits = sent;
    return health;
  }

  close(): void {
    this.#delay.disable();
    this.#collections.disconnect();
  }
}

/** The host's TCP as /proc tells it for this network namespace, or undefined where there is no /proc. */
export function tcpHealth(retransmitted: number): TcpHealth | undefined {
  const sockets = read("/proc/net/sockstat");
  const snmp = read("/proc/net/snmp");
  const [, from = "32768", to = "60999"] = /^(\d+)\s+(\d+)/.exec(read("/proc/sys/net/ipv4/ip_local_port_range")) ?? [];
  const [, inUse, timeWait] = /^TCP: inuse (\d+) .*?tw (\d+)/m.exec(sockets) ?? [];
  if (inUse === undefined || timeWait === undefined) return undefined;
  const ports = Number(to) - Number(from) + 1;
  return {
    established: snmpValue(snmp, "CurrEstab"),
    timeWait: Number(timeWait),
    // A port is counted once for each address that it speaks to, so that this is the least that is left.
    portsLeft: Math.max(0, ports - Number(inUse) - Number(timeWait)),
    retransmits: retransmitted,
  };
}

function retransmits(): number {
  return snmpValue(read("/proc/net/snmp"), "RetransSegs");
}

/** A value of /proc/net/snmp's two lines for TCP: names, and values below them. */
function snmpValue(snmp: string, name: string): number {
  const [names, values] = snmp.split("\n").filter((line) => line.startsWith("Tcp:"));
  const index = names?.split(" ").indexOf(name) ?? -1;
  return index === -1 ? 0 : Number(values?.split(" ")[index] ?? 0);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function round(value: number, digits: number): number {
  return Number.isFinite(value) ? Number(value.toFixed(digits)) : 0;
}
