import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { instrument, type Mutant } from "./instrument.ts";
import type { Order, Reply, TriedTest } from "./process.ts";

const HOOKS = new URL("./hooks.ts", import.meta.url).href;
const PROCESS = fileURLToPath(new URL("./process.ts", import.meta.url));

/**
 * Tests judge a mutant one after another, those of the source's own test file first and then the quickest, up to this
 * sum of what they take without a mutant: one that survives has been through all of them. What a file does while it is
 * loaded takes a process for each of its mutants, and any test may see it.
 */
const MAX_MS = { reaching: 5_000, any: 1_000 };

/** What became of a mutant. */
export interface Judged {
  mutant: Mutant;
  /** `killed` by a test that fails; `timeout` when tests no longer end; both tell that tests see the change. */
  outcome: "killed" | "timeout" | "survived" | "not-reached";
  killedBy?: string;
}

export interface JudgeOptions {
  /** Mutants judged at once. */
  parallel: number;
  /** Which mutants to judge; all where not given. */
  only?(mutant: Mutant): boolean;
  onJudged?(judged: Judged): void;
  /** A test fails without a mutant. */
  onLeftOut?(test: TriedTest): void;
}

/**
 * Judges the mutants of a source by test files. A test that fails without a mutant tells nothing and judges none, such as
 * one of times on a busy machine. Throws when no test is left.
 */
