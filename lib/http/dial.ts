import {
  connect as connectTcp,
  isIP,
  type LookupFunction,
  type OnReadOpts,
  type Socket,
  type TcpNetConnectOpts,
} from "node:net";
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  type TLSSocket,
  type ConnectionOptions as TlsOptions,
} from "node:tls";
import { destinationOf } from "../plan/connect.ts";
import type { ConnectionOptions, OpeningMs } from "./connection.ts";

/** How long a connection is idle before TCP sends keep-alive probes, in ms: the same as Go's client. */
const KEEP_ALIVE_MS = 15_000;

/** The protocols offered by ALPN. */
export type Alpn = "http/1.1" | "h2";

/** A socket that is being opened, with the durations of its phases. */
export interface Opening {
  socket: Socket | TLSSocket;
  isSecure: boolean;
  /** Calls back when the socket is writable. */
  opened(callback: (times: OpeningMs) => void): void;
}

/** Opens sockets to one origin. */
export class Dialer {
  readonly #isSecure: boolean;
  /** The address that sockets connect to. */
  readonly #to: { path: string } | Pick<TcpNetConnectOpts, "host" | "port" | "lookup">;
  readonly #tls: TlsOptions;
  /** The latest TLS session, which saves the next connection a round trip. */
  #session: Buffer | undefined;

  constructor(
    origin: string,
    options: Pick<ConnectionOptions, "resolve" | "unixSocket" | "secure">,
    lookup: LookupFunction,
  ) {
    const { hostname, port, protocol } = new URL(origin);
    const { resolve, unixSocket, secure } = options;
    this.#isSecure = protocol === "https:";
    const host = hostname.replace(/^\[|\]$/g, "");
    const to = destinationOf(host, Number(port || (this.#isSecure ? 443 : 80)), resolve);
    this.#to = unixSocket === undefined ? { ...to, lookup } : { path: unixSocket };
    // The certificate must be the target's, whatever address the socket connects to.
    const name = secure?.serverName ?? host;
    this.#tls = {
      ...(isIP(name) === 0 && { servername: name }),
      checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
      // One for all sockets: to make one takes longer than all else that a socket needs before its handshake.
      ...(this.#isSecure && { secureContext: secure?.context ?? createSecureContext() }),
      ...(secure && { rejectUnauthorized: !secure.insecure }),
    };
  }

  /** Starts opening a socket. `onread` receives data without copying. */
  dial(alpn: Alpn, onread?: OnReadOpts): Opening {
    const beganMs = performance.now();
    let resolvedMs: number | undefined;
    let connectedMs: number | undefined;
    const socket = this.#isSecure
      ? this.#dialTls(alpn, onread)
      : connectTcp({ ...this.#to, ...(onread && { onread }) });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
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

  #dialTls(alpn: Alpn, onread?: OnReadOpts): TLSSocket {
    const socket = connectTls({
      ...this.#to,
      ...this.#tls,
      ALPNProtocols: [alpn],
      ...(onread && { onread }),
      ...(this.#session && { session: this.#session }),
    });
    socket.on("session", (session) => {
      this.#session = session;
    });
    return socket;
  }
}
