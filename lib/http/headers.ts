/** The headers of a response, read when they are asked for. */
export interface ResponseHeaders {
  /** All headers in order: names in lower case, values without blanks around them. */
  all(): [name: string, value: string][];
  /** The first value of a header, whose name is in lower case; undefined if there is none. */
  first(name: string): string | undefined;
}

/** What has a response's headers, until its exchange has been called. */
export interface HeaderSource {
  readonly headers: ResponseHeaders;
}

/** The headers of an HTTP/1.1 head that was parsed before. Takes time linear in its length. */
export class HeadHeaders implements ResponseHeaders {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  first(name: string): string | undefined {
    const text = this.#text;
    for (let at = text.indexOf("\n") + 1; at > 0 && at < text.length; at = text.indexOf("\n", at) + 1) {
      if (text[at + name.length] !== ":" || text.slice(at, at + name.length).toLowerCase() !== name) continue;
      return text.slice(at + name.length + 1, text.indexOf("\n", at)).trim();
    }
    return undefined;
  }

  all(): [name: string, value: string][] {
    const [, ...lines] = this.#text.split("\n");
    return lines.flatMap((line): [string, string][] => {
      const colon = line.indexOf(":");
      return colon <= 0 ? [] : [[line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]];
    });
  }
}

/** The headers of an HTTP/2 response: decoded names and values in turn. */
export class Http2Headers implements ResponseHeaders {
  readonly #fields: readonly string[];

  constructor(fields: readonly string[]) {
    this.#fields = fields;
  }

  first(name: string): string | undefined {
    const fields = this.#fields;
    for (let at = 0; at < fields.length; at += 2) if (fields[at] === name) return fields[at + 1];
    return undefined;
  }

  all(): [name: string, value: string][] {
    const all: [string, string][] = [];
    for (let at = 0; at < this.#fields.length; at += 2) {
      const name = this.#fields[at] as string;
      if (!name.startsWith(":")) all.push([name, this.#fields[at + 1] as string]);
    }
    return all;
  }
}
