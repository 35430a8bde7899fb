import type { Accept, Check } from "../plan/chainSchema.ts";
import type { Chain, Target } from "../plan/schema.ts";
import { prepareChecks } from "./checks.ts";
import type { CallId, IdPlace } from "./ids.ts";
import { blankEnd, listEnd, OPEN_LIST, OPEN_OBJECT, objectEnd, type Span, textOf, valueEnd } from "./json.ts";

/** What a target's response must be to count as a relay. */
export interface Expected {
  kind: "call" | "batch" | "http";
  /** The calls of the request, in its order: exactly one if the kind is "call". */
  calls: readonly CallExpected[];
  demands: Demands;
}

export interface CallExpected {
  /** Undefined for a notification, and for a request that a server cannot read as a call. */
  id: CallId | undefined;
  /** Whether it asks for no answer. */
  isNotification: boolean;
  /** Whether its method answers null if there is nothing to return. */
  mayBeNull: boolean;
  /** Whether it asks for the newest block. */
  asksBlock: boolean;
}

/** What a plan requires of a target's responses. */
export interface Demands {
  expect?: "json-rpc" | "http" | undefined;
  checks?: readonly Check[] | undefined;
  accept?: Accept | undefined;
  rateLimitCodes?: readonly number[] | undefined;
  /** Whether to collect the block numbers that responses report as the newest. */
  blocks?: boolean | undefined;
}

/** What a plan requires of the responses of one of its targets. */
export function demandsOf({ expect, checks, accept }: Target, chain: Chain): Demands {
  const { rateLimitCodes, staleBlocks } = chain;
  // All have the same fields, so that code compiled for one plan's demands fits the next one's.
  return { expect, checks, accept: accept ?? chain.accept, rateLimitCodes, blocks: staleBlocks !== undefined };
}

/**
 * What to expect of the response to a request's body. `idPlaces` are the offsets, in its UTF-8 bytes, of ids that are
 * generated for each request. Without a body, or if the plan says so, only HTTP counts.
 */
export function expectedOf(
  body: string | undefined,
  idPlaces: readonly IdPlace[] = [],
  demands: Demands = {},
): Expected {
  prepareChecks(demands.checks ?? []);
  const kind = demands.expect ?? (body === undefined ? "http" : "json-rpc");
  if (kind === "http") return { kind: "http", calls: [], demands };
  const bytes = Buffer.from(body ?? "");
  const from = blankEnd(bytes, 0);
  if (bytes[from] !== OPEN_LIST) return { kind: "call", calls: [callAt(bytes, from, idPlaces)], demands };
  const calls: CallExpected[] = [];
  listEnd(bytes, from, (at) => {
    calls.push(callAt(bytes, at, idPlaces));
    return valueEnd(bytes, at);
  });
  // A server answers an empty list with one error.
  return calls.length === 0 ? { kind: "call", calls: [UNREADABLE], demands } : { kind: "batch", calls, demands };
}

const UNREADABLE: CallExpected = { id: undefined, isNotification: false, mayBeNull: false, asksBlock: false };

/**
 * Methods that answer null if there is no such block, transaction, operation or output: then the node is not at fault.
 */
const MAY_BE_NULL = new RegExp(
  [
    "^eth_get(Raw)?TransactionBy\\w+$",
    "^eth_getTransactionReceipt$",
    "^eth_(getBlock|getHeader|getBlockTransactionCount)ByHash$",
    "^eth_getUncle(By\\w+|CountByBlockHash)$",
    "^eth_getUserOperation(ByHash|Receipt)$",
    "^(trace_transaction|trace_get|erigon_getBlockByTimestamp|erigon_getHeaderByHash)$",
    "^ots_(getTransactionBySenderAndNonce|getContractCreator)$",
    "^zks_get(BlockDetails|L1BatchDetails|TransactionDetails)$",
    "^(getTransaction|getConfirmedTransaction|gettxout|state_getStorage)$",
  ].join("|"),
);

/** What to expect for the call that begins at byte `at` of a request. */
function callAt(bytes: Buffer, at: number, idPlaces: readonly IdPlace[]): CallExpected {
  if (bytes[at] !== OPEN_OBJECT) return UNREADABLE;
  let id: Span | undefined;
  let method = "";
  const end = objectEnd(bytes, at, (key, value) => {
    const to = valueEnd(bytes, value);
    const name = textOf(bytes, key);
    if (to !== -1 && name === '"id"') id = { from: value, to };
    if (to !== -1 && name === '"method"') method = textOf(bytes, { from: value + 1, to: to - 1 });
    return to;
  });
  if (end === -1) return UNREADABLE;
  return {
    id: id && callId(bytes, id, idPlaces),
    isNotification: !id,
    mayBeNull: MAY_BE_NULL.test(method),
    asksBlock: method === "eth_blockNumber",
  };
}

function callId(bytes: Buffer, { from, to }: Span, idPlaces: readonly IdPlace[]): CallId {
  const own = idPlaces.filter(({ at }) => at >= from && at < to);
  return { bytes: bytes.subarray(from, to), places: own.map(({ at }) => at - from), part: own[0]?.part ?? 0 };
}
