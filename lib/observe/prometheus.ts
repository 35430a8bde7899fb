/** One sample of a Prometheus page. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** A page that is not in a Prometheus format; the message names the line. */
export class PrometheusError extends Error {
  override readonly name = "PrometheusError";
}

/** The page's format. OpenMetrics marks the end of a page, so a truncated page is detected. */
export type PageFormat = "text" | "openmetrics";

const NAME = /[A-Za-z_:][\w:]*/y;
const QUOTED = /"((?:[^"\\\n]|\\.)*)"/y;
const BLANKS = /[ \t]*/y;
const TOKEN = /[^\s#]+/y;
const TIMESTAMP = /^[+-]?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Parses a page in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/) or
 * OpenMetrics (https://prometheus.io/docs/specs/om/open_metrics_spec/). Also accepts blanks before the labels, as geth
 * writes them, and a quoted metric name among the labels. Skips comments, types, units, timestamps and exemplars.
 * Throws a PrometheusError for a line that is not a sample, and for an OpenMetrics page without an end. Implemented
 * here because the parser on npm is unmaintained, and rejects exemplars and OpenMetrics.
 */
export function parsePrometheus(text: string, format: PageFormat = "text"): Sample[] {
  const samples: Sample[] = [];
  const lines = text.split("\n");
  let hasEnded = false;
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === "") continue;
    if (hasEnded) throw new PrometheusError(`line ${index + 1} comes after # EOF`);
    if (line.startsWith("#")) {
      hasEnded = format === "openmetrics" && line === "# EOF";
      continue;
    }
    const sample = new LineReader(line).sample();
    if (!sample) throw new PrometheusError(`line ${index + 1} is no sample: ${line.slice(0, 80)}`);
    samples.push(sample);
  }
  if (format === "openmetrics" && !hasEnded) throw new PrometheusError("the page was cut off: it has no # EOF");
  return samples;
}

/** Parses one line from left to right; each method returns undefined if the line has something else. */
class LineReader {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  sample(): Sample | undefined {
    const name = this.#take(NAME)?.[0];
    this.#take(BLANKS);
    const inBraces = this.#labels();
    if (!inBraces || (name !== undefined) === (inBraces.name !== undefined)) return undefined;
    const value = parseValue(this.#token());
    if (value === undefined) return undefined;
    const timestamp = this.#token();
    if (timestamp !== undefined && !TIMESTAMP.test(timestamp)) return undefined;
    if (!this.#exemplar()) return undefined;
    return { name: name ?? inBraces.name ?? "", labels: inBraces.labels, value };
  }

  /** Labels in braces, and a quoted metric name if there is one among them; no labels if there is no brace. */
  #labels(): { name?: string; labels: Record<string, string> } | undefined {
    const found: { name?: string; labels: Record<string, string> } = { labels: {} };
    if (!this.#skip("{")) return found;
    for (;;) {
      if (this.#skip("}")) return found;
      const quoted = this.#take(QUOTED)?.[1];
      const label = quoted === undefined ? this.#take(NAME)?.[0] : unescaped(quoted);
      if (label === undefined) return undefined;
      if (this.#skip("=")) {
        const value = this.#take(QUOTED)?.[1];
        if (value === undefined) return undefined;
        // A label may be named __proto__.
        const own = { value: unescaped(value), enumerable: true, configurable: true };
        Object.defineProperty(found.labels, label, own);
      } else if (quoted === undefined || found.name !== undefined) {
        return undefined;
      } else {
        found.name = label;
      }
      if (!this.#skip(",")) return this.#skip("}") ? found : undefined;
    }
  }

  /** Skips an exemplar, `# {labels} value [timestamp]`; false if the rest of the line is anything else. */
  #exemplar(): boolean {
    this.#take(BLANKS);
    if (this.#at === this.#line.length) return true;
    if (!this.#skip("#") || this.#line[this.#at] !== "{" || !this.#labels()) return false;
    const isNumber = parseValue(this.#token()) !== undefined;
    const timestamp = this.#token();
    return isNumber && (timestamp === undefined || TIMESTAMP.test(timestamp)) && this.#at === this.#line.length;
  }

  /** The next token up to a blank, if there is one. */
  #token(): string | undefined {
    this.#take(BLANKS);
    return this.#take(TOKEN)?.[0];
  }

  /** Skips one character and the blanks around it; false if it is not there. */
  #skip(character: string): boolean {
    const from = this.#at;
    this.#take(BLANKS);
    if (this.#line[this.#at] !== character) {
      this.#at = from;
      return false;
    }
    this.#at++;
    this.#take(BLANKS);
    return true;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#line);
    if (!match) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }
}

/** A label's unescaped value; a backslash before any other character stays, as in Prometheus itself. */
function unescaped(text: string): string {
  return text.replace(/\\([\\"n])/g, (_, character: string) => (character === "n" ? "\n" : character));
}

function parseValue(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[+-]?Inf(inity)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (/^[+-]?NaN$/i.test(text)) return Number.NaN;
  return /^[+-]?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}
