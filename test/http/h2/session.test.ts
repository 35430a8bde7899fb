import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import type { Exchange } from "../../../lib/http/connection.ts";
import { Http2Error } from "../../../lib/http/h2/http2Error.ts";
import { RequestBlocks } from "../../../lib/http/h2/requestBlock.ts";
import { LastHead } from "../../../lib/http/h2/responseHead.ts";
import { Http2Session } from "../../../lib/http/h2/session.ts";
import { Reading } from "../../../lib/http/response.ts";
import { ACK, END_HEADERS, END_STREAM, FRAME, frame, STATUS_200, uint32 } from "../../support/frames.ts";
import { prepared } from "../../support/prepared.ts";

const PADDED = 8;
const PRIORITY = 0x20;
const PREFACE_BYTES = 24;

interface Sent {
  type: number;
  flags: number;
  stream: number;
  payload: Buffer;
}

interface Response {
  status: number;
  body: string;
  headers: [string, string][];
}

/** A session on a socket that only collects what it is given. */
class Played {
  readonly #written: Buffer[] = [];
  readonly responses: (Response | string)[] = [];
  readonly resets: number[] = [];
  readonly goaways: [code: number, lastStream: number][] = [];
  maxStreams = 0;
  readonly session: Http2Session;
  readonly #blocks = new RequestBlocks("http://127.0.0.1:1");
  readonly reading = new Reading();

  constructor(lastHead = new LastHead()) {
    const socket = {
      writable: true,
      writableLength: 0,
      write: (bytes: Buffer) => this.#written.push(Buffer.from(bytes)),
    };
    const { maxBodyBytes, memory } = this.reading;
    this.session = new Http2Session(
      socket as unknown as Socket,
      { maxBodyBytes, memory, lastHead },
      {
        settings: (maxStreams) => {
          this.maxStreams = maxStreams;
        },
        goaway: (code, lastStream) => this.goaways.push([code, lastStream]),
        ended: () => {},
        wasReset: (_, code) => this.resets.push(code),
      },
    );
  }

  /** Sends a request with a body of so many bytes. */
  send(bodyBytes = 0, n = 0): void {
    const body = bodyBytes === 0 ? {} : { body: "x".repeat(bodyBytes) };
    const request = prepared({ method: "POST", url: "http://127.0.0.1:1/", headers: [], weight: 1, ...body });
    const exchange: Exchange = {
      request,
      n,
      began: () => {},
      responded: (status, bytes, _, source) => {
        this.responses.push({ status, body: bytes.toString("latin1"), headers: source?.headers.all() ?? [] });
      },
      failed: (failure) => this.responses.push(failure),
    };
    const block = this.session.isNew ? this.#blocks.firstOf(request) : this.#blocks.of(request);
    if (block) this.session.send(exchange, block);
  }

  /** Receives bytes in memory that is used for something else afterwards. */
  receive(...frames: Buffer[]): this {
    const bytes = Buffer.concat(frames);
    this.session.receive(bytes);
    bytes.fill(0xee);
    return this;
  }

