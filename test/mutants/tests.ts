import type { TestContext } from "node:test";

/** A test of a file that was loaded, which can be run again and again. */
export interface CollectedTest {
  /** The test file's URL. */
  file: string;
  name: string;
  run(): Promise<void>;
}

type Body = (context: TestContext) => unknown;
type Hook = () => unknown;

/** The file that is being loaded, what was collected, and each file's hooks that run once, before its first test. */
const loaded = { file: "", tests: [] as CollectedTest[], hooks: new Map<string, Hook[]>() };

/** Imports a test file; gives the tests that it registers. */
export async function collectTests(file: string): Promise<CollectedTest[]> {
  loaded.file = file;
  loaded.tests = [];
  await import(file);
  return loaded.tests;
}

/**
 * What a test file imports as `node:test` under mutation. Knows what our tests use; what they begin to use besides is an
 * import that fails.
 */
export function test(name: string, ...rest: [Body] | [{ skip?: unknown }, Body]): void {
  const options = rest.length === 2 ? rest[0] : {};
  const body = rest.at(-1) as Body;
  const { file } = loaded;
  if (options.skip) return;
  loaded.tests.push({
    file,
    name,
    async run() {
      for (const hook of loaded.hooks.get(file)?.splice(0) ?? []) await hook();
      await runBody(name, body);
    },
  });
}

/** Tests that run beside each other otherwise. */
export function describe(_name: string, _options: object, body: () => void): void {
  body();
}

export function before(hook: Hook): void {
  loaded.hooks.set(loaded.file, [...(loaded.hooks.get(loaded.file) ?? []), hook]);
}

async function runBody(name: string, body: Body): Promise<void> {
  const cleanups: Hook[] = [];
  const ending = new AbortController();
  const context = {
    name,
    signal: ending.signal,
    after: (cleanup: Hook) => cleanups.push(cleanup),
    diagnostic: () => {},
    skip: () => {},
    test: (inner: string, ...rest: [Body] | [object, Body]) => runBody(`${name} > ${inner}`, rest.at(-1) as Body),
  };
  try {
    await body(context as unknown as TestContext);
  } finally {
    ending.abort();
    for (const cleanup of cleanups) await cleanup();
  }
}
