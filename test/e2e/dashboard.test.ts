import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { test } from "node:test";
import { startChromium } from "../support/chromium.ts";
import { temporaryFolder } from "../support/folder.ts";
import { chainInput } from "../support/plans.ts";
import { startVolley } from "../support/volley.ts";

async function statusFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((done, failed) => {
    request(url, { headers: { Host: host } }, (response) => {
      response.resume();
      done(response.statusCode);
    })
      .on("error", failed)
      .end();
  });
}

test("--dashboard serves the report's page, which follows the run to its verdict", { timeout: 90_000 }, async (t) => {
  const browser = await startChromium(t);
  if (!browser) return;
  const folder = temporaryFolder(t);
  const chains = [chainInput("ethereum", 50, "http://gateway.example")];
  const gateway = { chains: [{ name: "ethereum", endpoint: "ETHEREUM" }] };
  writeFileSync(`${folder}/plan.json`, JSON.stringify({ name: "live", chains, duration: "8s", gateway }));
  const running = startVolley(["run", `${folder}/plan.json`, "--out", folder, "--dashboard"]);
  t.after(() => running.child.kill("SIGKILL"));
  const [, url = ""] = await running.printed(/^dashboard +(http\S+)/m);
  assert.equal(await statusFor(url, "evil.example"), 403, "a name that was turned to this machine is not served");

  const page = await browser.newPage();
  const wrong: string[] = [];
  page.on("pageerror", (error) => wrong.push(error.message));
  await page.goto(url);
  await page.getByText(/^Running: [1-9]\d* of 8 s$/).waitFor({ timeout: 30_000 });
  const scheduled = async (): Promise<number> => {
    const text = await page
      .getByRole("region", { name: /^scheduled = sent/ })
      .locator("tbody tr")
      .first()
      .innerText();
    return Number(text.split("\t")[1]?.replaceAll(",", ""));
  };
  const early = await scheduled();
  await page.getByText(/^(Valid|Invalid) run/).waitFor({ timeout: 40_000 });
  assert.equal((await running.ended).code !== null, true);
  assert.ok(early < 400, `${early} requests at first`);
  assert.equal(await scheduled(), 400, "the last page is the whole run's");
  assert.deepEqual(wrong, []);
});
