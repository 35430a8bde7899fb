import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import type { TestContext } from "node:test";

/** Makes the system's resolver answer every name with one address until the test ends. */
export function resolveAllTo(test: TestContext, address: string): void {
  const answer = (_: string, { all }: { all?: boolean }, done: (...found: unknown[]) => void): void =>
    process.nextTick(() => (all ? done(null, [{ address, family: 4 }]) : done(null, address, 4)));
  const { mock } = test.mock.method(dns, "lookup", answer as unknown as typeof dns.lookup);
  syncBuiltinESMExports();
  test.after(() => {
    mock.restore();
    syncBuiltinESMExports();
  });
}
