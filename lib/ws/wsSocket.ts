import WebSocket from "ws";
import type { ConnectionOptions, OpeningMs } from "../http/connection.ts";
import type { Dialer } from "../http/dial.ts";
import type { Handshake } from "../http/request.ts";
import { handshakeUrl } from "../plan/httpUrl.ts";
import { MAX_BODY_BYTES } from "../plan/sizes.ts";
import { handshakeHeaders, subprotocols } from "./handshake.ts";
import { ABNORMAL, closeClass, upgradeClass, wsErrorClass } from "./wsFailure.ts";

/** How often an open socket is pinged, in ms: less than the minute after which proxies close idle connections. */
const PING_MS = 20_000;

/** The class of a socket that did not respond to a ping. */
const NO_PONG = "ws-no-pong";

/** How a socket ended. */
export interface WsEnd {
  /** The class of the calls in flight on it. */
  failure: string;
  /** The close code; undefined if the socket never opened. */
  code?: number;
}

/** The events of a socket. */
export interface WsEvents {
  opened(times: OpeningMs): void;
  /** A complete message, decompressed. Never called after `close` or `destroy`. */
  message(data: Buffer): void;
  /** It was closed, or could not be opened. Called once, and never after `close` or `destroy`. */
  ended(end: WsEnd): void;
}

/** Options for opening sockets. */
export interface WsOptions extends Pick<ConnectionOptions, "timeoutMs" | "limits"> {
  /** Whether message compression is offered (permessage-deflate). */
  compress: boolean;
}

/**
 * A WebSocket of the `ws` library, opened like the load's connections: with the plan's tls, resolve and unixSocket.
 * Responds to pings and pings the other side, so that a dead socket is detected without any message.
 */
export class WsSocket {
  readonly #ws: WebSocket;
  readonly #events: WsEvents;
  readonly #ping: NodeJS.Timeout;
  #isAlive = true;
  #isEnded = false;
  #failure: string | undefined;
  /** Whether the handshake succeeded. */
  isOpen = false;

  constructor(handshake: Handshake, dialer: Dialer, options: WsOptions, events: WsEvents) {
    this.#events = events;
    let times: OpeningMs = { connect: 0 };
    const create = () => {
      const opening = dialer.dial("http/1.1");
      opening.opened((measured) => {
        times = measured;
      });
      return opening.socket;
    };
    this.#ws = new WebSocket(`${handshake.origin}/`, subprotocols(handshake), {
      createConnection: create as unknown as NonNullable<WebSocket.ClientOptions["createConnection"]>,
      handshakeTimeout: Math.ceil(options.timeoutMs),
      maxPayload: options.limits?.maxBodyBytes ?? MAX_BODY_BYTES,
      perMessageDeflate: options.compress,
      skipUTF8Validation: true,
      // The path as the plan has it, not as a URL parser would rewrite it.
      finishRequest: (request) => {
        request.path = handshake.path;
        for (const [name, value] of Object.entries(handshakeHeaders(handshake))) request.setHeader(name, value);
        request.end();
      },
    });
    this.#ws.on("open", () => {
      this.isOpen = true;
      events.opened(times);
    });
    this.#ws.on("message", (data: Buffer) => {
      // A packet may hold messages after the one on which the socket was closed.
      if (this.#isEnded) return;
      this.#isAlive = true;
      events.message(data);
    });
    this.#ws.on("pong", () => {
      this.#isAlive = true;
    });
    this.#ws.on("unexpected-response", (_, response) => {
      this.#failure ??= upgradeClass(response.statusCode ?? 0);
      response.destroy();
      this.#end(ABNORMAL);
    });
    this.#ws.on("error", (error: NodeJS.ErrnoException) => {
      this.#failure ??= wsErrorClass(error, this.isOpen);
    });
    this.#ws.on("close", (code) => this.#end(code));
    this.#ping = setInterval(() => this.#checkAlive(), PING_MS);
    this.#ping.unref();
  }

  /** Bytes sent that the operating system has not accepted yet. */
  get bufferedBytes(): number {
    return this.#ws.bufferedAmount;
  }

  /** Sends a text message; the bytes are not retained, unless messages are compressed. */
  send(bytes: Buffer): void {
    this.#ws.send(bytes, { binary: false });
  }

  /** Closes it with a close frame, as a regular client does; `ended` is not called any more. */
  close(): void {
    this.#forget();
    if (this.isOpen) this.#ws.close(1_000);
    else this.#ws.terminate();
  }

  /** Closes it at once; `ended` is not called any more. */
  destroy(): void {
    this.#forget();
    this.#ws.terminate();
  }

  #forget(): void {
    this.#isEnded = true;
    clearInterval(this.#ping);
  }

  #checkAlive(): void {
    if (!this.isOpen) return;
    if (this.#isAlive) {
      this.#isAlive = false;
      this.#ws.ping();
      return;
    }
    this.#failure ??= NO_PONG;
    this.#ws.terminate();
  }

  #end(code: number): void {
    if (this.#isEnded) return;
    this.#forget();
    const failure = this.#failure ?? closeClass(code);
    this.#events.ended({ failure, ...(this.isOpen && { code }) });
  }
}

/** The origin used to look up, check and dial a handshake's host. */
export function dialedOrigin({ origin }: Handshake): string {
  return handshakeUrl(origin);
}
