import assert from "node:assert/strict";
import { test } from "node:test";
import { classOf } from "../../lib/answers/classes.ts";
import { closeClass, upgradeClass, wsErrorClass } from "../../lib/ws/wsFailure.ts";

test("close codes that have a meaning keep their number, and all others together make few classes", () => {
  for (const code of [1_000, 1_001, 1_006, 1_013, 3_000, 4_000, 4_009, 4_401, 4_429, 4_499])
    assert.equal(closeClass(code), `ws-closed-${code}`);
  assert.equal(closeClass(3_999), "ws-closed-3xxx");
  assert.equal(closeClass(4_998), "ws-closed-4xxx");
  const names = new Set(Array.from({ length: 65_536 }, (_, code) => closeClass(code)));
  assert.ok(names.size < 250, `${names.size} classes`);
  for (const name of names) assert.ok(classOf(name), name);
});

test("a handshake's status has the classes that HTTP's statuses have", () => {
  assert.equal(upgradeClass(200), "ws-upgrade-200");
  assert.equal(upgradeClass(429), "ws-upgrade-429");
  assert.equal(upgradeClass(987), "ws-upgrade-9xx");
  const names = new Set(Array.from({ length: 1_000 }, (_, status) => upgradeClass(status)));
  assert.ok(names.size < 120, `${names.size} classes`);
  for (const name of names) assert.ok(classOf(name), name);
});

test("every error of a WebSocket has a class of the table, whatever its code and its text", () => {
  const codes = [
    "WS_ERR_INVALID_OPCODE",
    "Z_DATA_ERROR",
    "Z_BUF_ERROR",
    "HPE_INVALID_CONSTANT",
    "EHOSTUNREACH",
    "ENEW",
    "x",
  ];
  for (const code of [undefined, ...codes]) {
    for (const isOpen of [true, false]) {
      const error = Object.assign(new Error("made up"), code !== undefined && { code });
      assert.ok(classOf(wsErrorClass(error, isOpen)), code);
    }
  }
  assert.equal(wsErrorClass(Object.assign(new Error(), { code: "Z_DATA_ERROR" }), true), "invalid-ws");
});
