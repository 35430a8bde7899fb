import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CLASSES, faultOf } from "../../lib/attack/classes.ts";
import { ROOT } from "../support/volley.ts";

test("docs/classes.md is the table of the code", () => {
  const text = readFileSync(`${ROOT}docs/classes.md`, "utf8");
  for (const { name, fault, meaning } of CLASSES) {
    const row = text.split("\n").find((line) => line.includes(meaning));
    assert.ok(row?.endsWith(`| ${fault} |`), `${name.source}: ${meaning}`);
  }
});

test("a class says who is to be asked, where it can", () => {
  assert.equal(faultOf("http-504"), "upstream");
  assert.equal(faultOf("http-503"), "gateway");
  assert.equal(faultOf("http-429"), "gateway");
  assert.equal(faultOf("http-404"), "request");
  assert.equal(faultOf("rpc-server-error"), "upstream");
  assert.equal(faultOf("EADDRNOTAVAIL"), "generator");
  assert.equal(faultOf("HTTP2_GOAWAY_ENHANCE_YOUR_CALM"), "gateway");
  assert.equal(faultOf("CERT_HAS_EXPIRED"), "gateway");
  assert.equal(faultOf("something new"), "gateway");
});