export async function judge(file: string, testFiles: readonly string[], options: JudgeOptions): Promise<Judged[]> {
  const { source, mutants } = await instrument(file);
  const folder = mkdtempSync(join(tmpdir(), "volley-mutants-"));
  const instrumented = join(folder, "instrumented.ts");
  writeFileSync(instrumented, source);
  const subject = { file, instrumented, testFiles };
  try {
    const first = await TestProcess.start(subject);
    const tried = await first.order({ do: "try" }, 600_000);
    first.end();
    if (tried?.done !== "try") throw new Error(`the tests of ${file} do not end without a mutant`);
    for (const each of tried.tests) if (each.failure) options.onLeftOut?.(each);
    if (tried.tests.every((each) => each.failure)) throw new Error(`all tests of ${file} fail without a mutant`);
    const queue = mutants.filter(options.only ?? (() => true));
    const judged: Judged[] = [];
    const judgeQueue = async () => {
      const judging = new Judging(subject, tried.tests, new Set(tried.atLoad));
      for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
        const result = await judging.judge(mutant);
        judged.push(result);
        options.onJudged?.(result);
      }
      judging.end();
    };
    await Promise.all(Array.from({ length: options.parallel }, judgeQueue));
    return judged.sort((a, b) => Number(a.mutant.id) - Number(b.mutant.id));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A source, what it is replaced by, and the test files that judge it. */
interface Subject {
  file: string;
  instrumented: string;
  testFiles: readonly string[];
}

/** Judges one mutant after another, in one process as long as it answers. */
class Judging {
  readonly #subject: Subject;
  readonly #tests: readonly TriedTest[];
  readonly #atLoad: ReadonlySet<string>;
  #process: TestProcess | undefined;

  constructor(subject: Subject, tests: readonly TriedTest[], atLoad: ReadonlySet<string>) {
    this.#subject = subject;
    this.#tests = tests;
    this.#atLoad = atLoad;
  }

  async judge(mutant: Mutant): Promise<Judged> {
    const reaching = this.#reaching(mutant);
    const byTests = reaching.length > 0 ? await this.#run(mutant, reaching, false) : undefined;
    if (byTests && byTests.outcome !== "survived") return byTests;
    // What a file does while it is loaded is done once in a process: its mutants need one each.
    if (this.#atLoad.has(mutant.id)) return this.#run(mutant, this.#within(MAX_MS.any), true);
    return byTests ?? { mutant, outcome: "not-reached" };
  }

  end(): void {
    this.#process?.end();
  }

  /** The places of the tests that reach a mutant. */
  #reaching({ id }: Mutant): number[] {
    return this.#within(MAX_MS.reaching, (place) => id in (this.#tests[place]?.reached ?? {}));
  }

  /** The places of tests, in their order, that take a time together. */
  #within(mostMs: number, wanted: (place: number) => boolean = () => true): number[] {
    const own = `/${basename(this.#subject.file, ".ts")}.test.ts`;
    const rank = (place: number) => (this.#tests[place]?.file.endsWith(own) ? 0 : 1e9) + this.#tookMs(place);
    const passes = (place: number) => this.#tests[place]?.failure === undefined;
    const places = [...this.#tests.keys()]
      .filter((place) => passes(place) && wanted(place))
      .sort((a, b) => rank(a) - rank(b));
    let sumMs = 0;
    return places.filter((place) => {
      const fits = sumMs + this.#tookMs(place) <= mostMs;
      if (fits) sumMs += this.#tookMs(place);
      return fits;
    });
  }

  #tookMs(place: number): number {
    return this.#tests[place]?.tookMs ?? 0;
  }

  async #run(mutant: Mutant, tests: number[], fromLoad: boolean): Promise<Judged> {
    const usualMs = tests.reduce((sum, place) => sum + this.#tookMs(place), 0);
    const usualHits = tests.reduce((sum, place) => sum + (this.#tests[place]?.reached[mutant.id] ?? 0), 0);
    const order: Order = { do: "mutant", id: mutant.id, tests, hits: 10_000 + 100 * usualHits };
    const timeoutMs = 10_000 + 3 * usualMs;
    if (fromLoad) {
      const own = await TestProcess.start(this.#subject, mutant.id).catch(() => undefined);
      if (!own) return { mutant, outcome: "killed", killedBy: "the tests cannot be loaded" };
      const reply = await own.order(order, timeoutMs);
      own.end();
      return this.#judged(mutant, reply);
    }
    this.#process ??= await TestProcess.start(this.#subject);
    const reply = await this.#process.order(order, timeoutMs);
    if (!reply) {
      this.#process.end();
      this.#process = undefined;
    }
    return this.#judged(mutant, reply);
  }

  #judged(mutant: Mutant, reply: Reply | undefined): Judged {
    if (reply?.done !== "mutant") return { mutant, outcome: "timeout" };
    if (reply.killedBy === null) return { mutant, outcome: "survived" };
    return { mutant, outcome: "killed", killedBy: this.#tests[reply.killedBy]?.name ?? "" };
  }
}

/** The parent's side of `process.ts`. */
class TestProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts one and loads its tests; with a mutant that is there from the start, if given. Throws when they don't load. */
  static async start({ file, instrumented, testFiles }: Subject, mutant?: string): Promise<TestProcess> {
    const child = fork(PROCESS, [...testFiles], {
      // A group of its own, so that what a test started ends with it.
      detached: true,
      execArgv: ["--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      env: {
        ...process.env,
        NODE_OPTIONS: `--import ${HOOKS}`,
        VOLLEY_MUTANTS_FILE: file,
        VOLLEY_MUTANTS_SOURCE: instrumented,
        ...(mutant !== undefined && { __STRYKER_ACTIVE_MUTANT__: mutant }),
      },
    });
    const started = new TestProcess(child);
    if ((await started.#reply(60_000))?.done === "loaded") return started;
    started.end();
    throw new Error(`the tests of ${file} cannot be loaded: ${testFiles.join(" ")}`);
  }

  /** Gives an order; undefined when there is no reply in time. */
  order(order: Order, timeoutMs: number): Promise<Reply | undefined> {
    const reply = this.#reply(timeoutMs);
    this.#child.send(order, () => {});
    return reply;
  }

  end(): void {
    try {
      process.kill(-(this.#child.pid as number), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }

  async #reply(timeoutMs: number): Promise<Reply | undefined> {
    const waiting = new AbortController();
    const { signal } = waiting;
    const timer = setTimeout(() => waiting.abort(), timeoutMs);
    const never = () => undefined;
    const message = once(this.#child, "message", { signal }).then(([reply]) => reply as Reply, never);
    const exit = once(this.#child, "exit", { signal }).then(() => undefined, never);
    try {
      return await Promise.race([message, exit]);
    } finally {
      clearTimeout(timer);
      waiting.abort();
    }
  }
}
