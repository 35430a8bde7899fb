import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Connection, ConnectionEvents, Exchange, Waiting } from "./connection.ts";
import { classifyFailure } from "./failure.ts";
import { ResponseParser } from "./response.ts";

/** Bytes that one read takes from a socket at most. */
const READ_BYTES = 64 * 1024;

/** Where HTTP/1.1 connections of one origin go, and what they share. */
export class Http1Origin {
  readonly #url: URL;
  /** One buffer for all connections: each read is used up before the next one begins. */
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  /** The TLS session last given, which spares the next connection a round trip. */
  #session: Buffer | undefined;

  constructor(origin: string) {
    this.#url = new URL(origin);
  }

  /** Opens a socket that calls `read` with what comes; those bytes hold only until it returns. */
  connect(opened: () => void, read: (bytes: Buffer) => void): Socket {
    const host = this.#url.hostname.replace(/^\[|\]$/g, "");
    if (this.#url.protocol === "https:") return this.#connectTls(host, opened, read);
    const socket = connectTcp({
      host,
      port: Number(this.#url.port || 80),
      noDelay: true,
      onread: {
        buffer: this.#buffer,
        callback: (length) => {
          read(this.#buffer.subarray(0, length));
          return true;
        },
      },
    });
    socket.once("connect", opened);
    return socket;
  }

  #connectTls(host: string, opened: () => void, read: (bytes: Buffer) => void): TLSSocket {
    const socket = connectTls({
      host,
      port: Number(this.#url.port || 443),
      ...(isIP(host) === 0 && { servername: host }),
      ALPNProtocols: ["http/1.1"],
      ...(this.#session && { session: this.#session }),
    });
    socket.setNoDelay(true);
    socket.on("session", (session) => {
      this.#session = session;
    });
    socket.once("secureConnect", opened);
    socket.on("data", read);
    return socket;
  }
}

/**
 * An HTTP/1.1 connection that carries one request at a time. Ours rather than undici's because a load tester's requests
 * are known before the run: each is one ready buffer, and each response is read in place (see docs/engine.md).
 */
export class Http1Connection implements Connection {
  readonly capacity = 1;
  inFlight = 0;
  readonly #events: ConnectionEvents;
  readonly #keepalive: boolean;
  readonly #socket: Socket;
  readonly #parser = new ResponseParser();
  #open = false;
  #exchange: Exchange | undefined;
  #error: unknown;
  /** Called once when it is known whether the connection opens. */
  #settled: (() => void) | undefined;

  constructor(origin: Http1Origin, keepalive: boolean, events: ConnectionEvents, settled?: () => void) {
    this.#events = events;
    this.#keepalive = keepalive;
    this.#settled = settled;
    this.#socket = origin.connect(
      () => this.#opened(),
      (bytes) => this.#read(bytes),
    );
    this.#socket.on("error", (error) => {
      this.#error = error;
    });
    this.#socket.on("close", () => this.#closed());
  }

  send(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#parser.begin(exchange.request.method === "HEAD");
    if (this.#open) this.#socket.write(exchange.request.http1);
  }

  #opened(): void {
    this.#open = true;
    this.#settled?.();
    this.#settled = undefined;
    if (this.#exchange) this.#socket.write(this.#exchange.request.http1);
  }

  #read(bytes: Buffer): void {
    const exchange = this.#exchange;
    // Bytes that no request asked for: nothing that follows could be matched to a request.
    if (!exchange) {
      this.destroy();
      return;
    }
    try {
      if (!this.#parser.feed(bytes)) return;
    } catch (error) {
      this.#error = error;
      this.destroy();
      return;
    }
    this.#respond(exchange);
  }

  #respond(exchange: Exchange): void {
    this.#exchange = undefined;
    if (this.#keepalive && this.#parser.reusable) {
      this.#events.released(this);
    } else {
      this.#events.closed(this);
      this.#socket.destroy();
    }
    exchange.responded(this.#parser.status, this.#parser.body);
  }

  #closed(): void {
    this.#settled?.();
    this.#settled = undefined;
    const exchange = this.#exchange;
    if (exchange && !this.#error && this.#parser.close()) {
      this.#respond(exchange);
      return;
    }
    this.#exchange = undefined;
    this.#events.closed(this);
    exchange?.failed(this.#error ? classifyFailure(this.#error) : "UND_ERR_SOCKET");
  }

  waitingFor(): Waiting {
    if (!this.#open) return "connect";
    return this.#parser.status === 0 ? "headers" : "body";
  }

  cancel(): void {
    this.#exchange = undefined;
    this.#events.closed(this);
    this.#socket.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
