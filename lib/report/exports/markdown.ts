import type { LatencyMs, Report } from "../schema.ts";

/** A summary for a pull request, as Markdown. */
export function renderMarkdown({ run, verdict, chains, total, capacity }: Report): string {
  const state = verdict.valid ? (verdict.pass ? "✅ valid run, SLO met" : "❌ SLO missed") : "⚠️ invalid run";
  const rows = [...chains, ...(chains.length > 1 ? [{ ...total, name: "all" }] : [])].map((chain) => [
    cell(chain.name),
    rate(chain.offeredRps),
    rate(chain.achievedRps),
    chain.success === null ? "–" : `${Math.floor(chain.success * 100_000) / 1_000} %`,
    ms(chain.responseTimeMs, "p50"),
    ms(chain.responseTimeMs, "p99"),
    String(chain.ledger.missed),
    String(chain.ledger.errors),
    String(chain.ledger.invalid),
  ]);
  const head = ["chain", "offered/s", "achieved/s", "success", "p50 ms", "p99 ms", "missed", "errors", "invalid"];
  const searched = capacity && capacity.trials.length > 0 ? capacity.chains : [];
  const capacities = searched.map(({ name, capacityRps, bottleneck }) => {
    const rps = capacityRps === null ? "–" : rate(capacityRps);
    return `- **${cell(name)}** carries ${rps} requests/s${bottleneck ? `; ${bottleneck.resource} is used up first` : ""}`;
  });
  const parts = [
    `### ${cell(run.name)}: ${state}`,
    ...verdict.reasons.map((reason) => `- ${cell(reason)}`),
    "",
    line(head),
    line(head.map((_, index) => (index === 0 ? "---" : "---:"))),
    ...rows.map(line),
    ...(capacities.length > 0 ? ["", ...capacities] : []),
    "",
    `\`${run.id}\`, ${run.measuredMs / 1_000} s from ${run.workers} workers to ${cell(run.target)}`,
  ];
  return `${parts.join("\n")}\n`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** Text that can be no markup in a cell of a table. */
function cell(text: string): string {
  return text.replace(/[\\`*_[\]<>|]/g, "\\$&").replace(/\s+/g, " ");
}

function rate(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 1 });
}

function ms(latency: LatencyMs, percentile: "p50" | "p99"): string {
  return latency ? latency[percentile].toLocaleString("en-US", { maximumFractionDigits: 2 }) : "–";
}
