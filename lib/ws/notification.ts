import type { Subscription } from "../plan/schema.ts";

/** The parts of a notification that are tracked. */
export interface Notification {
  /**
   * The announced item's key, the same for all subscribers: its hash, and for a log also its index. Undefined if there
   * is none.
   */
  key: string | undefined;
  /** The block number; undefined for a pending transaction. */
  order: number | undefined;
  /** Whether a log was removed by a reorganisation. */
  isRemoved: boolean;
}

/** Maximum length of a hash or number that is read. */
const MOST_LETTERS = 66;

/**
 * Reads a message as a notification of eth_subscribe; undefined if it is not one. Searches for the fields instead of
 * parsing everything: a thousand subscribers receive a block at once, and parsing time would count as their lag.
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
      // A hash, or the whole transaction if the gateway sends that.
      return { key: hexOf(message, "result") ?? hexOf(message, "hash"), order: undefined, isRemoved: false };
  }
}

/** A field's hexadecimal text; undefined if it has none. */
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
