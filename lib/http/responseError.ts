/** Why a response is rejected: it violates HTTP or a limit. Also the failure class. */
export type ResponseFailure =
  | "invalid-http"
  | "headers-too-large"
  | "body-too-large"
  | "response-memory"
  | "invalid-encoding";

/** A response that violates HTTP or a limit. `code` is the failure class. */
export class ResponseError extends Error {
  override readonly name = "ResponseError";
  readonly code: ResponseFailure;

  constructor(code: ResponseFailure, message: string) {
    super(message);
    this.code = code;
  }
}
