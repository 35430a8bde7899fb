import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import type { Health, TcpHealth } from "../results/chunk.ts";
import type { Clock } from "../store/clock.ts";
import { ProcFile } from "./procFile.ts";

/** Sampling interval of the event loop delay, in ms. */
const DELAY_RESOLUTION_MS = 20;

/** The sender's counters that the meter reads. */
interface Meters {
  readonly inFlight: number;
  readonly connections: number;
  readonly opened: number;
}

/** Measures the load generator's own health: CPU, event loop, garbage collection, memory, and the host's sockets. */
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
  readonly #memory = new ProcFile("/proc/self/status");
  readonly #tcp = new TcpMeter();
  readonly #machine = process.env.AWS_LAMBDA_FUNCTION_NAME === undefined ? new MachineMeter() : undefined;

  /** `startAtMs` is the run's start instant; health timestamps are relative to it. */
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

  /** The health since the last call, or since the start. */
  take(): Health {
    const nowMs = this.#clock.nowMs();
    const wallMs = Math.max(1, nowMs - this.#takenAtMs);
    const cpu = process.cpuUsage(this.#cpu);
    const loop = performance.eventLoopUtilization(this.#loop);
    const { inFlight, connections, opened } = this.#meters;
    const tcp = this.#tcp.take();
    const machineCpu = this.#machine?.take();
    const health: Health = {
      atMs: Math.round(nowMs - this.#startAtMs),
      cpu: round((cpu.user + cpu.system) / 1_000 / wallMs, 3),
      eventLoop: round(loop.utilization, 3),
      // The measured delay includes the monitor's own interval.
      eventLoopDelayMs: round(Math.max(0, this.#delay.percentile(99) / 1e6 - DELAY_RESOLUTION_MS), 3),
      gcMaxMs: round(this.#gcMaxMs, 3),
      gcMs: round(this.#gcMs, 3),
      residentMb: round(residentBytes(this.#memory.read()) / 2 ** 20, 1),
      inFlight,
      connections,
      opened: opened - this.#opened,
      ...(machineCpu !== undefined && { machineCpu }),
      ...(tcp && { tcp }),
    };
    this.#takenAtMs = nowMs;
    this.#cpu = process.cpuUsage();
    this.#loop = performance.eventLoopUtilization();
    this.#delay.reset();
    this.#gcMs = 0;
    this.#gcMaxMs = 0;
    this.#opened = opened;
    return health;
  }

  close(): void {
    this.#delay.disable();
    this.#collections.disconnect();
    this.#memory.close();
    this.#tcp.close();
    this.#machine?.close();
  }
}

/** Reads the CPU usage of all processes on the machine from /proc/stat (proc(5): idle and iowait are not usage). */
class MachineMeter {
  readonly #stat = new ProcFile("/proc/stat");
  #before = this.#ticks();

  #ticks(): { idle: number; all: number } | undefined {
    const [, text] = /^cpu +(.*)$/m.exec(this.#stat.read()) ?? [];
    if (text === undefined) return undefined;
    // The guest time that follows is already included in user time.
    const ticks = text.split(" ").slice(0, 8).map(Number);
    return { idle: (ticks[3] ?? 0) + (ticks[4] ?? 0), all: ticks.reduce((sum, each) => sum + each, 0) };
  }

  /** The share of all cores in use since the last call; undefined if /proc does not provide it. */
  take(): number | undefined {
    const now = this.#ticks();
    const before = this.#before;
    this.#before = now;
    if (!now || !before || now.all <= before.all) return undefined;
    return round(1 - (now.idle - before.idle) / (now.all - before.all), 3);
  }

  close(): void {
    this.#stat.close();
  }
}

/**
 * Resident memory, from the text of /proc/self/status. Node's own function opens a file, and throws if no file
 * descriptor is left.
 */
function residentBytes(status: string): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(status) ?? [];
  return kib === undefined ? process.memoryUsage().heapTotal : Number(kib) * 1_024;
}

/** Reads the host's TCP state from /proc, for this network namespace. */
class TcpMeter {
  readonly #sockets = new ProcFile("/proc/net/sockstat");
  readonly #snmp = new ProcFile("/proc/net/snmp");
  readonly #range = new ProcFile("/proc/sys/net/ipv4/ip_local_port_range");
  #retransmits = this.#sent();

  #sent(): number {
    return snmpValue(this.#snmp.read(), "RetransSegs");
  }

  /** The current state, with the segments retransmitted since the last call; undefined without /proc. */
  take(): TcpHealth | undefined {
    const sent = this.#sent();
    const retransmits = sent - this.#retransmits;
    this.#retransmits = sent;
    const [, from = "32768", to = "60999"] = /^(\d+)\s+(\d+)/.exec(this.#range.read()) ?? [];
    const [, inUse, timeWait] = /^TCP: inuse (\d+) .*?tw (\d+)/m.exec(this.#sockets.read()) ?? [];
    if (inUse === undefined || timeWait === undefined) return undefined;
    const ports = Number(to) - Number(from) + 1;
    return {
      established: snmpValue(this.#snmp.read(), "CurrEstab"),
      timeWait: Number(timeWait),
      // A port is counted once for each remote address, so this is a lower bound.
      portsLeft: Math.max(0, ports - Number(inUse) - Number(timeWait)),
      retransmits,
    };
  }

  close(): void {
    for (const file of [this.#sockets, this.#snmp, this.#range]) file.close();
  }
}

/** A value from the two TCP lines of /proc/net/snmp: names, and values below them. */
function snmpValue(snmp: string, name: string): number {
  const [names, values] = snmp.split("\n").filter((line) => line.startsWith("Tcp:"));
  const index = names?.split(" ").indexOf(name) ?? -1;
  return index === -1 ? 0 : Number(values?.split(" ")[index] ?? 0);
}

function round(value: number, digits: number): number {
  return Number.isFinite(value) ? Number(value.toFixed(digits)) : 0;
}
