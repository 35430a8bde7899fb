import assert from "node:assert/strict";
import { test } from "node:test";
import { redact, Samples } from "../../lib/answers/samples.ts";

test("what may be secret is left out", () => {
  const shown = (text: string, ...secrets: string[]): string => redact(text, secrets);
  assert.equal(shown("the key hunter22 is unknown", "hunter22"), "the key … is unknown");
  assert.equal(shown(`to 0x${"ab".repeat(20)} only`), "to 0xabababab… only");
  assert.equal(shown("/v3/0123456789abcdef0123456789abcdef"), "/v3/0123…");
  assert.equal(shown("project 4f6e3f5a-8f6c-4d6e-9a52-6ad1a25f6f10"), "project 4f6e…");
  assert.equal(shown('{"apiKey":"abc","n":1}'), '{"apiKey":"…","n":1}');
  assert.equal(shown("api_key=abc&x=1"), "api_key=…&x=1");
  assert.equal(shown("Authorization: Bearer abc.def-ghi"), "Authorization: …");
  assert.equal(shown("a word-that-is-long-but-only-words"), "a word-that-is-long-but-only-words");
});

test("control characters are blanks, and long texts are cut", () => {
  assert.equal(redact("\u001b[2Ja\r\n\u0007b\u202e", []), "[2Ja b");
  assert.equal(redact("x ".repeat(1_000), []).length, 201);
});

test("a secret that is cut by the end of what is looked at is not shown", () => {
  const secret = "hunter22 and more";
  for (let cut = 1; cut < secret.length; cut++) {
    assert.ok(!redact(`a ${secret.slice(0, cut)}`, [secret], true).includes("h"));
  }
});

test("one response of each class and code is kept, and few in all", () => {
  const samples = new Samples();
  const see = (name: string, code: number, message: string): void => {
    samples.see({ name, error: { code, message } }, 200, Buffer.from(`{"error":"${message}"}`), []);
  };
  see("rpc-server-error", -32_000, "header not found");
  see("rpc-server-error", -32_000, "another");
  see("rpc-server-error", -32_001, "no such block");
  assert.deepEqual(samples.list, [
    {
      class: "rpc-server-error",
      status: 200,
      code: -32_000,
      message: "header not found",
      begins: '{"error":"header not found"}',
    },
    {
      class: "rpc-server-error",
      status: 200,
      code: -32_001,
      message: "no such block",
      begins: '{"error":"no such block"}',
    },
  ]);
  for (let code = 0; code < 1_000; code++) see("rpc-error", code, "m");
  assert.equal(samples.list.length, 6);
  for (let n = 0; n < 1_000; n++) see(`class ${n}`, 1, "m");
  assert.equal(samples.list.length, 64);
});
