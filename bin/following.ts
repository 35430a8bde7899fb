/** The status of an execution in Step Functions. */
export interface ExecutionStatus {
  status: string;
  error: string;
}

/** The external dependencies of following a run in AWS. */
export interface FollowPorts {
  /** The execution's status; undefined if there is none with this name, or not yet. */
  status(): Promise<ExecutionStatus | undefined>;
  /** Whether the run has a report. */
  isReported(): Promise<boolean>;
  nowMs(): number;
  sleep(ms: number): Promise<unknown>;
  /** Called when AWS stops responding, and when it responds again. */
  note(text: string): void;
}

/** The run continues, but can no longer be followed from here. */
export class LeftError extends Error {
  override readonly name = "LeftError";
  readonly why: "credentials" | "unreachable";

  constructor(why: LeftError["why"], cause: Error) {
    super(`${cause.name}: ${cause.message}`, { cause });
    this.why = why;
  }
}

/** How often an execution is polled, in ms. */
const ASK_MS = 2_000;

/** How long a started execution may be missing, in ms: DescribeExecution is eventually consistent. */
const NOT_THERE_MS = 60_000;

/** How long an execution may be listed as running after its report has appeared, in ms. */
const STILL_RUNNING_MS = 30_000;

/** How long AWS may be unreachable before following is given up, in ms. */
const UNREACHABLE_MS = 10 * 60_000;

/** The first pause before a retry, and the longest, in ms. */
const PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;

/** Names of errors for credentials that are invalid or have expired. */
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

/** Names of permanent errors, which retries do not fix. */
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
 * Calls AWS, and retries for minutes after errors that may be transient. Rejects with a LeftError if the credentials
 * have expired or AWS stays unreachable, and with the call's error if it is permanent.
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

/** Whether an error means that credentials are missing, wrong or expired. */
export function isCredentialsError(error: Error): boolean {
  return CREDENTIALS.has(error.name) || /\btoken (is|has) expired\b/i.test(error.message);
}

/**
 * Follows an execution to its end: returns its status in Step Functions, or undefined if only its report shows that it
 * is over. A new execution that is still missing counts as running. So does an ended one that is still listed as
 * running, until its report has existed for a while. Rejects as `patiently` does.
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
