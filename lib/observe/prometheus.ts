/** One sample of a Prometheus page. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** A page that is no Prometheus page, with the line. */
export class PrometheusError extends Error {
  override readonly name = "PrometheusError";
}

const NAME = /[A-Za-z_:][\w:]*/y;
const LABEL = /\s*([A-Za-z_]\w*)\s*=\s*"((?:[^"\\\n]|\\.)*)"\s*(,)?/y;

/**
 * Reads a page in Prometheus' text format, or OpenMetrics' (https://prometheus.io/docs/instrumenting/exposition_formats/).
 * Comments, types, timestamps and exemplars are passed over. Throws a PrometheusError for a line that is none. Ours,
 * since no kept package reads the format.
 */
export function parsePrometheus(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const sample = parseSample(trimmed);
    if (!sample) throw new PrometheusError(`line ${index + 1} is no sample: ${trimmed.slice(0, 80)}`);
    samples.push(sample);
  }
  return samples;
}

function parseSample(line: string): Sample | undefined {
  NAME.lastIndex = 0;
  const name = NAME.exec(line)?.[0];
  if (name === undefined) return undefined;
  let at = name.length;
  const labels: Record<string, string> = {};
  if (line[at] === "{") {
    const end = readLabels(line, at + 1, labels);
    if (end === -1) return undefined;
    at = end;
  }
  const [, text = ""] = /^\s*(\S+)/.exec(line.slice(at)) ?? [];
  const value = parseValue(text);
  return value === undefined ? undefined : { name, labels, value };
}

/** Reads labels to their closing brace, and gives the place after it; −1 where they are malformed. */
function readLabels(line: string, from: number, labels: Record<string, string>): number {
  let at = from;
  for (;;) {
    const rest = /^\s*\}/.exec(line.slice(at));
    if (rest) return at + rest[0].length;
    LABEL.lastIndex = at;
    const match = LABEL.exec(line);
    if (!match) return -1;
    Object.defineProperty(labels, match[1] ?? "", {
      value: unescaped(match[2] ?? ""),
      enumerable: true,
      configurable: true,
    });
    at = LABEL.lastIndex;
    if (match[3] === undefined && line[at] !== "}") return -1;
  }
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));
}

function parseValue(text: string): number | undefined {
  if (/^[+-]?Inf$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (/^NaN$/i.test(text)) return Number.NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}
