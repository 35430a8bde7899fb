import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { otlpSender } from "../../lib/live/outputs/otlp.ts";
import { remoteWriteSender } from "../../lib/live/outputs/remoteWrite.ts";
import { type LiveSender, samplesOf } from "../../lib/live/outputs/samples.ts";
import { startSending } from "../../lib/live/outputs/sending.ts";
import { statsdSender } from "../../lib/live/outputs/statsd.ts";
import type { ChainProgress } from "../../lib/live/progress.ts";
import { parsePrometheus } from "../../lib/observe/prometheus.ts";
import { renderPrometheus } from "../../lib/render/exports/prometheus.ts";
import { checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";

const KAVA: ChainProgress = {
  name: "kava",
  offeredRps: 50,
  achievedRps: 49.5,
  sent: 495,
  missed: 5,
  valid: 490,
  invalid: 3,
  errors: 2,
  success: 0.99,
  p50Ms: 12.5,
  p99Ms: null,
};
const AT_MS = Date.UTC(2026, 10, 28, 12);

interface Received {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** A receiver over HTTP, that answers each request with the next status. */
async function receiver(t: TestContext, statuses: number[] = []): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    received.push({ headers: request.headers, body: Buffer.concat(pieces) });
    response.writeHead(statuses.shift() ?? 200, { "Content-Type": "application/json" }).end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/write`, received };
}

/** Reads Snappy's block format, as its description has it: literals, of any length. */
function unsnappy(block: Buffer): Buffer {
  let at = 0;
  let length = 0;
  for (let shift = 1; ; shift *= 128) {
    const byte = block[at++] ?? 0;
    length += (byte & 0x7f) * shift;
    if (byte < 0x80) break;
  }
  const parts: Buffer[] = [];
  while (at < block.length) {
    const tag = block[at++] ?? 0;
    assert.equal(tag & 3, 0, "a literal");
    const size = tag >> 2;
    const extra = size < 60 ? 0 : size - 59;
    const count = 1 + (extra === 0 ? size : block.readUIntLE(at, extra));
    at += extra;
    parts.push(block.subarray(at, at + count));
    at += count;
  }
  const content = Buffer.concat(parts);
  assert.equal(content.length, length);
  return content;
}

/** A message's fields by Protocol Buffers' wire format: numbers of varints, bytes of all else. */
function fieldsOf(message: Buffer): [field: number, value: number | Buffer][] {
  const found: [number, number | Buffer][] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const type = tag & 7;
    if (type === 0) {
      found.push([tag >> 3, varint()]);
      continue;
    }
    const length = type === 1 ? 8 : varint();
    found.push([tag >> 3, message.subarray(at, at + length)]);
    at += length;
  }
  return found;
}

interface Series {
  labels: [string, string][];
  value: Buffer;
  atMs: number;
}

/** The series of a WriteRequest: repeated TimeSeries = 1 { repeated Label = 1 { name = 1, value = 2 }, Sample = 2 }. */
function seriesOf(body: Buffer): Series[] {
  return fieldsOf(unsnappy(body)).map(([field, series]) => {
    assert.equal(field, 1);
    const parts = fieldsOf(series as Buffer);
    const labels = parts.filter(([each]) => each === 1).map(([, label]) => fieldsOf(label as Buffer));
    const sample = fieldsOf(parts.find(([each]) => each === 2)?.[1] as Buffer);
    return {
      labels: labels.map((pair) => pair.map(([, text]) => String(text)) as [string, string]),
      value: sample[0]?.[1] as Buffer,
      atMs: sample[1]?.[1] as number,
    };
  });
}

test("remote write sends each figure as a series, as Prometheus' specification has it", async (t) => {
  const { url, received } = await receiver(t, [204]);
  const sender = remoteWriteSender(url);
  await sender.send(samplesOf("night", [KAVA]), AT_MS);
  await sender.close(AT_MS);
  const [first, last] = received;
  assert.ok(first && last);
  assert.equal(first.headers["content-encoding"], "snappy");
  assert.equal(first.headers["content-type"], "application/x-protobuf");
  assert.equal(first.headers["x-prometheus-remote-write-version"], "0.1.0");
  const series = seriesOf(first.body);
  assert.deepEqual(
    series.map(({ labels, value, atMs }) => [labels.map((pair) => pair.join("=")).join(), value.readDoubleLE(), atMs]),
    [
      ["__name__=volley_requests,chain=kava,outcome=sent,run=night", 495, AT_MS],
      ["__name__=volley_requests,chain=kava,outcome=missed,run=night", 5, AT_MS],
      ["__name__=volley_requests,chain=kava,outcome=valid,run=night", 490, AT_MS],
      ["__name__=volley_requests,chain=kava,outcome=invalid,run=night", 3, AT_MS],
      ["__name__=volley_requests,chain=kava,outcome=errors,run=night", 2, AT_MS],
      ["__name__=volley_offered_requests_per_second,chain=kava,run=night", 50, AT_MS],
      ["__name__=volley_achieved_requests_per_second,chain=kava,run=night", 49.5, AT_MS],
      ["__name__=volley_success_ratio,chain=kava,run=night", 0.99, AT_MS],
      ["__name__=volley_response_time_all_seconds,chain=kava,quantile=0.5,run=night", 0.0125, AT_MS],
    ],
  );
  const ended = seriesOf(last.body);
  assert.deepEqual([ended.length, ended[0]?.atMs], [series.length, AT_MS + 1]);
  assert.equal(ended[0]?.value.readBigUInt64LE(), 0x7ff0000000000002n, "Prometheus' mark of a series that has ended");
});

test("each figure sent has a name and labels that the export to Prometheus has", async () => {
  const plan = checkedPlan("http://127.0.0.1:1", { duration: "2s" });
  const page = parsePrometheus(await renderPrometheus(madeReport({ plan })));
  const kind = (name: string, labels: Record<string, string>): string => {
    const { outcome = "", quantile = "", ...others } = labels;
    return [name, ...Object.keys(others).sort(), outcome, quantile].join(" ");
  };
  const exported = new Set(page.map(({ name, labels }) => kind(name, labels)));
  for (const { name, labels } of samplesOf("night", [{ ...KAVA, p99Ms: 20 }])) {
    assert.ok(exported.has(kind(name, labels)), kind(name, labels));
  }
});

test("a message of many chains is whole, though longer than a literal", async (t) => {
  const { url, received } = await receiver(t);
  const chains = Array.from({ length: 300 }, (_, index) => ({ ...KAVA, name: `chain-${index}` }));
  await remoteWriteSender(url).send(samplesOf("night", chains), AT_MS);
  assert.ok((received[0]?.body.length ?? 0) > 65_536);
  assert.equal(seriesOf(received[0]?.body ?? Buffer.alloc(0)).length, 300 * 9);
});

test("OTLP carries the same figures as gauges", async (t) => {
  const { url, received } = await receiver(t);
  const sender = otlpSender(url);
  await sender.send(samplesOf("night", [KAVA]), AT_MS);
  await sender.close(AT_MS);
  const body = JSON.parse(String(received[0]?.body)) as {
    resourceMetrics: {
      resource: { attributes: { key: string; value: { stringValue?: string } }[] };
      scopeMetrics: { metrics: { name: string; gauge: { dataPoints: { asDouble: number }[] } }[] }[];
    }[];
  };
  const [all] = body.resourceMetrics;
  assert.equal(all?.resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue, "volley");
  const metrics = new Map(all?.scopeMetrics[0]?.metrics.map(({ name, gauge }) => [name, gauge.dataPoints]));
  assert.equal(metrics.get("volley.requests")?.length, 5);
  assert.equal(metrics.get("volley.success_ratio")?.[0]?.asDouble, 0.99);
});

test("StatsD gets counts as what was added, and gauges", async (t) => {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  t.after(() => socket.close());
  await once(socket, "listening");
  const sender = statsdSender("127.0.0.1", socket.address().port);
  const got = async (chain: ChainProgress): Promise<string[]> => {
    const message = once(socket, "message");
    await sender.send(samplesOf("night run", [chain]), AT_MS);
    return String((await message)[0]).split("\n");
  };
  const first = await got(KAVA);
  assert.ok(first.includes("volley.night_run.kava.requests.valid:490|c"), first.join());
  assert.ok(first.includes("volley.night_run.kava.response_time_all_seconds.0_5:0.0125|g"), first.join());
  const second = await got({ ...KAVA, valid: 510 });
  assert.ok(second.includes("volley.night_run.kava.requests.valid:20|c"), second.join());
  await sender.close(AT_MS);
});

test("a receiver that fails is told of once, gets later figures, and holds no other back", async () => {
  const told: string[] = [];
  const taken: number[] = [];
  let fails = true;
  const flaky: LiveSender = {
    async send() {
      if (fails) throw new Error("HTTP 500");
      taken.push(1);
    },
    async close() {},
  };
  const fine: LiveSender = {
    async send(samples) {
      taken.push(samples.length);
    },
    async close() {},
  };
  const senders = new Map([
    ["flaky", flaky],
    ["fine", fine],
  ]);
  const onFailure = (to: string, why: string): void => void told.push(`${to}: ${why}`);
  const sending = startSending("night", senders, { nowMs: () => AT_MS, everyMs: 20, onFailure });
  sending.take([KAVA]);
  while (taken.length < 2) await new Promise((done) => setTimeout(done, 10));
  fails = false;
  await sending.close();
  assert.deepEqual(told, ["flaky: HTTP 500"]);
  assert.ok(taken.includes(1));
});

test("figures wait for those on their way, the last ones too, and the receiver is closed after them", async () => {
  const events: string[] = [];
  const slow: LiveSender = {
    async send() {
      events.push("send");
      await new Promise((done) => setTimeout(done, 60));
      events.push("sent");
    },
    async close() {
      events.push("closed");
    },
  };
  const sending = startSending("night", new Map([["slow", slow]]), {
    nowMs: () => AT_MS,
    everyMs: 10,
    onFailure: assert.fail,
  });
  sending.take([KAVA]);
  while (events.length < 3) await new Promise((done) => setTimeout(done, 5));
  await sending.close();
  assert.equal(events.pop(), "closed");
  assert.ok(events.length >= 6, "two sends at intervals, and the last");
  assert.ok(
    events.every((event, index) => event === (index % 2 === 0 ? "send" : "sent")),
    events.join(),
  );
});