  /** All frames sent so far. */
  async sent(): Promise<Sent[]> {
    await new Promise(setImmediate);
    const bytes = Buffer.concat(this.#written);
    const frames: Sent[] = [];
    for (let at = PREFACE_BYTES; at < bytes.length; ) {
      const length = bytes.readUIntBE(at, 3);
      const payload = bytes.subarray(at + 9, at + 9 + length);
      frames.push({ type: bytes[at + 3] ?? 0, flags: bytes[at + 4] ?? 0, stream: bytes.readUInt32BE(at + 5), payload });
      at += 9 + length;
    }
    return frames;
  }
}

const SETTINGS = frame(FRAME.settings, 0, 0);
const SETTINGS_ACK = frame(FRAME.settings, ACK, 0);
const setting = (id: number, value: number): Buffer => Buffer.concat([Buffer.from([0, id]), uint32(value)]);
const initialWindow = (bytes: number): Buffer => frame(FRAME.settings, 0, 0, setting(4, bytes));
const windowUpdate = (stream: number, bytes: number): Buffer => frame(FRAME.windowUpdate, 0, stream, uint32(bytes));
const head = (stream: number, flags = END_HEADERS, more: Buffer = Buffer.alloc(0)): Buffer =>
  frame(FRAME.headers, flags, stream, Buffer.concat([STATUS_200, more]));
const data = (stream: number, body: string, flags = 0): Buffer => frame(FRAME.data, flags, stream, body);
const padded = (content: Buffer, padding: number, before: Buffer = Buffer.alloc(0)): Buffer =>
  Buffer.concat([Buffer.from([padding]), before, content, Buffer.alloc(padding)]);

/** A literal that enters the dynamic table. */
const indexed = (name: string, value: string): Buffer<ArrayBuffer> =>
  Buffer.concat([Buffer.from([0x40, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)]);

/** One of every kind of frame that a response may consist of. */
const WHOLE = Buffer.concat([
  SETTINGS,
  SETTINGS_ACK,
  frame(FRAME.ping, 0, 0, Buffer.alloc(8)),
  frame(FRAME.headers, END_HEADERS, 1, Buffer.from("0803313033", "hex")),
  frame(FRAME.headers, PADDED | PRIORITY, 1, padded(STATUS_200, 3, Buffer.alloc(5))),
  frame(FRAME.continuation, 0, 1, Buffer.from([0x40])),
  frame(FRAME.continuation, END_HEADERS, 1, indexed("a", "b").subarray(1)),
  frame(FRAME.data, PADDED, 1, padded(Buffer.from("hel"), 7)),
  frame(2, 0, 1, Buffer.alloc(5)),
  frame(200, 0xff, 1, "unknown"),
  data(1, ""),
  data(1, "lo"),
  frame(FRAME.headers, END_HEADERS | END_STREAM, 1, indexed("trailer", "c")),
]);
const READ: Response = { status: 200, body: "hello", headers: [["a", "b"]] };

test("a response is read the same wherever its bytes are split", () => {
  for (let at = 0; at <= WHOLE.length; at++) {
    const played = new Played();
    played.send();
    const left = played.reading.memory.left;
    played.receive(WHOLE.subarray(0, at)).receive(WHOLE.subarray(at));
    assert.deepEqual(played.responses, [READ], `split at ${at}`);
    assert.equal(played.reading.memory.left, left);
  }
  const played = new Played();
  played.send();
  for (const byte of WHOLE) played.receive(Buffer.from([byte]));
  assert.deepEqual(played.responses, [READ]);
});

test("responses of any valid server, interleaved and cut anywhere, are read as they were written", () => {
  const response = fc.record({
    status: fc.constantFrom("200", "404", "503"),
    headers: fc.array(fc.tuple(fc.constantFrom("a", "x-b", "date"), fc.constantFrom("", "1", "two")), { maxLength: 4 }),
    isIndexed: fc.boolean(),
    pieces: fc.array(fc.string({ unit: "grapheme-ascii", maxLength: 30 }), { maxLength: 4 }),
    padding: fc.nat({ max: 3 }),
    hasLength: fc.boolean(),
    hasTrailers: fc.boolean(),
    cut: fc.nat({ max: 20 }),
  });
  const plan = fc.record({
    responses: fc.array(response, { minLength: 1, maxLength: 6 }),
    order: fc.array(fc.nat({ max: 5 }), { maxLength: 60 }),
    cuts: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 40 }),
  });
  fc.assert(
    fc.property(plan, ({ responses, order, cuts }) => {
      const queues = responses.map((each, index) => {
        const stream = 2 * index + 1;
        const body = each.pieces.join("");
        const fields: [string, string][] = [...each.headers];
        if (each.hasLength) fields.push(["content-length", String(body.length)]);
        const literal = (name: string, value: string): Buffer => {
          const bytes = indexed(name, value);
          if (!each.isIndexed) bytes[0] = 0;
          return bytes;
        };
        const block = Buffer.concat([literal(":status", each.status), ...fields.map(([a, b]) => literal(a, b))]);
        const cut = Math.min(each.cut, block.length);
        const isLast = (at: number): boolean => at === each.pieces.length - 1 && !each.hasTrailers;
        const frames: Buffer[][] = [
          [
            frame(FRAME.headers, 0, stream, block.subarray(0, cut)),
            frame(FRAME.continuation, END_HEADERS, stream, block.subarray(cut)),
          ],
          ...each.pieces.map((piece, at) => [
            each.padding === 0
              ? frame(FRAME.data, isLast(at) ? END_STREAM : 0, stream, piece)
              : frame(
                  FRAME.data,
                  PADDED | (isLast(at) ? END_STREAM : 0),
                  stream,
                  padded(Buffer.from(piece), each.padding),
                ),
          ]),
        ];
        if (each.hasTrailers) frames.push([frame(FRAME.headers, END_HEADERS | END_STREAM, stream, literal("t", "u"))]);
        else if (each.pieces.length === 0) frames.push([frame(FRAME.data, END_STREAM, stream)]);
        return { frames, expected: { status: Number(each.status), body, headers: fields } };
      });
      const bytes: Buffer[] = [SETTINGS];
      const expected: Response[] = [];
      const open = [...queues];
      for (let turn = 0; open.length > 0; turn++) {
        const index = (order[turn] ?? 0) % open.length;
        const queue = open[index];
        bytes.push(...(queue?.frames.shift() ?? []));
        if (queue?.frames.length !== 0) continue;
        expected.push(queue.expected);
        open.splice(index, 1);
      }
      const played = new Played();
      for (const _ of responses) played.send();
      let rest = Buffer.concat(bytes);
      for (const cut of cuts) {
        played.receive(Buffer.from(rest.subarray(0, cut)));
        rest = rest.subarray(cut);
      }
      played.receive(rest);
      assert.deepEqual(played.responses, expected);
    }),
    { numRuns: 300 },
  );
});

