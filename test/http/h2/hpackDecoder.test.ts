import assert from "node:assert/strict";
import { test } from "node:test";
import { HpackDecoder } from "../../../lib/http/h2/hpackDecoder.ts";
import { Http2Error } from "../../../lib/http/h2/http2Error.ts";

function decode(decoder: HpackDecoder, hex: string, most = 65_536): string[] | undefined {
  const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
  return decoder.decode(bytes, [0, bytes.length], most);
}

const FIRST = [":method", "GET", ":scheme", "http", ":path", "/", ":authority", "www.example.com"];
const THIRD = [":method", "GET", ":scheme", "https", ":path", "/index.html", ":authority", "www.example.com"];
const REQUESTS = [FIRST, [...FIRST, "cache-control", "no-cache"], [...THIRD, "custom-key", "custom-value"]];

const REDIRECT = ["cache-control", "private", "date", "Mon, 21 Oct 2013 20:13:21 GMT"];
const WHERE = ["location", "https://www.example.com"];
const COOKIE = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const RESPONSES = [
  [":status", "302", ...REDIRECT, ...WHERE],
  [":status", "307", ...REDIRECT, ...WHERE],
  [
    ...[":status", "200", "cache-control", "private", "date", "Mon, 21 Oct 2013 20:13:22 GMT", ...WHERE],
    ...["content-encoding", "gzip", "set-cookie", COOKIE],
  ],
];

/** RFC 7541, appendix C: the blocks of a connection, and what they mean. */
const EXAMPLES: [section: string, blocks: string[], fields: string[][]][] = [
  ["C.2.1", ["400a637573746f6d2d6b65790d637573746f6d2d686561646572"], [["custom-key", "custom-header"]]],
  ["C.2.2", ["040c2f73616d706c652f70617468"], [[":path", "/sample/path"]]],
  ["C.2.3", ["100870617373776f726406736563726574"], [["password", "secret"]]],
  ["C.2.4", ["82"], [[":method", "GET"]]],
  [
    "C.3",
    [
      "828684410f7777772e6578616d706c652e636f6d",
      "828684be58086e6f2d6361636865",
      "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
    ],
    REQUESTS,
  ],
  [
    "C.4",
    [
      "828684418cf1e3c2e5f23a6ba0ab90f4ff",
      "828684be5886a8eb10649cbf",
      "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    ],
    REQUESTS,
  ],
  [
    // A table of 256 bytes, from which entries are evicted: 3fe101 sets its size.
    "C.5",
    [
      "3fe101 4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54" +
        "6e1768747470733a2f2f7777772e6578616d706c652e636f6d",
      "4803333037c1c0bf",
      "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153" +
        "444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
    ],
    RESPONSES,
  ],
  [
    "C.6",
    [
      "3fe101 488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
      "4883640effc1c0bf",
      "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b" +
        "3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    ],
    RESPONSES,
  ],
];

for (const [section, blocks, fields] of EXAMPLES) {
  test(`the header blocks of RFC 7541, ${section}, are decoded as it says`, () => {
    const decoder = new HpackDecoder();
    assert.deepEqual(
      blocks.map((block) => decode(decoder, block)),
      fields,
    );
  });
}

const BROKEN: [what: string, block: string][] = [
  ["the index 0", "80"],
  ["an index beyond both tables", "be"],
  ["a name's index beyond both tables", "7e0161"],
  ["an index in part", "ff"],
  ["an integer beyond 32 bits", "ffffffffffff7f"],
  ["an integer without end", "ff8080808080808080"],
  ["a string longer than the block", "000561"],
  ["a field without a value", "000161"],
  ["a Huffman string with the code of its end", "00016184ffffffff"],
  ["a table larger than allowed", "3fe21f"],
  ["a change of the table's size after a field", "8220"],
];

for (const [what, block] of BROKEN) {
  test(`a header block with ${what} ends the connection`, () => {
    assert.throws(
      () => decode(new HpackDecoder(), block),
      (error) => error instanceof Http2Error && error.errorCode === 9,
    );
  });
}

test("once the server has acknowledged a table of 0 bytes, it cannot make it larger, but its old entries stay until it drops them", () => {
  const decoder = new HpackDecoder();
  decode(decoder, "4001610162");
  decoder.limitTable(0);
  assert.deepEqual(decode(decoder, "be"), ["a", "b"]);
  assert.deepEqual(decode(decoder, "20"), []);
  assert.throws(() => decode(decoder, "be"), Http2Error);
  assert.throws(() => decode(decoder, "21"), Http2Error);
});

test("a block is stateless only if it neither uses nor changes the dynamic table", () => {
  const decoder = new HpackDecoder();
  const isStateless = (block: string): boolean => {
    decode(decoder, block);
    return decoder.isStateless;
  };
  assert.deepEqual(["88", "0001610162", "4001610162", "be", "88", "20"].map(isStateless), [
    ...[true, true, false, false, true, false],
  ]);
});

test("fields beyond the limit are not kept, but the table is as after them", () => {
  const decoder = new HpackDecoder();
  assert.equal(decode(decoder, "4001610162 be be be", 100), undefined);
  assert.deepEqual(decode(decoder, "be"), ["a", "b"]);
});
