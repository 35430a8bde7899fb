/** What Step Functions tells of an execution. */
export interface ExecutionStatus {
  status: string;
  error: string;
}

/** What following a run in AWS needs from outside. */
export interface FollowPorts {
  /** How the execution stands; undefined where there is none of this name, or not yet. */
  status(): Promise<ExecutionStatus | undefined>;
  /** Whether the run's report is there. */
  isReported(): Promise<boolean>;
  nowMs(): number;
  sleep(ms: number): Promise<unknown>;
  /** Told when AWS does not answer, and when it does again. */
  note(text: string): void;
}

/** The run goes on, but can no longer be followed from here. */
export class LeftError extends Error {
  override readonly name = "LeftError";
  readonly why: "credentials" | "unreachable";

  constructor(why: LeftError["why"], cause: Error) {
    super(`${cause.name}: ${cause.message}`, { cause });
    this.why = why;
  }
}

/** How often an execution is asked for, in ms. */
const ASK_MS = 2_000;

/** How long an execution that was started may not be there yet, in ms: DescribeExecution is eventually consistent. */
const NOT_THERE_MS = 60_000;

/** How long an execution may be listed as running after its report is there, in ms. */
const STILL_RUNNING_MS = 30_000;

/** How long AWS may not answer until a run is left to itself, in ms. */
const UNREACHABLE_MS = 10 * 60_000;

/** The first pause before a call is made again, and the longest, in ms. */
const PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;

/** Names of errors that say that credentials are no good, or no longer. */
const CREDENTIALS = new Set([
  "CredentialsProviderError",
  "ExpiredToken",
  "ExpiredTokenException",
  "ForbiddenException",
  "InvalidAccessKeyId",
  "InvalidClientTokenId",
  "InvalidToken",
  "RequestExpired",
  "TokenProviderError",
  "TokenRefreshRequired",
  "UnauthorizedException",
  "UnauthorizedSSOTokenError",
  "UnrecognizedClientException",
]);

/** Names of errors that stay, however often a call is made again. */
const LASTING = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "InputError",
  "InvalidArn",
  "InvalidExecutionInput",
  "InvalidName",
  "NoSuchBucket",
  "StateMachineDoesNotExist",
  "ValidationException",
]);

/**
 * Makes a call to AWS, and makes it again while it fails for a reason that may pass, for minutes. Rejects with a
 * LeftError where the credentials have expired or AWS stays away, and with the call's own error where that stays.
 */
export async function patiently<T>(
  call: () => Promise<T>,
  ports: Omit<FollowPorts, "status" | "isReported">,
): Promise<T> {
  let failedSinceMs: number | undefined;
  for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      const result = await call();
      if (failedSinceMs !== undefined) ports.note("AWS answers again");
      return result;
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      if (isCredentialsError(error)) throw new LeftError("credentials", error);
      if (LASTING.has(error.name)) throw error;
      if (failedSinceMs === undefined) {
        failedSinceMs = ports.nowMs();
        ports.note(`AWS does not answer (${error.name}: ${error.message}); the run continues; asking again`);
      }
      if (ports.nowMs() - failedSinceMs > UNREACHABLE_MS) throw new LeftError("unreachable", error);
      await ports.sleep(pauseMs);
    }
  }
}

/** Whether an error says that credentials are missing, wrong or expired. */
function isCredentialsError(error: Error): boolean {
  return CREDENTIALS.has(error.name) || /\btoken (is|has) expired\b/i.test(error.message);
}

/**
 * Follows an execution to its end: what Step Functions tells of it, or undefined where only its report tells that it is
 * over. An execution that was just started and is not there yet is running, and so is one that has ended and is still
 * listed, until its report has been there for a while. Rejects as `patiently` does.
 */
export async function followExecution(ports: FollowPorts): Promise<ExecutionStatus | undefined> {
  const beganMs = ports.nowMs();
  let reportedMs: number | undefined;
  for (;;) {
    const [execution, isReported] = await patiently(
      async () => Promise.all([ports.status(), ports.isReported()]),
      ports,
    );
    const nowMs = ports.nowMs();
    if (execution && execution.status !== "RUNNING" && execution.status !== "PENDING_REDRIVE") return execution;
    if (isReported) reportedMs ??= nowMs;
    if (!execution && (isReported || nowMs - beganMs > NOT_THERE_MS)) return undefined;
    if (reportedMs !== undefined && nowMs - reportedMs > STILL_RUNNING_MS) return undefined;
    await ports.sleep(ASK_MS);
  }
}
