import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { durationMs, formatDuration } from "../../lib/plan/duration.ts";
import { parseHttpTargets, parseJsonTargets } from "../../lib/plan/targets.ts";
import { temporaryFolder } from "../support/folder.ts";

test("vegeta's http format: headers, a body file, a body written out, comments", (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(`${folder}/body.json`, '{"id":7}');
  const text = `# the first
GET http://a.example/x

POST http://a.example/y
Content-Type: application/json
X-Key: a: b
@body.json

POST http://a.example/z
Content-Type: application/json

{"jsonrpc":"2.0",
 "id":1}
`;
  const { value: targets, problems } = parseHttpTargets(text, "targets.txt", folder);
  assert.deepEqual(problems, []);
  assert.deepEqual(targets, [
    { name: "the first", method: "GET", url: "http://a.example/x", headers: [], weight: 1 },
    {
      method: "POST",
      url: "http://a.example/y",
      headers: [
        ["Content-Type", "application/json"],
        ["X-Key", "a: b"],
      ],
      body: '{"id":7}',
      weight: 1,
    },
    {
      method: "POST",
      url: "http://a.example/z",
      headers: [["Content-Type", "application/json"]],
      body: '{"jsonrpc":"2.0",\n "id":1}',
      weight: 1,
    },
  ]);
});

test("vegeta's json format: base64 bodies, lists of header values", () => {
  const line = JSON.stringify({
    method: "POST",
    url: "http://a.example/",
    header: { "X-A": ["1"] },
    body: Buffer.from("{}").toString("base64"),
  });
  const { value: targets, problems } = parseJsonTargets(`${line}\n`, "targets.json");
  assert.deepEqual(problems, []);
  assert.deepEqual(targets, [
    { method: "POST", url: "http://a.example/", headers: [["X-A", "1"]], body: "{}", weight: 1 },
  ]);
  const wrong = parseJsonTargets('{"method":"POST"}\n{]\n', "targets.json");
  assert.deepEqual([...new Set(wrong.problems.map(({ where }) => where))], ["targets.json:1", "targets.json:2"]);
});

test("durations are read in the units that people write, and shown in them", () => {
  const rows: [string | number, number, string][] = [
    ["33m", 1_980_000, "33m"],
    ["90s", 90_000, "1m 30s"],
    ["1h30m", 5_400_000, "1h 30m"],
    ["250ms", 250, "250ms"],
    [12, 12_000, "12s"],
    [0.5, 500, "500ms"],
  ];
  assert.equal(formatDuration(0), "0s");
  for (const [written, ms, shown] of rows) {
    assert.equal(durationMs(written), ms);
    assert.equal(formatDuration(ms), shown);
  }
});
