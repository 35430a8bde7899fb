/** Why a response is not taken in: it breaks HTTP, or a limit. It is the class of the failure. */
export type ResponseFailure =
  | "invalid-http"
  | "headers-too-large"
  | "body-too-large"
  | "response-memory"
  | "invalid-encoding";

/** A response that breaks HTTP or a limit. Its code is the class of the failure. */
export class ResponseError extends Error {
  override readonly name = "ResponseError";
  readonly code: ResponseFailure;

  constructor(code: ResponseFailure, message: string) {
    super(message);
    this.code = code;
  }
}
