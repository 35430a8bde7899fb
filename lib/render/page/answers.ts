import type { Report } from "../../report/schema.ts";
import { isFloor, lineName, nothingFound, type SloResult } from "../../report/sloLine.ts";
import { report } from "./data.ts";
import { element } from "./elements.ts";
import { levelText } from "./tables.ts";

/** A line of a chain's SLO with what is left until its limit, as a share of the limit; negative where it was missed. */
interface Margin {
  chain: string;
  line: SloResult;
  spare: number;
}

/** The first things that a reader asks: what threatens most, and what to do. */
export function answers(): HTMLElement {
  const entries: [string, string][] = [
    ["Highest risk", highestRisk(report)],
    ["What to do", whatToDo(report)],
  ];
  return element(
    "dl",
    { class: "answers" },
    ...entries.flatMap(([title, text]) => [element("dt", {}, title), element("dd", {}, text)]),
  );
}

function highestRisk({ hints, verdict, chains, total }: Report): string {
  const [hint] = hints;
  if (!verdict.generator)
    return "The generator did not keep to the schedule: the figures of this run do not describe the target.";
  if (hint) return `${hint.what}. ${hint.evidence}.`;
  const [least] = margins(chains);
  const [failure] = Object.entries({ ...total.errors, ...total.invalid }).sort(([, a], [, b]) => b - a);
  const failed = failure && `${failure[1]} of ${total.ledger.sent} requests ended in ${failure[0]}`;
  if (least) return `${marginText(least)}${failed ? `; ${failed}` : ""}.`;
  if (failed) return `${failed}.`;
  return "None was seen. The plan has no limit on a response time, so that a slow target would pass too.";
}

function marginText({ chain, line, spare }: Margin): string {
  const { limit, found } = line;
  const level = (value: number): string => levelText(line, value);
  const what = `${chain}, ${lineName(line)}`;
  if (found === null) return `${what}: ${nothingFound(line)}, where ${level(limit)} is the limit`;
  const left = spare < 0 ? `${Math.round(-spare * 100)} % beyond it` : `${Math.round(spare * 100)} % to spare`;
  return `${what}: ${level(found)} of a limit of ${level(limit)}, ${left}`;
}

/** Lines that a chain may not exceed, the one with least to spare first. */
function margins(chains: Report["chains"]): Margin[] {
  const all = chains.flatMap(({ name: chain, slo }) =>
    slo
      .filter((line) => !isFloor(line))
      .map((line): Margin => {
        const { limit, found } = line;
        return { chain, line, spare: found === null ? Number.NEGATIVE_INFINITY : 1 - found / (limit || 1e-9) };
      }),
  );
  return all.sort((a, b) => a.spare - b.spare);
}

function whatToDo({ hints, verdict, chains, capacity, run }: Report): string {
  const [hint] = hints;
  if (!verdict.generator) return "Fix the generator as the reasons above say, and run again.";
  if (hint) return `${hint.remedy}.`;
  const missed = chains.filter(({ pass }) => !pass).map(({ name }) => name);
  if (missed.length > 0) {
    const names = missed.join(", ");
    return `Look at ${names}: the outcomes by class say what failed, methods and targets below what was slow.`;
  }
  if (run.aborted !== undefined) return "Run again to the end: what was measured is cut short.";
  if (capacity?.limitFound === false) {
    return 'Nothing: the SLO was met at this rate. A plan with "profile": {"type": "search"} finds how much more is carried.';
  }
  return "Nothing: the SLO was met, and the capacity is known.";
}
