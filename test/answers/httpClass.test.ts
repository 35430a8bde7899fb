import assert from "node:assert/strict";
import { STATUS_CODES } from "node:http";
import { test } from "node:test";
import { httpClass } from "../../lib/answers/httpClass.ts";

test("each registered status has its own class, and so have those of nginx, of AWS's balancers and of Cloudflare", () => {
  const registered = Object.keys(STATUS_CODES).map(Number);
  const nginx = [444, 494, 495, 496, 497, 499];
  const balancers = [460, 463, 464, 561];
  const cloudflare = [520, 521, 522, 523, 524, 525, 526, 527, 529, 530];
  const wrong = [...registered, ...nginx, ...balancers, ...cloudflare]
    .filter((status) => status < 200 || status >= 300)
    .filter((status) => httpClass(status) !== `http-${status}`);
  assert.deepEqual(wrong, []);
});

test("statuses that nobody defined share a class for each hundred", () => {
  assert.deepEqual([477, 418, 599, 600, 999, 309].map(httpClass), [
    "http-4xx",
    "http-418",
    "http-599",
    "http-6xx",
    "http-9xx",
    "http-3xx",
  ]);
});