test("a body is sent as far as the server's windows allow, and goes on when they open", async () => {
  const played = new Played();
  played.receive(initialWindow(10));
  played.send(35);
  const bodies = async (): Promise<number[]> =>
    (await played.sent()).filter(({ type }) => type === FRAME.data).map(({ payload }) => payload.length);
  assert.deepEqual(await bodies(), [10]);
  played.receive(windowUpdate(1, 1));
  assert.deepEqual(await bodies(), [10, 1]);
  played.receive(initialWindow(15));
  assert.deepEqual(await bodies(), [10, 1, 5]);
  // Smaller by 10: the stream's window is below 0 until the server opens it by more than that.
  played.receive(initialWindow(5), windowUpdate(1, 10));
  assert.deepEqual(await bodies(), [10, 1, 5]);
  played.receive(windowUpdate(1, 4));
  assert.deepEqual(await bodies(), [10, 1, 5, 4]);
  played.receive(initialWindow(1_000));
  assert.deepEqual(await bodies(), [10, 1, 5, 4, 15]);
  const frames = (await played.sent()).filter(({ type }) => type === FRAME.data);
  assert.deepEqual(
    frames.map(({ flags }) => flags),
    [0, 0, 0, 0, END_STREAM],
  );
  assert.equal(Buffer.concat(frames.map(({ payload }) => payload)).toString(), "x".repeat(35));
});

test("the connection's window holds bodies of all streams back, and frames are no longer than every server takes", async () => {
  const played = new Played();
  played.receive(initialWindow(1_000_000));
  played.send(60_000);
  played.send(60_000);
  const sentBy = async (stream: number): Promise<number> =>
    (await played.sent())
      .filter(({ type, stream: own }) => type === FRAME.data && own === stream)
      .reduce((sum, { payload }) => sum + payload.length, 0);
  assert.deepEqual([await sentBy(1), await sentBy(3)], [60_000, 5_535]);
  played.receive(windowUpdate(0, 100_000));
  assert.deepEqual([await sentBy(1), await sentBy(3)], [60_000, 60_000]);
  assert.ok((await played.sent()).every(({ payload }) => payload.length <= 16_384));
});

test("a stream that is answered before its body is sent is reset, and its body goes no further", async () => {
  const played = new Played();
  played.receive(initialWindow(10));
  played.send(35);
  played.receive(head(1, END_HEADERS | END_STREAM), initialWindow(1_000), windowUpdate(0, 1_000));
  assert.deepEqual(played.responses, [{ status: 200, body: "", headers: [] }]);
  const frames = (await played.sent()).filter(({ stream }) => stream === 1);
  assert.deepEqual(
    frames.map(({ type }) => type),
    [FRAME.headers, FRAME.data, FRAME.rst],
  );
});

test("what still arrives of a cancelled stream is ignored, but its headers enter the table", () => {
  const played = new Played();
  played.receive(SETTINGS);
  played.send();
  played.send();
  const [first] = played.session.streams.values();
  if (first) played.session.cancel(first);
  played.receive(head(1, END_HEADERS, indexed("a", "b")), data(1, "late", END_STREAM));
  // 0xbe is the newest entry of the dynamic table.
  played.receive(head(3, END_HEADERS | END_STREAM, Buffer.from([0xbe])));
  assert.deepEqual(played.responses, [{ status: 200, body: "", headers: [["a", "b"]] }]);
});

