import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { OpeningMs } from "./connection.ts";
import { guardedLookup } from "./lookup.ts";

/** The protocols that are asked for by ALPN. */
export type Alpn = "http/1.1" | "h2";

/** A socket that is being opened, and how long each part of that took. */
export interface Opening {
  socket: Socket | TLSSocket;
  isSecure: boolean;
  /** Calls back when the socket can be written to. */
  opened(callback: (times: OpeningMs) => void): void;
}

/** Opens sockets to one origin. */
export class Dialer {
  readonly #host: string;
  readonly #port: number;
  readonly #isSecure: boolean;
  /** The TLS session last given, which spares the next connection a round trip. */
  #session: Buffer | undefined;

  constructor(origin: string) {
    const { hostname, port, protocol } = new URL(origin);
    this.#isSecure = protocol === "https:";
    this.#host = hostname.replace(/^\[|\]$/g, "");
    this.#port = Number(port || (this.#isSecure ? 443 : 80));
  }

  /** Begins to open a socket. `onread` takes what comes without copies, where there is no TLS. */
  dial(alpn: Alpn, onread?: OnReadOpts): Opening {
    const beganMs = performance.now();
    let resolvedMs: number | undefined;
    let connectedMs: number | undefined;
    const socket = this.#isSecure ? this.#dialTls(alpn) : this.#dialTcp(onread);
    socket.once("lookup", () => {
      resolvedMs = performance.now();
    });
    socket.once("connect", () => {
      connectedMs = performance.now();
    });
    const isSecure = this.#isSecure;
    return {
      socket,
      isSecure,
      opened(callback) {
        socket.once(isSecure ? "secureConnect" : "connect", () => {
          const nowMs = performance.now();
          const times: OpeningMs = { connect: (connectedMs ?? nowMs) - (resolvedMs ?? beganMs) };
          if (resolvedMs !== undefined) times.dns = resolvedMs - beganMs;
          if (isSecure) times.tls = nowMs - (connectedMs ?? nowMs);
          callback(times);
        });
      },
    };
  }

  #dialTcp(onread: OnReadOpts | undefined): Socket {
    return connectTcp({
      host: this.#host,
      port: this.#port,
      noDelay: true,
      lookup: guardedLookup,
      ...(onread && { onread }),
    });
  }

  #dialTls(alpn: Alpn): TLSSocket {
    const socket = connectTls({
      host: this.#host,
      port: this.#port,
      lookup: guardedLookup,
      ...(isIP(this.#host) === 0 && { servername: this.#host }),
      ALPNProtocols: [alpn],
      ...(this.#session && { session: this.#session }),
    });
    socket.setNoDelay(true);
    socket.on("session", (session) => {
      this.#session = session;
    });
    return socket;
  }
}
