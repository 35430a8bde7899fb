import { Agent, request } from "undici";
import { VERSION } from "../../report/version.ts";
import type { LiveSender, Sample } from "./samples.ts";

/** Timeout for a receiver's response, in ms. */
const ANSWER_MS = 10_000;

/** Prometheus' staleness marker for a series that has ended: a NaN with these bits. */
const STALE = Buffer.from([0x02, 0, 0, 0, 0, 0, 0xf0, 0x7f]);

/**
 * Sends figures by Prometheus' remote write 1.0 (https://prometheus.io/docs/specs/prw/remote_write_spec/) to
 * Prometheus, Mimir, VictoriaMetrics or a Grafana agent. At the end, its series are marked as stale.
 */
export function remoteWriteSender(url: string): LiveSender {
  const dispatcher = new Agent({ connect: { timeout: ANSWER_MS } });
  let last: readonly Sample[] = [];
  const post = async (body: Buffer): Promise<void> => {
    const { statusCode, body: answer } = await request(url, {
      method: "POST",
      dispatcher,
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
      headers: {
        "content-encoding": "snappy",
        "content-type": "application/x-protobuf",
        "user-agent": `volley/${VERSION}`,
        "x-prometheus-remote-write-version": "0.1.0",
      },
      body: snappy(body),
    });
    const text = await answer.text();
    if (statusCode < 200 || statusCode > 299) throw new Error(`HTTP ${statusCode}: ${text.slice(0, 200).trim()}`);
  };
  return {
    async send(samples, atMs) {
      last = samples;
      await post(writeRequest(samples, atMs, (value) => double(value)));
    },
    async close(lastMs) {
      if (last.length > 0) await post(writeRequest(last, lastMs + 1, () => STALE));
      await dispatcher.close();
    },
  };
}

/** The WriteRequest message: one series with one sample per figure, labels sorted as the specification requires. */
function writeRequest(samples: readonly Sample[], atMs: number, written: (value: number) => Buffer): Buffer {
  const series = samples.map(({ name, labels, value }) => {
    const pairs = Object.entries({ __name__: name, ...labels }).sort(([a], [b]) => (a < b ? -1 : 1));
    const texts = pairs.map(([key, text]) =>
      bytes(1, Buffer.concat([bytes(1, Buffer.from(key)), bytes(2, Buffer.from(text))])),
    );
    const sample = Buffer.concat([tag(1, 1), written(value), tag(2, 0), varint(atMs)]);
    return bytes(1, Buffer.concat([...texts, bytes(2, sample)]));
  });
  return Buffer.concat(series);
}

/** A field's number and wire type in Protocol Buffers. */
function tag(field: number, type: 0 | 1 | 2): Buffer {
  return varint(field * 8 + type);
}

function bytes(field: number, content: Buffer): Buffer {
  return Buffer.concat([tag(field, 2), varint(content.length), content]);
}

function double(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleLE(value);
  return buffer;
}

function varint(value: number): Buffer {
  const found: number[] = [];
  let left = Math.round(value);
  while (left >= 0x80) {
    found.push((left % 0x80) | 0x80);
    left = Math.floor(left / 0x80);
  }
  found.push(left);
  return Buffer.from(found);
}

/** Maximum bytes of a literal whose length is encoded in two bytes. */
const LITERAL = 65_536;

/**
 * Snappy's block format with literals only (https://github.com/google/snappy/blob/main/format_description.txt), which
 * every receiver can read. A message of some kB every few seconds is not worth compressing.
 */
function snappy(content: Buffer): Buffer {
  const parts = [varint(content.length)];
  for (let from = 0; from < content.length; from += LITERAL) {
    const piece = content.subarray(from, from + LITERAL);
    // 61 in the upper six bits of the tag: length − 1 follows in two bytes.
    const head = Buffer.from([61 << 2, 0, 0]);
    head.writeUInt16LE(piece.length - 1, 1);
    parts.push(head, piece);
  }
  return Buffer.concat(parts);
}