test("a head that enters the table is decoded each time, and one that does not may be known already", () => {
  const played = new Played();
  for (let count = 0; count < 4; count++) played.send();
  const block = indexed("a", "b");
  played.receive(SETTINGS, head(1, END_HEADERS | END_STREAM, block), head(3, END_HEADERS | END_STREAM, block));
  // 0xbf is the entry before the newest one: there are two.
  played.receive(head(5, END_HEADERS | END_STREAM, Buffer.from([0xbf])));
  played.receive(SETTINGS_ACK, frame(FRAME.headers, END_HEADERS | END_STREAM, 7, Buffer.from([0x20, 0x88])));
  assert.deepEqual(
    played.responses.map((each) => (typeof each === "string" ? each : each.headers)),
    [[["a", "b"]], [["a", "b"]], [["a", "b"]], []],
  );
});

test("a head known from a connection without a table still enters the table of another connection", () => {
  const lastHead = new LastHead();
  const block = indexed("a", "b");
  const without = new Played(lastHead);
  without.send();
  without.send();
  without.receive(SETTINGS, SETTINGS_ACK);
  without.receive(frame(FRAME.headers, END_HEADERS | END_STREAM, 1, Buffer.from([0x20, 0x88])));
  without.receive(head(3, END_HEADERS | END_STREAM, block));
  const other = new Played(lastHead);
  other.send();
  other.send();
  other.receive(SETTINGS, head(1, END_HEADERS | END_STREAM, block));
  other.receive(head(3, END_HEADERS | END_STREAM, Buffer.from([0xbe])));
  const response = { status: 200, body: "", headers: [["a", "b"]] };
  assert.deepEqual(other.responses, [response, response]);
});

test("the server may send 64 MiB to a connection and 4 MiB to a stream, which are opened again as they are used", async () => {
  const played = new Played();
  played.receive(SETTINGS);
  played.send();
  const [first, second] = (await played.sent()).filter(({ stream }) => stream === 0);
  assert.equal(first?.type, FRAME.settings);
  assert.deepEqual([second?.type, second?.payload.readUInt32BE()], [FRAME.windowUpdate, 64 * 1024 * 1024 - 65_535]);
  played.receive(head(1));
  for (let count = 0; count < 129; count++) played.receive(data(1, "x".repeat(16_384)));
  const updates = (await played.sent()).filter(({ type, stream }) => type === FRAME.windowUpdate && stream === 1);
  assert.deepEqual(
    updates.map(({ payload }) => payload.readUInt32BE()),
    [129 * 16_384],
  );
});

test("SETTINGS and PING are acknowledged, and a limit on streams is told to the connection", async () => {
  const played = new Played();
  played.receive(frame(FRAME.settings, 0, 0, setting(3, 7)), frame(FRAME.ping, 0, 0, "12345678"));
  assert.equal(played.maxStreams, 7);
  const acks = (await played.sent()).filter(({ flags }) => flags === ACK);
  assert.deepEqual(
    acks.map(({ type, payload }) => [type, payload.toString()]),
    [
      [FRAME.settings, ""],
      [FRAME.ping, "12345678"],
    ],
  );
});

const PROTOCOL = 1;
const FLOW = 3;
const SIZE = 6;
const COMPRESSION = 9;

