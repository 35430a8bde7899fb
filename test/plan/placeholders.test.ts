import assert from "node:assert/strict";
import { test } from "node:test";
import { PLACEHOLDERS, parseTemplate, SECRET_REFERENCE } from "../../lib/plan/placeholders.ts";

/** Each form with what it means; all blanks around it are allowed. */
const forms: [text: string, placeholder: object][] = [
  ["id", { kind: "id" }],
  ["randomAddress", { kind: "address" }],
  ["randomHex 1", { kind: "hex", digits: 1 }],
  ["randomHex 9999", { kind: "hex", digits: 9_999 }],
  ["randomInt 1..9", { kind: "integer", from: 1, to: 9 }],
  ["randomInt -20..-10", { kind: "integer", from: -20, to: -10 }],
  ["randomInt 5..5", { kind: "integer", from: 5, to: 5 }],
  ["randomInt 0..999999999999999", { kind: "integer", from: 0, to: 999_999_999_999_999 }],
  ["blockNumber", { kind: "block", from: 0, to: 0 }],
  ["blockNumber -100..0", { kind: "block", from: -100, to: 0 }],
  ["blockNumber 1..123456789", { kind: "block", from: 1, to: 123_456_789 }],
  ["blockNumber -12..-5", { kind: "block", from: -12, to: -5 }],
  ["data.user", { kind: "data", field: "user" }],
  ["data._a-b9", { kind: "data", field: "_a-b9" }],
];

for (const [text, placeholder] of forms) {
  test(`{{${text}}} is a placeholder, with blanks around it too`, () => {
    assert.deepEqual(parseTemplate(`{{${text}}}`), { pieces: [placeholder], unknown: [] });
    assert.deepEqual(parseTemplate(`a{{ \t${text} }}b`), { pieces: ["a", placeholder, "b"], unknown: [] });
  });
}

const none = [
  ...["", "ID", "ids", "x id", "random", "randomAddress 1", "Address"],
  ...["randomHex", "randomHex 0", "randomHex 00", "randomHex -1", "randomHex 12345", "xrandomHex 4", "randomHex 4 4"],
  ...["randomInt", "randomInt 1", "randomInt 2..1", "randomInt 1..2.5", "randomInt 1...2", "xrandomInt 1..2"],
  ...["randomInt 1..2x", "randomInt 0..9999999999999999", "randomInt a..b", "randomInt -1..-2"],
  ...["blockNumber 1", "blockNumber 2..1", "blockNumber -1..-2", "blockNumbers", "xblockNumber", "xblockNumber 1..2"],
  ...["blockNumber 1..2x", "blockNumber 1..1234567890", "blockNumber 1..", "blockNumber -100"],
  ...["data", "data.", "data.9", "data.-a", "data.a b", "data.a.b", "xdata.a", "env.HOME", ".Values.x"],
];

for (const text of none) {
  test(`{{${text}}} is no placeholder: it is told, and stays as it stands`, () => {
    const whole = `{{${text}}}`;
    assert.deepEqual(parseTemplate(`<${whole}>`), { pieces: [`<${whole}>`], unknown: [whole] });
  });
}

test("four braces are two that begin no placeholder, whatever follows", () => {
  assert.deepEqual(parseTemplate("{{{{id}}"), { pieces: ["{{id}}"], unknown: [] });
  assert.deepEqual(parseTemplate("a{{{{{{id}}}}"), { pieces: ["a{{", { kind: "id" }, "}}"], unknown: [] });
  assert.deepEqual(parseTemplate("{{{{{{{{"), { pieces: ["{{{{"], unknown: [] });
});

test("braces that pair with nothing are text", () => {
  for (const text of ["{", "{{", "}}", "{{id}", "{id}}", '{"a":{"b":{}}}', "{{a{b}}", '{"a":{{']) {
    assert.deepEqual(parseTemplate(text), { pieces: [text], unknown: [] }, text);
  }
  assert.deepEqual(parseTemplate(""), { pieces: [], unknown: [] });
  assert.deepEqual(parseTemplate("{{{id}}"), { pieces: ["{", { kind: "id" }], unknown: [] }, "one brace before it");
});

test("placeholders that touch each other, and text between them, stand in their order", () => {
  const id = { kind: "id" };
  assert.deepEqual(parseTemplate("{{id}}{{id}}-{{id}}").pieces, [id, id, "-", id]);
  assert.deepEqual(parseTemplate("{{x}}{{id}}{{y}}"), { pieces: ["{{x}}", id, "{{y}}"], unknown: ["{{x}}", "{{y}}"] });
});

test("a message about placeholders names all of them, and how two braces are written", () => {
  for (const name of ["id", "randomAddress", "randomHex", "randomInt", "blockNumber", "data.field", "{{{{"]) {
    assert.ok(PLACEHOLDERS.includes(name), name);
  }
});

test("references to secrets end where their names do", () => {
  const found = (text: string): string[] => text.match(SECRET_REFERENCE) ?? [];
  assert.deepEqual(found("Bearer env://TOKEN_1-x"), ["env://TOKEN_1"]);
  assert.deepEqual(found("a env://A b env://_b9/"), ["env://A", "env://_b9"]);
  assert.deepEqual(found('{"k":"secret://prod/volley/key+a=b@c.d-e"}'), ["secret://prod/volley/key+a=b@c.d-e"]);
  assert.deepEqual(found("ssm:///volley/token?x"), ["ssm:///volley/token"]);
  assert.deepEqual(found("env://9 xenv://A osecret://a essm://b env:/A env://"), []);
});
