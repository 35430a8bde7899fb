import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CLASSES, classOf, faultOf } from "../../lib/answers/classes.ts";
import { ROOT } from "../support/volley.ts";

test("docs/classes.md is the table of the code", () => {
  const lines = readFileSync(`${ROOT}docs/classes.md`, "utf8").split("\n");
  const from = lines.findIndex((line) => line.startsWith("|---")) + 1;
  const rows = lines.slice(from, lines.indexOf("", from));
  const table = CLASSES.map(({ names, meaning, fault }) => {
    return `| ${names.map((name) => `\`${name}\``).join(", ")} | ${meaning} | ${fault} |`;
  });
  assert.deepEqual(rows, table);
});

test("no row of the table is hidden by one before it", () => {
  for (const row of CLASSES) {
    for (const name of row.names) assert.equal(classOf(name.replace("…", "9")), row, name);
  }
});

test("a class says who is to be asked, where it can", () => {
  assert.equal(faultOf("http-504"), "upstream");
  assert.equal(faultOf("http-503"), "gateway");
  assert.equal(faultOf("http-429"), "gateway");
  assert.equal(faultOf("http-404"), "request");
  assert.equal(faultOf("rpc-server-error"), "upstream");
  assert.equal(faultOf("EADDRNOTAVAIL"), "generator");
  assert.equal(faultOf("http2-goaway-enhance-your-calm"), "gateway");
  assert.equal(faultOf("CERT_HAS_EXPIRED"), "gateway");
  assert.equal(faultOf("http-403"), "gateway");
  assert.equal(faultOf("http-408"), "gateway");
  assert.equal(faultOf("http-530"), "upstream");
  assert.equal(faultOf("answer-revert"), "answer");
  assert.equal(faultOf("something new"), "gateway");
});
