import type { Socket } from "node:net";
import type { Exchange } from "../connection.ts";
import { Http2Stream } from "../http2Stream.ts";
import { FrameReader } from "./frameReader.ts";
import { CODE, FLAG, FRAME, type FrameHead, frameOf, MAX_WINDOW, readUint31 } from "./frames.ts";
import { HeaderBlock } from "./headerBlock.ts";
import { breach, wrongSize } from "./http2Error.ts";
import { MAX_HEAD_BYTES, OPENING, TABLE_BYTES } from "./opening.ts";
import { Outgoing } from "./outgoing.ts";
import type { RequestBlock } from "./requestBlock.ts";
import { increment, RequestFrames } from "./requestFrames.ts";
import { Responses, type SessionReading } from "./responses.ts";
import { ServerSettings } from "./serverSettings.ts";

const PING_BYTES = 8;
const PRIORITY_BYTES = 5;
const GOAWAY_BYTES = 8;

/** What a session reports to its connection. */
export interface SessionEvents {
  /** The server's settings have arrived or changed. */
  settings(maxStreams: number): void;
  /** The server processes no streams beyond `lastStream`. */
  goaway(code: number, lastStream: number): void;
  /** A stream has ended. Called before its exchange is. */
  ended(): void;
  /** The server has reset a stream. */
  wasReset(stream: Http2Stream, code: number): void;
}

/** HTTP/2's frames on one connection, as a client sends and receives them (RFC 9113). */
export class Http2Session {
  readonly #events: SessionEvents;
  readonly #out: Outgoing;
  readonly #requests: RequestFrames;
  readonly #reader: FrameReader;
  readonly #responses: Responses;
  readonly #block: HeaderBlock;
  readonly #settings = new ServerSettings();
  readonly #streams = new Map<number, Http2Stream>();
  #nextId = 1;
  #isAcknowledged = false;
  #isClosed = false;

  constructor(socket: Socket, reading: SessionReading, events: SessionEvents) {
    const { memory } = reading;
    this.#events = events;
    this.#out = new Outgoing(socket);
    this.#responses = new Responses(this.#out, reading, this);
    this.#requests = new RequestFrames(this.#out);
    this.#reader = new FrameReader(memory, (head, bytes, at) => this.#take(head, bytes, at));
    this.#block = new HeaderBlock(memory, MAX_HEAD_BYTES);
    this.#out.send(OPENING);
  }

  /** The streams that have not ended, by their ids. */
  get streams(): ReadonlyMap<number, Http2Stream> {
    return this.#streams;
  }

  /** Whether no request was sent yet. */
  get isNew(): boolean {
    return this.#nextId === 1;
  }

  /** Whether there are ids for more streams. */
  get hasIds(): boolean {
    return this.#nextId <= MAX_WINDOW;
  }

