import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePrometheus } from "../../lib/observe/prometheus.ts";
import { renderPrometheus } from "../../lib/render/exports/prometheus.ts";
import { renderText } from "../../lib/render/text.ts";
import { nodesReport } from "../../lib/report/nodes.ts";
import { NodesSum } from "../../lib/results/nodes.ts";
import type { SeriesSum } from "../../lib/results/seriesSum.ts";
import { checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";

const plan = checkedPlan("http://127.0.0.1:8545", { duration: "2s", nodeHeader: "x-node" });

/** Four responses over one connection: one of node a, then three of node b, of which one is no relay. */
function seen(nodes = new NodesSum()): NodesSum {
  const connection = {};
  nodes.see("a", connection, 4, true);
  nodes.see("b", connection, 10, true);
  nodes.see("b", connection, 10, false);
  nodes.see("b", connection, 10, true);
  return nodes;
}

function reportWith(change: (sum: SeriesSum) => unknown) {
  return madeReport({ plan, change });
}

test("nodes are listed by their responses, with the balancer's evenness and stickiness", () => {
  const { list = [], ...balance } = nodesReport({ nodes: seen() }) ?? {};
  assert.deepEqual(
    list.map(({ name, responses, share, success }) => [name, responses, share, success]),
    [
      ["b", 3, 0.75, 2 / 3],
      ["a", 1, 0.25, 1],
    ],
  );
  // The mean is two responses; two of three pairs are of one node; ¾² + ¼².
  assert.deepEqual(balance, { imbalance: 1.5, sticky: 0.6667, stickyByChance: 0.625 });
});

test("stickiness is unknown if no connection carried a second response", () => {
  const nodes = new NodesSum();
  for (const name of ["a", "b"]) nodes.see(name, {}, 5, true);
  assert.equal(nodesReport({ nodes })?.sticky, null);
  const text = renderText(
    reportWith((sum) => sum.nodes.see("a", {}, 5, true)),
    false,
    120,
  );
  assert.match(text, /ethereum: the busiest node has 1 times the mean$/m);
});

test("the terminal and Prometheus show each node's responses and times", async () => {
  const report = reportWith((sum) => seen(sum.nodes));
  const text = renderText(report, false, 120);
  assert.match(text, /ethereum +b +3 +75 % +66\.67 % +10 +10$/m);
  assert.match(text, /1\.5 times the mean; a connection stays with its node in 66\.67 % \(62\.5 % by chance\)/);
  const samples = parsePrometheus(await renderPrometheus(report));
  const responses = samples.filter(({ name }) => name === "volley_node_responses");
  assert.deepEqual(
    responses.map(({ labels, value }) => [labels.chain, labels.node, value]),
    [
      ["ethereum", "b", 3],
      ["ethereum", "a", 1],
    ],
  );
  const time = samples.find(
    ({ name, labels }) =>
      name === "volley_node_response_time_seconds" && labels.node === "a" && labels.quantile === "0.5",
  );
  assert.ok(Math.abs((time?.value ?? 0) - 0.004) < 0.000_1, `${time?.value}`);
});

test("the terminal shows 16 nodes of a chain and how many more there are", () => {
  const text = renderText(
    reportWith((sum) => {
      for (let node = 0; node < 20; node++) sum.nodes.see(`node${node}`, {}, 5, true);
    }),
    false,
    120,
  );
  assert.equal(text.match(/^ethereum +node\d+ /gm)?.length, 16);
  assert.match(text, /1 times the mean, 4 more nodes$/m);
});

test("the terminal shows what rate-limited responses say, header by header, and that they say nothing", () => {
  const text = (...responses: [string, string][][]): string =>
    renderText(
      reportWith((sum) => {
        for (const headers of responses) sum.rateLimits.see("http-429", headers, 0, []);
      }),
      false,
      120,
    );
  const said = text([["x-ratelimit-limit", "20"]], [["retry-after", "3"]], [["retry-after", "1"]]);
  assert.match(said, /ethereum +3 +retry-after +2 +1 +3 +3\n *ethereum +3 +x-ratelimit-limit +1 +20 +20 +20$/m);
  assert.match(text([]), /ethereum +1 +no header about it *$/m);
  assert.doesNotMatch(text(), /rate-limited/);
  assert.ok(!text([["retry-after", "\u001b[2J"]]).includes("\u001b"));
});
