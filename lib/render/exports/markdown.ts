import { escapeMarkdown } from "../../report/escape.ts";
import { boundText, isLowerBound } from "../../report/lowerBound.ts";
import type { Report, Traffic } from "../../report/schema.ts";
import { flooredPercent, rate } from "../textFigures.ts";

/** A Markdown summary for a pull request. */
export function renderMarkdown({ run, verdict, chains, total, capacity }: Report): string {
  const state = verdict.valid ? (verdict.pass ? "✅ valid run, SLO met" : "❌ SLO missed") : "⚠️ invalid run";
  const rows = [...chains, ...(chains.length > 1 ? [{ ...total, name: "all" }] : [])].map((chain) => [
    `${"pass" in chain ? (chain.pass ? "✓ " : "✗ ") : ""}${escapeMarkdown(chain.name)}`,
    rate(chain.offeredRps),
    rate(chain.achievedRps),
    flooredPercent(chain.success),
    atLeast(chain, "p50"),
    atLeast(chain, "p99"),
    String(chain.ledger.missed),
    String(chain.ledger.errors),
    String(chain.ledger.invalid),
  ]);
  const head = [
    "chain",
    "offered/s",
    "achieved/s",
    "success",
    "p50 ms (all sent)",
    "p99 ms",
    "missed",
    "errors",
    "invalid",
  ];
  const units = chains.flatMap(({ name, computeUnits: own }) =>
    own
      ? [
          `- **${escapeMarkdown(name)}**: ${rate(own.relayedPerSecond)} of ${rate(own.offeredPerSecond)} compute units/s`,
        ]
      : [],
  );
  const searched = capacity && capacity.trials.length > 0 ? capacity.chains : [];
  const capacities = searched.map(({ name, capacityRps, bottleneck, subscribers }) => {
    const carried = subscribers ? `${rate(subscribers.capacity)} subscribers` : `${rate(capacityRps)} requests/s`;
    return `- **${escapeMarkdown(name)}** carries ${carried}${bottleneck ? `; ${escapeMarkdown(bottleneck.resource)} is used up first` : ""}`;
  });
  const parts = [
    `### ${escapeMarkdown(run.name)}: ${state}`,
    ...verdict.reasons.map((reason) => `- ${escapeMarkdown(reason)}`),
    "",
    line(head),
    line(head.map((_, index) => (index === 0 ? "---" : "---:"))),
    ...rows.map(line),
    ...(units.length > 0 ? ["", ...units] : []),
    ...(capacities.length > 0 ? ["", ...capacities] : []),
    "",
    `${escapeMarkdown(run.id)}, ${run.measuredMs / 1_000} s from ${run.workers} workers to ${escapeMarkdown(run.target)}`,
  ];
  return `${parts.join("\n")}\n`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** A percentile over all requests sent; shown as a lower bound if it falls on requests without a response. */
function atLeast(traffic: Traffic, percentile: "p50" | "p99"): string {
  const text = traffic.responseTimeAllMs?.[percentile].toLocaleString("en-US", { maximumFractionDigits: 2 });
  return boundText(text ?? "–", isLowerBound(traffic, percentile));
}
