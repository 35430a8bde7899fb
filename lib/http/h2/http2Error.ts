import { CODE } from "./frames.ts";

/** Why a connection cannot go on: also the class of its requests. */
type Http2Failure = "invalid-http2" | "http2-flooded" | "headers-too-large" | "response-memory";

/** What a server did, or a limit, that ends the connection. `code` is the failure class. */
export class Http2Error extends Error {
  override readonly name = "Http2Error";
  readonly code: Http2Failure;
  /** The error code that the server gets with the GOAWAY. */
  readonly errorCode: number;

  constructor(errorCode: number, message: string, code: Http2Failure = "invalid-http2") {
    super(message);
    this.code = code;
    this.errorCode = errorCode;
  }
}

/** Throws for a frame that must not come there, or not with that content. */
export function breach(message: string): never {
  throw new Http2Error(CODE.protocol, message);
}

/** Throws for a frame of the wrong length. */
export function wrongSize(frame: string): never {
  throw new Http2Error(CODE.frameSize, `${frame} of a wrong length`);
}
