import type { Left } from "./left.ts";

/** What is missing, unreadable or duplicated in a run's results. */
export type Finding =
  | { kind: "no-summary"; assignment: string; attempt: string; host?: string; chunks: number }
  | { kind: "orphaned"; assignment: string; attempt: string; atMs: number; host?: string }
  | { kind: "wrote-nothing"; assignment: string }
  | { kind: "no-host"; assignment: string; hadHost: boolean }
  | ({ kind: "host-left"; assignment: string } & Left)
  | { kind: "failed"; assignment: string; error: string }
  | { kind: "frozen"; assignment: string; frozenMs: number; atMs: number }
  | { kind: "unreadable"; key: string; why: string }
  | { kind: "histogram"; assignment: string; chain: string; why: string }
  | { kind: "gap"; assignment: string; chain: string; what: keyof typeof GAPS; count: number };

const LEFT: Record<Left["why"], string> = {
  stopped: "the host was stopped",
  spot: "EC2 took its Spot instance away",
};

const GAPS = {
  unsent: "requests of which nothing is known (booked as missed: lost)",
  unended: "requests whose end is not known (booked as errors: lost)",
  unrecorded: "requests that ended and whose sending was not written down (booked as sent)",
  doubled: "requests more than were scheduled",
};

/** A finding as text. */
export function findingText(finding: Finding): string {
  switch (finding.kind) {
    case "no-summary": {
      const { assignment, attempt, host, chunks } = finding;
      const where = host === undefined ? "" : ` on ${host}`;
      return `${assignment}: attempt ${attempt}${where} wrote no summary; it was read from its ${chunks} chunks`;
    }
    case "orphaned": {
      const { assignment, attempt, atMs, host = "the runner" } = finding;
      return `${assignment}: attempt ${attempt} stopped at ${atMs / 1_000} s: ${host} had gone`;
    }
    case "wrote-nothing":
      return `${finding.assignment}: the worker wrote nothing`;
    case "no-host":
      return `${finding.assignment}: ${noHostText(finding.hadHost)}`;
    case "host-left":
      return `${finding.assignment}: ${finding.host} gave it back: ${LEFT[finding.why]}`;
    case "failed":
      return `${finding.assignment}: the worker failed: ${finding.error}`;
    case "frozen": {
      const { assignment, frozenMs, atMs } = finding;
      const stillS = (frozenMs / 1_000).toFixed(1);
      return `${assignment}: the worker's event loop stood still for ${stillS} s before ${(atMs / 1_000).toFixed(1)} s`;
    }
    case "unreadable":
      return `${finding.key} cannot be read: ${finding.why}`;
    case "histogram":
      return `${finding.assignment}: a histogram of ${finding.chain} cannot be read: ${finding.why}`;
    case "gap":
      return `${finding.assignment}, ${finding.chain}: ${finding.count} ${GAPS[finding.what]}`;
  }
}

/** The workers' errors among the findings, without duplicates. */
export function workerErrors(findings: readonly Finding[]): string[] {
  return [
    ...new Set(
      findings.flatMap((finding) => {
        if (finding.kind === "failed") return [finding.error];
        return finding.kind === "no-host" ? [noHostText(finding.hadHost)] : [];
      }),
    ),
  ];
}

function noHostText(hadHost: boolean): string {
  return hadHost ? "its host was lost, and no other host took over" : "no host of the fleet took it";
}
