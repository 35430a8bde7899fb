import { type CollectedTest, collectTests } from "./tests.ts";

/**
 * A process that loads test files once and runs their tests for one mutant after another. Its parent sends `Order`s and
 * gets a `Reply` for each. Files are in `process.argv`.
 */
export type Order =
  /** Run every test without a mutant: which pass, how long they take, which mutants they reach. */
  | { do: "try" }
  /** Run tests, by their places, until one fails. */
  | { do: "mutant"; id: string; tests: number[]; hits: number };

export type Reply =
  | { done: "loaded" }
  | { done: "try"; tests: TriedTest[]; atLoad: string[] }
  /** The test that failed, by its place; null where the mutant survived. */
  | { done: "mutant"; killedBy: number | null };

export interface TriedTest {
  file: string;
  name: string;
  tookMs: number;
  /** What the failure said, of a test that fails without a mutant. */
  failure?: string;
  /** By mutant: how often its place was reached. */
  reached: Record<string, number>;
}

/** What Stryker's instrumented sources read and write. */
interface Switch {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  mutantCoverage?: { static: Record<string, number>; perTest: Record<string, Record<string, number>> };
  /** From so many hits on a place throws: an endless loop ends. */
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
}

const shared = globalThis as unknown as { __stryker__?: Switch };
shared.__stryker__ ??= {};
const stryker: Switch = shared.__stryker__;
let stray: Error | undefined;
process.on("uncaughtException", (error) => {
  stray = error;
});
process.on("unhandledRejection", (error) => {
  stray = error as Error;
});

const tests: CollectedTest[] = [];
for (const file of process.argv.slice(2)) tests.push(...(await collectTests(file)));
const atLoad = Object.keys(stryker.mutantCoverage?.static ?? {});
reply({ done: "loaded" });

process.on("message", async (order: Order) => {
  if (order.do === "try") reply({ done: "try", tests: await tryAll(), atLoad });
  else reply({ done: "mutant", killedBy: await runMutant(order) });
});

async function tryAll(): Promise<TriedTest[]> {
  const tried: TriedTest[] = [];
  for (const [place, { file, name }] of tests.entries()) {
    stryker.currentTestId = String(place);
    const beganMs = performance.now();
    const failure = await failureOf(place);
    const tookMs = performance.now() - beganMs;
    const reached = stryker.mutantCoverage?.perTest[place] ?? {};
    tried.push({ file, name, tookMs, ...(failure && { failure: failure.message }), reached });
  }
  stryker.currentTestId = undefined;
  return tried;
}

async function runMutant({ id, tests: places, hits }: Order & { do: "mutant" }): Promise<number | null> {
  Object.assign(stryker, { activeMutant: id, hitCount: 0, hitLimit: hits });
  process.env.__STRYKER_ACTIVE_MUTANT__ = id;
  try {
    for (const place of places) if (await failureOf(place)) return place;
    return null;
  } finally {
    stryker.activeMutant = undefined;
    delete process.env.__STRYKER_ACTIVE_MUTANT__;
  }
}

/** How a test failed, itself or by an error that nobody caught. */
async function failureOf(place: number): Promise<Error | undefined> {
  stray = undefined;
  try {
    await tests[place]?.run();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
  return stray;
}

function reply(message: Reply): void {
  process.send?.(message);
}
