import assert from "node:assert/strict";
import { test } from "node:test";
import { temporaryFolder } from "../support/folder.ts";
import { requireProgram } from "../support/programs.ts";
import { makeCertificate } from "./certificate.ts";
import { playPages } from "./pages.ts";
import { playRound } from "./round.ts";
import seeds from "./seeds.json" with { type: "json" };

/* The seeds that are kept: one of each kind of server, and those that `npm run hostile` found something with. */

test("whatever a server answers, a worker's ledger balances, its memory is bounded and no turn takes long", async (t) => {
  const openssl = requireProgram(t, "openssl", "openssl");
  if (openssl === undefined) return;
  const certificate = makeCertificate(openssl, temporaryFolder(t));
  const kinds = new Set<string>();
  for (const seed of seeds) {
    const { kind, findings, classes } = await playRound(seed, certificate);
    kinds.add(kind);
    assert.deepEqual(findings, [], `seed ${seed}: ${JSON.stringify(classes)}`);
    assert.ok(Object.keys(classes).length > 2, `seed ${seed} is hardly hostile: ${JSON.stringify(classes)}`);
  }
  assert.equal(kinds.size, 6);
});

test("no Prometheus page and no log line takes Watch long, and none ends it", () => {
  playPages(0);
  // The first one found that digits take quadratic time.
  for (const seed of [1_795_911_255, ...Array(60).keys()])
    assert.deepEqual(playPages(seed).findings, [], `seed ${seed}`);
});
