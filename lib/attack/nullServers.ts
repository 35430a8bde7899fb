import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createSecureContext, createServer as createTlsServer } from "node:tls";
import { WebSocketServer } from "ws";
import type { Secure } from "../http/secure.ts";
import { isHttpsUrl, isWebSocketUrl } from "../plan/httpUrl.ts";
import type { Plan } from "../plan/schema.ts";
import { answerStreamsOn } from "./nullHttp2.ts";
import { answerOn, listening, nullBody, startNullServer } from "./nullServer.ts";

/** A cipher without certificates: nothing leaves the process, and a certificate would need a private key. */
const ANONYMOUS = { ciphers: "AECDH-AES128-SHA:@SECLEVEL=0", maxVersion: "TLSv1.2" } as const;

/** Null servers for what a plan's targets speak. */
export interface NullServers {
  /** The origin of the one that answers for a target's URL. */
  originFor(url: string): string;
  /** The origins of those for HTTP. */
  http: readonly string[];
  /** The TLS settings that those with TLS need. */
  secure: Secure;
  close(): void;
}

type Scheme = "http:" | "https:" | "ws:";

type Started = { close(): unknown; address(): unknown };

/** Starts the null servers that a plan's targets need; undefined if the machine has no port or no cipher for them. */
export async function startNullServers({ chains, http }: Plan): Promise<NullServers | undefined> {
  const schemes = new Set(chains.flatMap(({ targets }) => targets.map(({ url }) => schemeOf(url))));
  const started = new Map<Scheme, Started>();
  const origin = (scheme: Scheme): string => {
    const { port } = (started.get(scheme) as Started).address() as AddressInfo;
    return `${scheme}//127.0.0.1:${port}`;
  };
  const close = (): void => {
    for (const server of started.values()) server.close();
  };
  try {
    for (const scheme of schemes) started.set(scheme, await start(scheme, http));
    return {
      originFor: (url) => origin(schemeOf(url)),
      http: [...schemes].filter((scheme) => !isWebSocketUrl(scheme)).map(origin),
      secure: { context: createSecureContext(ANONYMOUS), insecure: true },
      close,
    };
  } catch {
    close();
    return undefined;
  }
}

/** The scheme of the null server for a URL, with its colon. WebSockets get one without TLS. */
function schemeOf(url: string): Scheme {
  if (isWebSocketUrl(url)) return "ws:";
  return isHttpsUrl(url) ? "https:" : "http:";
}

function start(scheme: Scheme, http: Plan["http"]): Promise<Started> {
  if (scheme === "ws:") return nullSockets();
  if (scheme === "http:") return startNullServer();
  return nullTls(http);
}

/** A null server over TLS. */
async function nullTls(http: Plan["http"]): Promise<Started> {
  const server =
    http === "2"
      ? createTlsServer({ ...ANONYMOUS, ALPNProtocols: ["h2"] }, answerStreamsOn)
      : createTlsServer(ANONYMOUS, answerOn);
  server.on("tlsClientError", (_, socket) => socket.destroy());
  return listening(server);
}

/** A null WebSocket server. */
async function nullSockets(): Promise<Started> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", (socket) => {
    socket.on("message", (request: Buffer) => socket.send(nullBody(request)));
    socket.on("error", () => socket.terminate());
  });
  await once(server, "listening");
  return server;
}
