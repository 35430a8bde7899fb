import { createSocket } from "node:dgram";
import type { LiveSender, Sample } from "./samples.ts";

/** Maximum bytes of a datagram that passes any Ethernet unfragmented. */
const DATAGRAM_BYTES = 1_400;

/**
 * Sends figures as StatsD lines over UDP: counts as the increase since the previous send, all others as gauges, each
 * named volley.<run>.<chain>.<figure>. There are no responses, so a missing receiver is not an error.
 */
export function statsdSender(host: string, port: number): LiveSender {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  // A closed port is reported later, by ICMP.
  socket.on("error", () => {});
  const before = new Map<string, number>();
  const sendOne = (text: string): Promise<void> =>
    new Promise((done, failed) => {
      socket.send(text, port, host, (error) => (error ? failed(error) : done()));
    });
  return {
    async send(samples) {
      let datagram = "";
      for (const line of samples.map((sample) => lineOf(sample, before))) {
        if (datagram.length + line.length + 1 > DATAGRAM_BYTES) {
          await sendOne(datagram);
          datagram = "";
        }
        datagram += datagram === "" ? line : `\n${line}`;
      }
      if (datagram !== "") await sendOne(datagram);
    },
    async close() {
      socket.close();
    },
  };
}

function lineOf({ name, labels, value }: Sample, before: Map<string, number>): string {
  const { run = "", chain = "", ...more } = labels;
  const figure = name.replace(/^volley_/, "");
  const path = ["volley", run, chain, figure, ...Object.values(more)].map(plain).join(".");
  if (name !== "volley_requests") return `${path}:${value}|g`;
  const added = value - (before.get(path) ?? 0);
  before.set(path, value);
  return `${path}:${added}|c`;
}

/** A part of a name, without the characters that StatsD and Graphite interpret. */
function plain(part: string): string {
  return part.replace(/[^\w-]/g, "_");
}