  send(exchange: Exchange, block: RequestBlock): void {
    const stream = new Http2Stream(this.#nextId, exchange, this.#settings.initialWindow);
    this.#nextId += 2;
    this.#streams.set(stream.id, stream);
    this.#requests.send(stream, block);
  }

  /** Ends a stream without a call of its exchange, and tells the server. */
  cancel(stream: Http2Stream): void {
    this.#responses.cancel(stream, CODE.cancel);
  }

  /** Frees a stream's place. */
  end(stream: Http2Stream): void {
    this.#streams.delete(stream.id);
    this.#requests.drop(stream);
    this.#events.ended();
  }

  /** Takes the bytes that the server sent. Throws an Http2Error if the connection cannot go on. */
  receive(bytes: Buffer): void {
    if (this.#isClosed) return;
    this.#reader.feed(bytes);
    this.#responses.keepLoose();
  }

  /** Sends a GOAWAY, and reads nothing more. */
  close(errorCode: number): void {
    if (!this.#isClosed) this.#out.send(frameOf(FRAME.goaway, 0, [0, errorCode]));
    this.#out.flush();
    this.release();
  }

  /** Reads nothing more, and releases the memory of what arrived in part. */
  release(): void {
    this.#isClosed = true;
    this.#reader.release();
    this.#block.release();
  }

  #take(head: FrameHead, bytes: Buffer, at: number): boolean {
    const { type } = head;
    if (this.#block.stream !== 0 && (type !== FRAME.continuation || head.stream !== this.#block.stream))
      breach("a frame within a header block");
    if (type === FRAME.data) this.#responses.takeData(this.#streamOf(head), head, bytes, at);
    else if (type === FRAME.headers) this.#headers(head, bytes, at);
    else if (type === FRAME.windowUpdate) this.#windowUpdate(head, bytes, at);
    else if (type === FRAME.reset) this.#reset(head, bytes, at);
    else if (type === FRAME.continuation) this.#continuation(head, bytes, at);
    else if (type === FRAME.priority) {
      if (head.stream === 0) breach("PRIORITY of no stream");
      if (head.length !== PRIORITY_BYTES) wrongSize("PRIORITY");
    } else this.#ofConnection(head, bytes, at);
    return !this.#isClosed;
  }

  /** Frames about the connection; those of unknown types are ignored. */
  #ofConnection(head: FrameHead, bytes: Buffer, at: number): void {
    const { type, stream } = head;
    if (type === FRAME.pushPromise) breach("a push, which is not enabled");
    if (type !== FRAME.settings && type !== FRAME.ping && type !== FRAME.goaway) return;
    if (stream !== 0) breach("a frame about the connection on a stream");
    if (type === FRAME.settings) this.#setting(head, bytes, at);
    else if (type === FRAME.ping) this.#ping(head, bytes, at);
    else this.#goaway(head, bytes, at);
  }

  #setting({ flags, length }: FrameHead, bytes: Buffer, at: number): void {
    if ((flags & FLAG.ack) !== 0) {
      if (length !== 0) wrongSize("SETTINGS");
      if (this.#isAcknowledged) breach("an acknowledgement of nothing");
      this.#isAcknowledged = true;
      this.#responses.limitTable(TABLE_BYTES);
      return;
    }
    const before = this.#settings.initialWindow;
    this.#settings.read(bytes, at, length);
    const change = this.#settings.initialWindow - before;
    if (change !== 0) for (const stream of this.#streams.values()) this.#requests.openStream(stream, change);
    this.#out.acknowledge(FRAME.settings, bytes.subarray(at, at));
    this.#events.settings(this.#settings.maxStreams);
  }

  #ping({ flags, length }: FrameHead, bytes: Buffer, at: number): void {
    if (length !== PING_BYTES) wrongSize("PING");
    if ((flags & FLAG.ack) !== 0) breach("an answer to no PING");
    this.#out.acknowledge(FRAME.ping, bytes.subarray(at, at + PING_BYTES));
  }

  #goaway({ length }: FrameHead, bytes: Buffer, at: number): void {
    if (length < GOAWAY_BYTES) wrongSize("GOAWAY");
    this.#events.goaway(bytes.readUInt32BE(at + 4), readUint31(bytes, at));
  }

  #windowUpdate(head: FrameHead, bytes: Buffer, at: number): void {
    if (head.length !== 4) wrongSize("WINDOW_UPDATE");
    const opened = increment(readUint31(bytes, at));
    if (head.stream === 0) {
      this.#requests.open(opened);
      return;
    }
    const stream = this.#streamOf(head);
    if (!stream) return;
    if (stream.sendWindow + opened > MAX_WINDOW) this.#responses.refuse(stream, CODE.flowControl);
    else this.#requests.openStream(stream, opened);
  }

  #reset(head: FrameHead, bytes: Buffer, at: number): void {
    if (head.length !== 4) wrongSize("RST_STREAM");
    const stream = this.#streamOf(head);
    if (stream) this.#events.wasReset(stream, bytes.readUInt32BE(at));
  }

  #headers(head: FrameHead, bytes: Buffer, at: number): void {
    const stream = this.#streamOf(head);
    const range = HeaderBlock.fragment(head, bytes, at);
    const isEnd = (head.flags & FLAG.endStream) !== 0;
    if ((head.flags & FLAG.endHeaders) !== 0) {
      this.#responses.takeBlock({ stream, isEnd }, bytes, range);
      return;
    }
    this.#block.begin(head.stream, isEnd);
    this.#block.add(bytes, range);
  }

  #continuation(head: FrameHead, bytes: Buffer, at: number): void {
    if (this.#block.stream === 0) breach("a CONTINUATION of nothing");
    this.#block.add(bytes, [at, at + head.length]);
    if ((head.flags & FLAG.endHeaders) === 0) return;
    const block = this.#block.take();
    const stream = this.#streams.get(head.stream);
    this.#responses.takeBlock({ stream, isEnd: this.#block.isEnd }, block, [0, block.length]);
  }

  /** A frame's stream; undefined if it has ended. Throws if there never was one. */
  #streamOf({ stream }: FrameHead): Http2Stream | undefined {
    if (stream === 0 || stream % 2 === 0 || stream >= this.#nextId) breach("a frame on a stream that nobody opened");
    return this.#streams.get(stream);
  }
}
