import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { test } from "node:test";
import { Names } from "../../lib/http/names.ts";

const V4 = (last: number): LookupAddress => ({ address: `192.0.2.${last}`, family: 4 });
const V6 = (last: number): LookupAddress => ({ address: `2001:db8::${last}`, family: 6 });

/** A resolver that answers later, and counts how often it is asked. */
function resolver(answers: () => LookupAddress[] | Error) {
  const counted = { asked: 0 };
  const resolve: LookupFunction = (_, __, callback) => {
    counted.asked++;
    setImmediate(() => {
      const answer = answers();
      if (answer instanceof Error) callback(answer, []);
      else callback(null, answer);
    });
  };
  return Object.assign(counted, { resolve });
}

function look(names: Names, hostname = "gw.example"): Promise<string[]> {
  return new Promise((done, failed) => {
    names.lookup(hostname, { all: true }, (error, found) => {
      if (error) failed(error);
      else done((found as LookupAddress[]).map(({ address }) => address));
    });
  });
}

test("new connections take a name's addresses in turn, of the family that the system prefers", async () => {
  const counted = resolver(() => [V4(1), V6(1), V4(2), V4(3)]);
  const names = new Names(counted.resolve, { ttl: 1_000, select: "roundRobin" });
  const found = [];
  for (let index = 0; index < 4; index++) found.push(await look(names));
  const fallback = V6(1).address;
  assert.deepEqual(
    found,
    [1, 2, 3, 1].map((last) => [V4(last).address, fallback]),
  );
  assert.equal(counted.asked, 1);
});

test("without spreading the first address is taken, as the system has it", async () => {
  const names = new Names(resolver(() => [V4(1), V4(2)]).resolve, { ttl: 1_000, select: "first" });
  assert.deepEqual([await look(names), await look(names)], [[V4(1).address], [V4(1).address]]);
});

test("by chance every address comes up", async () => {
  const names = new Names(resolver(() => [V4(1), V4(2)]).resolve, { ttl: 1_000, select: "random" });
  const seen = new Set<string>();
  for (let index = 0; index < 60; index++) seen.add((await look(names)).join());
  assert.equal(seen.size, 2);
});

test("a name is looked up again when its answer is too old, and what it is then counts", async () => {
  let nowMs = 0;
  let last = 1;
  const counted = resolver(() => [V4(last)]);
  const names = new Names(counted.resolve, { ttl: 1_000, select: "roundRobin" }, () => nowMs);
  assert.deepEqual(await look(names), [V4(1).address]);
  last = 2;
  nowMs = 999;
  assert.deepEqual(await look(names), [V4(1).address]);
  nowMs = 1_000;
  assert.deepEqual(await look(names), [V4(2).address]);
  assert.equal(counted.asked, 2);
});

test("connections that ask at once share a look-up, and spread all the same; a failure is not kept", async () => {
  let broken = true;
  const counted = resolver(() => (broken ? Object.assign(new Error("x"), { code: "ENOTFOUND" }) : [V4(1), V4(2)]));
  const names = new Names(counted.resolve, { ttl: 1_000, select: "roundRobin" });
  const failed = await Promise.allSettled([look(names), look(names)]);
  assert.deepEqual(
    failed.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  assert.equal(counted.asked, 1);
  broken = false;
  const found = await Promise.all([look(names), look(names), look(names)]);
  assert.deepEqual(
    found.flat(),
    [V4(1), V4(2), V4(1)].map(({ address }) => address),
  );
  assert.equal(counted.asked, 2);
});
