import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluate, intrinsicProblem } from "../../lib/stepfunctions/intrinsics.ts";

const scope = { input: { name: "a,b)", n: 3, of: { x: [1] } }, context: { State: { Name: "S" } } };

test("States.Format puts values into its places: text as it is, and other values as JSON", () => {
  assert.equal(evaluate("States.Format('{}/{}-{} {}', $.name, $.n, $.of, $$.State.Name)", scope), 'a,b)/3-{"x":[1]} S');
  assert.equal(evaluate("States.Format('it\\'s, (x)')", scope), "it's, (x)");
});

test("States.UUID is another one each time, also within States.Format", () => {
  const made = [evaluate("States.UUID()", scope), evaluate("States.Format('{}', States.UUID())", scope)];
  for (const each of made)
    assert.match(String(each), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(made[0], made[1]);
});

test("a path in an intrinsic function that leads to nothing is States.Runtime", () => {
  assert.throws(() => evaluate("States.Format('{}', $.missing)", scope), { name: "States.Runtime" });
});

test("calls of other functions, with other numbers of arguments, or malformed, are refused", () => {
  for (const [text, expected] of [
    ["States.Hash($.a, 'MD5')", /^one of States\.Format, States\.UUID$/],
    ["States.UUID($.a)", /another number of arguments/],
    ["States.Format()", /another number of arguments/],
    ["States.Format('{}')", /a value for each \{\}/],
    ["States.Format('{}', $.a", /a comma or a bracket/],
    ["States.Format('{}', $.a) x", /nothing after it/],
    ["States.Format('{}', $.[)", /JSONPath/],
    ["States.Format('{}, $.a)", /one of/],
    ["States.Format('{}', $.a,)", /a comma or a bracket/],
  ] as const) {
    assert.match(intrinsicProblem(text) ?? "accepted", expected, text);
  }
  assert.equal(intrinsicProblem("States.Format( '{}' , $.a )"), undefined);
});
