import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { madeIdOf } from "../../lib/answers/messageId.ts";

const ID = 100_000_000_042;

for (const [what, text, expected] of [
  ["the version first", `{"jsonrpc":"2.0","id":${ID},"result":"0x1"}`, ID],
  ["the id first", `{"id":${ID},"jsonrpc":"2.0","result":"0x1"}`, ID],
  ["the id last", `{"jsonrpc":"2.0","result":{"id":1},"id":${ID}}`, ID],
  ["the id first and geth's line break", `{"jsonrpc":"2.0","id":${ID},"result":"0x1"}\n`, ID],
  ["the id last and a line break", `{"jsonrpc":"2.0","result":"0x1","id":${ID}}\n`, ID],
  ["blanks", ` { "jsonrpc" : "2.0" , "id" : ${ID} , "result" : 1 } `, ID],
  ["an id as text", `{"jsonrpc":"2.0","id":"${ID}","result":1}`, ID],
  ["text around the id", `{"jsonrpc":"2.0","id":"req-${ID}-x","result":1}`, ID],
  ["an exponent", '{"jsonrpc":"2.0","id":1.00000000042e11,"result":1}', ID],
  ["a batch", `[{"jsonrpc":"2.0","error":{}},{"id":${ID + 1}},{"id":${ID}}]`, ID + 1],
  ["an id of more digits", `{"jsonrpc":"2.0","id":${ID}0,"result":1}`, ID * 10],
  ["an id inside the result alone", `{"jsonrpc":"2.0","result":{"id":${ID}}}`, Number.NaN],
  ["a number of as many digits first", `{"no":${ID + 1},"id":${ID}}`, ID],
  ["such a number behind the version", `{"jsonrpc":"2.0","no":${ID + 1},"id":${ID}}`, ID],
  ["such a number last", `{"id":${ID},"no":${ID + 1}}`, ID],
  ["such a number as its result", `{"jsonrpc":"2.0","result":${ID + 1},"id":"${ID}"}`, ID],
  ["an id of fewer digits", '{"jsonrpc":"2.0","id":42,"result":1}', 42],
  ["an id that goes on in a fraction", `{"jsonrpc":"2.0","id":${ID}.5,"result":1}`, ID],
  ["an id of 1,000 digits", `{"jsonrpc":"2.0","id":"${"9".repeat(988)}-${ID}","result":1}`, ID],
  ["an id that is too long to be one", `{"jsonrpc":"2.0","id":"${"9".repeat(1_100)}-${ID}","result":1}`, Number.NaN],
  ["a list of what are no messages, and one", `[1,"id",[{"id":${ID + 1}}],{"id":${ID}}]`, ID],
  ["a message that is a list in a list", `[[{"id":${ID}}]]`, Number.NaN],
  ["a text that names an id", `"{"id":${ID}}"`, Number.NaN],
  ["no id", '{"jsonrpc":"2.0","method":"eth_subscription","params":{}}', Number.NaN],
  ["a null id", '{"jsonrpc":"2.0","id":null,"error":{"code":-32700}}', Number.NaN],
  ["text that is no JSON", "hello", Number.NaN],
  ["nothing", "", Number.NaN],
] as const) {
  test(`the id of a message with ${what} is read`, () => {
    assert.equal(madeIdOf(Buffer.from(text)), expected);
  });
}

test("the id is the same whether a message is read in the quick way or, for a blank before it, in the slow one", () => {
  const ids = fc.oneof(fc.integer({ min: ID - 5, max: ID + 5 }), fc.nat(), fc.constantFrom(`${ID}`, "x", null, 1.5));
  const messages = fc.record(
    { id: ids, ic: ids, no: ids, jsonrpc: fc.constant("2.0"), result: ids },
    { requiredKeys: [] },
  );
  const orders = fc.shuffledSubarray(["id", "ic", "no", "jsonrpc", "result"] as const, { minLength: 1 });
  fc.assert(
    fc.property(messages, orders, fc.constantFrom("", "\n"), (message, order, end) => {
      const text = JSON.stringify(Object.fromEntries(order.map((key) => [key, message[key] ?? null]))) + end;
      assert.equal(madeIdOf(Buffer.from(text)), madeIdOf(Buffer.from(` ${text}`)), text);
    }),
    { numRuns: 1_000 },
  );
});
