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
  assert.equal(shown("Proxy said: bearer   abc.d~e+f/g== or basic YTpi"), "Proxy said: … or …");
  assert.equal(shown("at https://user:hunter2@gateway.example/x"), "at https://…@gateway.example/x");
  for (const name of ["app_key", "appkey", "project-id", "projectid", "Access Key", "access_key", "token", "passwd"]) {
    assert.equal(shown(`${name}: abc, n: 1`), `${name}: …, n: 1`);
  }
  assert.equal(shown("ab ab abcd", "ab", "abcd"), "ab ab …", "three characters may be anything");
  assert.equal(shown("abc", "abc"), "abc");
  assert.equal(shown("a word-that-is-long-but-only-words"), "a word-that-is-long-but-only-words");
});

test("control characters are blanks, and long texts are cut", () => {
  assert.equal(redact("\u001b[2Ja\r\n\u0007b\u202e", []), "[2Ja b");
  assert.equal(redact("x ".repeat(1_000), []).length, 201);
  assert.equal(redact(`${"x y ".repeat(49)}x yz`, []).length, 200, "as long as may be shown");
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

test("a response without a code or a message has none in its sample, and the first of a class is kept", () => {
  const samples = new Samples();
  samples.see({ name: "invalid-json" }, 502, Buffer.from("<html>"), []);
  samples.see({ name: "invalid-json" }, 200, Buffer.from("later"), []);
  samples.see({ name: "rpc-error", error: { message: "" } }, 200, Buffer.from("{}"), []);
  samples.add({ class: "rpc-error", status: 500, begins: "of another worker" });
  samples.add({ class: "http-503", status: 503, begins: "" });
  assert.deepEqual(samples.list, [
    { class: "invalid-json", status: 502, begins: "<html>" },
    { class: "rpc-error", status: 200, begins: "{}" },
    { class: "http-503", status: 503, begins: "" },
  ]);
});

test("of a body no more than its beginning is looked at, and a secret that it may cut is not shown", () => {
  const begins = (body: string, secrets: string[]): string => {
    const samples = new Samples();
    samples.see({ name: "check-failed" }, 200, Buffer.from(body), secrets);
    return samples.list[0]?.begins ?? "";
  };
  const blank = " ".repeat(4_000);
  const secret = "hunter22-".repeat(10);
  assert.equal(begins(`${blank}${"a ".repeat(3)}${secret}${" ".repeat(100)}`, [secret]), "", "it is cut at byte 4,096");
  assert.equal(begins(`${" ".repeat(4_090)}abcdef`, []), "abcdef", "a body as long as is looked at goes no further");
});
