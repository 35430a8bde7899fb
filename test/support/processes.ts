import { readdirSync, readFileSync } from "node:fs";

/** A process, and the command line that it was started by. */
export interface Descendant {
  pid: number;
  command: string;
}

/** All processes below one, as /proc tells them now. */
export function descendants(pid: number): Descendant[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    const stat = read(`/proc/${entry}/stat`);
    if (stat === undefined) continue;
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const below = (of: number): number[] => (children.get(of) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid).flatMap((each) => {
    const command = read(`/proc/${each}/cmdline`);
    return command === undefined ? [] : [{ pid: each, command: command.replaceAll("\0", " ").trim() }];
  });
}

/** All processes that have a text in their environment, such as the folder that a run's functions write to. */
export function processesWith(text: string): Descendant[] {
  return readdirSync("/proc")
    .filter((each) => /^\d+$/.test(each) && Number(each) !== process.pid)
    .filter((each) => read(`/proc/${each}/environ`)?.includes(text))
    .map((each) => ({
      pid: Number(each),
      command: (read(`/proc/${each}/cmdline`) ?? "").replaceAll("\0", " ").trim(),
    }));
}

/** A file of /proc; undefined when its process has ended meanwhile. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
