import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { descendants } from "../test/support/processes.ts";

/** A program's path: on the PATH, in a folder where its package manager puts it, or in Debian's for administrators. */
export function which(program: string, folders: readonly string[]): string | undefined {
  const places = [...(process.env.PATH ?? "").split(":"), ...folders, "/usr/sbin"];
  return places.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/** Does work in a new folder, which is removed when the work has ended. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "volley-bench-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a program printed, and what it used. */
export interface Ran {
  stdout: string;
  cpuMs: number;
  memoryMb: number;
}

/** How often a program's memory is looked at, in ms. */
const LOOK_MS = 50;

/** Runs a program pinned to a core, in a cgroup if one is named. Rejects with what it said if it fails. */
export async function run(args: readonly string[], core: number, cgroup?: string): Promise<Ran> {
  const enter = cgroup ? `echo $$ > ${cgroup}/tasks; ` : "";
  // The shell waits for the program, and tells the CPU time that it took.
  const script = `${enter}TIMEFORMAT='cpu %3U %3S'; time taskset -c ${core} "$@"`;
  const child = spawn("bash", ["-c", script, "bash", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-20_000);
  });
  let memoryMb = 0;
  const look = setInterval(() => {
    memoryMb = Math.max(memoryMb, ...descendants(child.pid ?? 0).map(({ pid }) => peakMb(pid)));
  }, LOOK_MS);
  const code = await new Promise<number | null>((done) => child.once("close", done));
  clearInterval(look);
  const [, user = "0", system = "0"] = /cpu ([\d.]+) ([\d.]+)\s*$/.exec(stderr) ?? [];
  if (code !== 0 && stdout === "") throw new Error(`${args.join(" ")} ended with ${code}: ${stderr}`);
  return { stdout, cpuMs: (Number(user) + Number(system)) * 1_000, memoryMb };
}

function peakMb(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
}

/** A cgroup whose processes get a share of one core in each period, or undefined where none can be made. */
export function shareOfCpu(share: number, periodUs = 100_000): string | undefined {
  const folder = `/sys/fs/cgroup/cpu/volley-bench-${process.pid}`;
  try {
    mkdirSync(folder);
    writeFileSync(`${folder}/cpu.cfs_period_us`, String(periodUs));
    writeFileSync(`${folder}/cpu.cfs_quota_us`, String(Math.round(periodUs * share)));
    return folder;
  } catch {
    return undefined;
  }
}
