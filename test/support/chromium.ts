import type { TestContext } from "node:test";
import { type Browser, chromium } from "playwright-core";
import { requireProgram } from "./programs.ts";

/** Debian's Chromium without anything that would use a network; it ends with the test. Skips the test where there is none. */
export async function startChromium(test: TestContext): Promise<Browser | undefined> {
  const executablePath = requireProgram(test, "chromium", "chromium");
  if (executablePath === undefined) return undefined;
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"];
  const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", ...quiet];
  const browser = await chromium.launch({ executablePath, args });
  test.after(() => browser.close());
  return browser;
}