/** What a server must not send, and the error code that it gets for it. */
const BREACHES: [what: string, code: number, frames: Buffer[]][] = [
  ["anything before its SETTINGS", PROTOCOL, [frame(FRAME.ping, 0, 0, Buffer.alloc(8))]],
  ["a frame longer than 16,384 bytes", SIZE, [SETTINGS, data(1, "x".repeat(16_385))]],
  ["a push", PROTOCOL, [SETTINGS, frame(5, END_HEADERS, 1, Buffer.concat([uint32(2), STATUS_200]))]],
  ["SETTINGS of half a setting", SIZE, [frame(FRAME.settings, 0, 0, "abc")]],
  ["SETTINGS on a stream", PROTOCOL, [SETTINGS, frame(FRAME.settings, 0, 1)]],
  ["an acknowledgement with settings", SIZE, [SETTINGS, frame(FRAME.settings, ACK, 0, setting(3, 1))]],
  ["a second acknowledgement", PROTOCOL, [SETTINGS, SETTINGS_ACK, SETTINGS_ACK]],
  ["an initial window of 2 GiB", FLOW, [initialWindow(2 ** 31)]],
  ["a maximum frame size below 16,384", PROTOCOL, [frame(FRAME.settings, 0, 0, setting(5, 16_383))]],
  ["ENABLE_PUSH", PROTOCOL, [frame(FRAME.settings, 0, 0, setting(2, 1))]],
  ["PING of seven bytes", SIZE, [SETTINGS, frame(FRAME.ping, 0, 0, "1234567")]],
  ["an answer to no PING", PROTOCOL, [SETTINGS, frame(FRAME.ping, ACK, 0, "12345678")]],
  ["a short GOAWAY", SIZE, [SETTINGS, frame(FRAME.goaway, 0, 0, uint32(0))]],
  ["a WINDOW_UPDATE by nothing", PROTOCOL, [SETTINGS, windowUpdate(0, 0)]],
  ["more window than there can be", FLOW, [SETTINGS, windowUpdate(0, 2 ** 31 - 1)]],
  [
    "an initial window that makes a stream's too large",
    FLOW,
    [SETTINGS, windowUpdate(1, 10), initialWindow(2 ** 31 - 1)],
  ],
  ["RST_STREAM of three bytes", SIZE, [SETTINGS, frame(FRAME.rst, 0, 1, "abc")]],
  ["RST_STREAM of a stream that nobody opened", PROTOCOL, [SETTINGS, frame(FRAME.rst, 0, 3, uint32(0))]],
  ["PRIORITY of four bytes", SIZE, [SETTINGS, frame(2, 0, 1, uint32(0))]],
  ["CONTINUATION of nothing", PROTOCOL, [SETTINGS, frame(FRAME.continuation, END_HEADERS, 1)]],
  ["a frame within a header block", PROTOCOL, [SETTINGS, head(1, 0), data(1, "x")]],
  ["more padding than payload", PROTOCOL, [SETTINGS, head(1), frame(FRAME.data, PADDED, 1, Buffer.from([1]))]],
  ["padding without its length", PROTOCOL, [SETTINGS, head(1), frame(FRAME.data, PADDED, 1)]],
  ["a header block that HPACK does not know", COMPRESSION, [SETTINGS, head(1, END_HEADERS, Buffer.from([0x80]))]],
  [
    "header blocks without end",
    11,
    [SETTINGS, head(1, 0), ...Array.from({ length: 5 }, () => frame(FRAME.continuation, 0, 1, "x".repeat(16_000)))],
  ],
];

for (const [what, code, frames] of BREACHES) {
  test(`a server that sends ${what} ends the connection`, () => {
    const played = new Played();
    played.send();
    assert.throws(
      () => played.receive(...frames),
      (error) => error instanceof Http2Error && error.errorCode === code,
    );
  });
}

const MALFORMED: [what: string, block: Buffer][] = [
  ["an upper-case name", Buffer.concat([STATUS_200, indexed("A", "b")])],
  ["a header about the connection", Buffer.concat([STATUS_200, indexed("connection", "close")])],
  ["a second status", Buffer.concat([STATUS_200, STATUS_200])],
  ["a status after a header", Buffer.concat([indexed("a", "b"), STATUS_200])],
  ["a pseudo-header of requests", Buffer.concat([STATUS_200, Buffer.from([0x84])])],
  ["a status that is no number", indexed(":status", "2xx")],
  ["a switch of protocols", indexed(":status", "101")],
  ["two lengths", Buffer.concat([STATUS_200, indexed("content-length", "1"), indexed("content-length", "1")])],
  ["a length that is no number", Buffer.concat([STATUS_200, indexed("content-length", "-1")])],
];

for (const [what, block] of MALFORMED) {
  test(`a head with ${what} fails its request, and others go on`, () => {
    const played = new Played();
    played.receive(SETTINGS);
    played.send();
    played.send();
    played.receive(frame(FRAME.headers, END_HEADERS | END_STREAM, 1, block), head(3, END_HEADERS | END_STREAM));
    assert.deepEqual(played.responses, ["http2-stream-protocol-error", { status: 200, body: "", headers: [] }]);
  });
}
