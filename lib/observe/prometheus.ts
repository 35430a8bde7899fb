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

/** The page's format: OpenMetrics says where a page ends, so that one that was cut off shows. */
export type PageFormat = "text" | "openmetrics";

const NAME = /[A-Za-z_:][\w:]*/y;
const QUOTED = /"((?:[^"\\\n]|\\.)*)"/y;
const BLANKS = /[ \t]*/y;
const TOKEN = /[^\s#]+/y;
const TIMESTAMP = /^[+-]?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Reads a page in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/) or OpenMetrics
 * (https://prometheus.io/docs/specs/om/open_metrics_spec/), also where it has blanks before the labels, as geth writes
 * them, or a quoted metric name among them. Comments, types, units, timestamps and exemplars are passed over. Throws a
 * PrometheusError for a line that is no sample, and for an OpenMetrics page without its end. Our own parser: the one on
 * npm is unmaintained, and refuses exemplars and OpenMetrics.
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

/** Reads one line from left to right; each method gives undefined where the line has something else. */
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

  /** Labels in their braces, and a quoted metric name if it is among them; none where there is no brace. */
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
        // A label may be called __proto__.
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

  /** Passes over an exemplar, `# {labels} value [timestamp]`; false where the rest of the line is anything else. */
  #exemplar(): boolean {
    this.#take(BLANKS);
    if (this.#at === this.#line.length) return true;
    if (!this.#skip("#") || this.#line[this.#at] !== "{" || !this.#labels()) return false;
    const isNumber = parseValue(this.#token()) !== undefined;
    const timestamp = this.#token();
    return isNumber && (timestamp === undefined || TIMESTAMP.test(timestamp)) && this.#at === this.#line.length;
  }

  /** The next text up to a blank, if there is one. */
  #token(): string | undefined {
    this.#take(BLANKS);
    return this.#take(TOKEN)?.[0];
  }

  /** Passes over one character and the blanks around it; false where it is not there. */
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

/** A label's value without its escapes; a backslash before anything else stays, as in Prometheus itself. */
function unescaped(text: string): string {
  return text.replace(/\\([\\"n])/g, (_, character: string) => (character === "n" ? "\n" : character));
}

function parseValue(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[+-]?Inf(inity)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (/^[+-]?NaN$/i.test(text)) return Number.NaN;
  return /^[+-]?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}
