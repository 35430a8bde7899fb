import type { Subscription } from "../plan/schema.ts";

/** A notification, as far as it is followed. */
export interface Notification {
  /** What is announced, the same for all subscribers: a hash, and of a log its index too. Undefined where it names none. */
  key: string | undefined;
  /** The block's number; undefined of a pending transaction. */
  order: number | undefined;
  /** Of a log: whether a reorganisation took it back. */
  isRemoved: boolean;
}

/** Longest hash, or number, that is read. */
const MOST_LETTERS = 66;

/**
 * Reads a message as a notification of eth_subscribe; undefined where it is none. The fields are looked for and the rest
 * is not parsed: a thousand subscribers get a block at once, and how long reading takes would count as their lag.
 */
export function readNotification(message: Buffer, to: Subscription["to"]): Notification | undefined {
  if (message.indexOf('"eth_subscription"') === -1) return undefined;
  switch (to) {
    case "newHeads":
      return { key: hexOf(message, "hash"), order: numberOf(message, "number"), isRemoved: false };
    case "logs": {
      const [block, index] = [hexOf(message, "blockHash"), hexOf(message, "logIndex")];
      return {
        key: block !== undefined && index !== undefined ? `${block}/${index}` : undefined,
        order: numberOf(message, "blockNumber"),
        isRemoved: /"removed":\s*true/.test(message.toString("latin1")),
      };
    }
    case "newPendingTransactions":
      // A hash, or the whole transaction where a gateway gives that.
      return { key: hexOf(message, "result") ?? hexOf(message, "hash"), order: undefined, isRemoved: false };
  }
}

/** A field's hexadecimal text; undefined where it has none. */
function hexOf(message: Buffer, field: string): string | undefined {
  const at = message.indexOf(`"${field}":`);
  if (at === -1) return undefined;
  const from = at + field.length + 3;
  const [, text] = /^\s*"(0x[0-9a-f]+)"/i.exec(message.toString("latin1", from, from + MOST_LETTERS + 8)) ?? [];
  return text?.toLowerCase();
}

function numberOf(message: Buffer, field: string): number | undefined {
  const text = hexOf(message, field);
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
