/** The headers of a response, read when they are asked for. */
export interface ResponseHeaders {
  /** All headers in order: names in lower case, values without blanks around them. */
  all(): [name: string, value: string][];
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

  all(): [name: string, value: string][] {
    const [, ...lines] = this.#text.split("\n");
    return lines.flatMap((line): [string, string][] => {
      const colon = line.indexOf(":");
      return colon <= 0 ? [] : [[line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]];
    });
  }
}

/** The headers of an HTTP/2 response, as Node gives them. */
export class Http2Headers implements ResponseHeaders {
  readonly #headers: Readonly<Record<string, unknown>>;

  constructor(headers: Readonly<Record<string, unknown>>) {
    this.#headers = headers;
  }

  all(): [name: string, value: string][] {
    return Object.entries(this.#headers).map(([name, value]) => [name, [value].flat().join(", ")]);
  }
}
