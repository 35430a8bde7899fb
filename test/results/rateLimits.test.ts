import assert from "node:assert/strict";
import { test } from "node:test";
import { HeadHeaders, Http2Headers } from "../../lib/http/headers.ts";
import { RateLimits } from "../../lib/results/rateLimits.ts";

const NOW_MS = Date.UTC(2015, 9, 21, 7, 27, 0);

function seen(...responses: [name: string, headers: [string, string][]][]) {
  const limits = new RateLimits();
  for (const [name, headers] of responses) limits.see(name, headers, NOW_MS, ["s3cret-key"]);
  return limits.counts();
}

test("retry-after is seconds, as a number or as a date of RFC 9110; a date that has passed is 0", () => {
  const values = ["120", "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:00:00 GMT", "soon"];
  const counts = seen(...values.map((value): Parameters<typeof seen>[0] => ["http-429", [["retry-after", value]]]));
  assert.deepEqual(counts, {
    responses: 4,
    headers: { "retry-after": { count: 4, min: 0, max: 120, sample: "120" } },
  });
});

test("the drafts' headers are read in their older and newer forms, and other headers are not", () => {
  const counts = seen(
    [
      "http-429",
      [
        ["ratelimit-limit", "100, 100;w=60"],
        ["ratelimit-reset", "50"],
        ["x-request-id", "7"],
      ],
    ],
    [
      "rpc-rate-limited",
      [
        ["ratelimit-policy", '"burst";q=100;w=60'],
        ["x-rate-limit-remaining", "0"],
      ],
    ],
  );
  assert.deepEqual(Object.keys(counts?.headers ?? {}).sort(), [
    ...["ratelimit-limit", "ratelimit-policy;q", "ratelimit-policy;w", "ratelimit-reset", "x-rate-limit-remaining"],
  ]);
  assert.deepEqual(counts?.headers["ratelimit-policy;w"], { count: 1, min: 60, max: 60, sample: '"burst";q=100;w=60' });
});

test("a 503 is of a rate limit only with such a header; a 429 without any is counted", () => {
  assert.equal(seen(["http-503", [["server", "nginx"]]]), undefined);
  assert.equal(seen(["http-503", [["retry-after", "1"]]])?.responses, 1);
  assert.deepEqual(seen(["http-429", []]), { responses: 1, headers: {} });
});

test("memory is bounded whatever a server sends, and no secret is kept", () => {
  const many = Array.from({ length: 1_000 }, (_, n): [string, string] => [`x-ratelimit-${n}`, "9".repeat(10_000)]);
  const counts = seen(["http-429", many], ["http-429", [["retry-after", "s3cret-key"]]]);
  const ranges = Object.values(counts?.headers ?? {});
  assert.equal(ranges.length, 24);
  assert.ok(ranges.every(({ sample }) => sample.length <= 201));
  assert.ok(!JSON.stringify(seen(["http-429", [["retry-after", "s3cret-key"]]])).includes("s3cret"));
});

test("parts add up to the whole, in any order", () => {
  const [first, second] = [
    seen(["http-429", [["retry-after", "5"]]]),
    seen([
      "http-429",
      [
        ["retry-after", "2"],
        ["x-ratelimit-limit", "many"],
      ],
    ]),
  ];
  assert.ok(first && second);
  const sum = (...parts: (typeof first)[]) => {
    const limits = new RateLimits();
    for (const part of parts) limits.add(part);
    const { responses, headers } = limits.counts() ?? assert.fail("nothing");
    return { responses, range: { ...headers["retry-after"], sample: "" }, limit: headers["x-ratelimit-limit"] };
  };
  assert.deepEqual(sum(first, second), sum(second, first));
  assert.deepEqual(sum(first, second).range, { count: 2, min: 2, max: 5, sample: "" });
  assert.deepEqual(sum(first, second).limit, { count: 1, sample: "many" });
});

test("a head's headers are read as they came, whatever the line ends", () => {
  const head = new HeadHeaders("HTTP/1.1 429 Too Many\r\nRetry-After:  3 \r\nX-A: b: c\n\r\n");
  assert.deepEqual(head.all(), [
    ["retry-after", "3"],
    ["x-a", "b: c"],
  ]);
  const http2 = new Http2Headers([":status", "429", "retry-after", "3", "set-cookie", "a", "set-cookie", "b"]);
  assert.deepEqual(http2.all(), [
    ["retry-after", "3"],
    ["set-cookie", "a"],
    ["set-cookie", "b"],
  ]);
});
