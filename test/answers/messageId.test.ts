import assert from "node:assert/strict";
import { test } from "node:test";
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
  ["no id", '{"jsonrpc":"2.0","method":"eth_subscription","params":{}}', Number.NaN],
  ["a null id", '{"jsonrpc":"2.0","id":null,"error":{"code":-32700}}', Number.NaN],
  ["text that is no JSON", "hello", Number.NaN],
  ["nothing", "", Number.NaN],
] as const) {
  test(`the id of a message with ${what} is read`, () => {
    assert.equal(madeIdOf(Buffer.from(text)), expected);
  });
}
