import { constants } from "node:os";
import type { Report } from "../lib/report/schema.ts";

/** A valid run that met its SLO; any other command that succeeded. */
export const OK = 0;
/** The SLO was missed; `compare` found a regression, or `host --check` a host that is not tuned. */
const SLO_MISSED = 1;
/** A check of `doctor` or `verify` failed. */
export const CHECK_FAILED = SLO_MISSED;
/** Bad input, whoever detected it: a mistyped option, a mistake in a plan. Nothing was sent. */
export const BAD_INPUT = 2;
/** The run says nothing about the target: the generator had problems, or the run was cut short. */
export const INVALID_RUN = 3;
/** Volley or the system under it failed: a full disk, a port that is in use. */
export const INTERNAL_ERROR = 4;
/** A run in AWS continues, but can no longer be followed from here: credentials expired, or AWS does not respond. */
export const RUN_GOES_ON = 5;

/** Every exit code, with its meaning as in `--help` and the README. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [OK, "passed"],
  [SLO_MISSED, "SLO missed"],
  [BAD_INPUT, "bad input, nothing was sent"],
  [INVALID_RUN, "invalid run"],
  [INTERNAL_ERROR, "internal error"],
  [RUN_GOES_ON, "the run continues in AWS, not followed"],
  [stoppedBy("SIGINT"), "stopped by Ctrl-C"],
];

/** The exit code of a command stopped by a signal, by the convention of shells: 130 for Ctrl-C. */
export function stoppedBy(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** The exit code of a run with this verdict. */
export function verdictCode({ valid, pass }: Report["verdict"]): number {
  if (!valid) return INVALID_RUN;
  return pass ? OK : SLO_MISSED;
}
