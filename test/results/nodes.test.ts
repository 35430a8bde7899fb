import assert from "node:assert/strict";
import { test } from "node:test";
import { HeadHeaders, Http2Headers } from "../../lib/http/headers.ts";
import { NodesSum, parseNodes } from "../../lib/results/nodes.ts";

test("the first value of a header is found in any case, and no header that only ends or begins like it", () => {
  const head = new HeadHeaders("HTTP/1.1 200 OK\r\nMy-X-Node: 1\r\nX-Node-Id: 2\r\nX-NODE:  c \r\nx-node: d\r\n\r\n");
  assert.equal(head.first("x-node"), "c");
  assert.equal(head.first("node"), undefined);
  assert.equal(new HeadHeaders("").first("x-node"), undefined);
  assert.equal(new Http2Headers([":status", "200", "x-node", "c", "x-node", "d"]).first("x-node"), "c");
});

test("stickiness compares each response with the one before on the same connection, over flushes too", () => {
  const nodes = new NodesSum();
  const [one, other] = [{}, {}];
  nodes.see("a", one, 1, true);
  nodes.see("b", other, 1, true);
  nodes.see("a", one, 1, false);
  nodes.reset();
  nodes.see("a", other, 1, true);
  nodes.see("a", one, 1, true);
  const { pairs, same, byName } = nodes.counts() ?? assert.fail("nothing was counted");
  assert.deepEqual({ pairs, same }, { pairs: 2, same: 1 });
  assert.deepEqual([byName.a?.responses, byName.a?.valid, byName.b], [2, 2, undefined]);
});

test("memory is bounded whatever a server names, in one worker and over all of them", () => {
  const made = (from: number) => {
    const nodes = new NodesSum();
    for (let n = 0; n < 1_000; n++) nodes.see(`${from + n}${"x".repeat(1_000)}\u0007`, {}, 1, true);
    return nodes.counts() ?? assert.fail("nothing was counted");
  };
  const sum = new NodesSum();
  for (const counts of [made(0), made(5_000)]) sum.add(parseNodes(counts));
  const { byName } = sum.counts() ?? assert.fail("nothing was counted");
  const names = Object.keys(byName);
  assert.ok(names.length <= 65 && names.every((name) => name.length <= 64), `${names.length} names`);
  const responses = Object.values(byName).reduce((all, each) => all + each.responses, 0);
  assert.equal(responses, 2_000);
});

test("responses without the header count apart from the others, however many nodes there are", () => {
  const nodes = new NodesSum();
  for (let n = 0; n < 100; n++) nodes.see(`node-${n}`, {}, 1, true);
  nodes.see(undefined, {}, 1, true);
  nodes.see("", {}, 1, true);
  const counts = nodes.counts() ?? assert.fail("nothing was counted");
  assert.deepEqual([counts.byName["(others)"]?.responses, counts.byName["(no header)"]?.responses], [36, 2]);
  nodes.add(parseNodes(counts));
  assert.equal(nodes.byName.get("(no header)")?.responses, 4);
});

test("a node's name has no escapes for terminals", () => {
  const nodes = new NodesSum();
  nodes.see("\u001b[31mred", {}, 1, true);
  assert.deepEqual([...nodes.byName.keys()], ["?[31mred"]);
});
