import { boundText, isLowerBound } from "../../report/lowerBound.ts";
import type { Report } from "../../report/schema.ts";
import { flooredPercent, rate } from "../textFigures.ts";

/** Maximum number of reasons in a message; the rest are in the report. */
const MOST_REASONS = 5;

/**
 * The verdict as a message for Slack's incoming webhooks, and for others with the same format (Mattermost,
 * Rocket.Chat): plain text for notifications, plus blocks.
 */
export function renderSlack({ run, verdict, chains }: Report): string {
  const state = verdict.valid ? (verdict.pass ? "valid run, SLO met" : "SLO missed") : "invalid run";
  const icon = verdict.valid ? (verdict.pass ? ":white_check_mark:" : ":x:") : ":warning:";
  const reasons = verdict.reasons.slice(0, MOST_REASONS).map((reason) => `• ${escapeSlack(reason)}`);
  const more = verdict.reasons.length - reasons.length;
  const lines = chains.map((chain) => {
    const { name, pass, achievedRps, success, responseTimeAllMs } = chain;
    const p99Text = responseTimeAllMs === null ? "–" : `${rate(responseTimeAllMs.p99)} ms`;
    const p99 = boundText(p99Text, isLowerBound(chain, "p99"));
    return `${pass ? "✓" : "✗"} *${escapeSlack(name)}*: ${rate(achievedRps)} requests/s, success ${flooredPercent(success)}, p99 ${p99}`;
  });
  const sections = [
    `${icon} *${escapeSlack(run.name)}*: ${state}`,
    [...reasons, ...(more > 0 ? [`• and ${more} more`] : [])].join("\n"),
    lines.join("\n"),
    `${escapeSlack(run.id)}, ${run.measuredMs / 1_000} s to ${escapeSlack(run.target)}`,
  ];
  const blocks = sections
    .filter((text) => text !== "")
    .map((text) => ({ type: "section", text: { type: "mrkdwn", text: text.slice(0, MOST_TEXT) } }));
  return `${JSON.stringify({ text: `${run.name}: ${state}`, blocks }, null, 2)}\n`;
}

/** Slack's limit for the text of a section. */
const MOST_TEXT = 3_000;

/** Escapes the three characters that Slack treats as control characters. */
function escapeSlack(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
