import { OPEN_OBJECT, objectEnd, type Span, textOf, valueEnd } from "./json.ts";

/** What a JSON-RPC error says. */
export interface RpcError {
  code?: number;
  message: string;
}

/** How much of a message is read, in bytes. */
const MAX_MESSAGE = 2_048;

/** Parses an error in any form: an object with a code and a message, a text, or anything else. */
export function readError(bytes: Buffer, span: Span): RpcError {
  if (bytes[span.from] !== OPEN_OBJECT) return { message: messageOf(bytes, span) };
  const error: RpcError = { message: "" };
  objectEnd(bytes, span.from, (key, at) => {
    const end = valueEnd(bytes, at);
    const name = key.to - key.from === CODE.length || key.to - key.from === MESSAGE.length ? textOf(bytes, key) : "";
    if (name === CODE) {
      const code = codeOf(textOf(bytes, { from: at, to: Math.min(end, at + 32) }));
      if (code !== undefined) error.code = code;
    }
    if (name === MESSAGE) error.message = messageOf(bytes, { from: at, to: end });
    return end;
  });
  return error;
}

const CODE = '"code"';
const MESSAGE = '"message"';

/** A code, which some gateways write as a text. */
function codeOf(token: string): number | undefined {
  const [, digits] = /^"?(-?\d{1,12})"?$/.exec(token) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

function messageOf(bytes: Buffer, { from, to }: Span): string {
  if (bytes[from] !== 0x22) return "";
  if (to - from <= MAX_MESSAGE) return JSON.parse(textOf(bytes, { from, to })) as string;
  return textOf(bytes, { from: from + 1, to: from + MAX_MESSAGE });
}

/** JSON-RPC 2.0's codes, whose meaning no text changes. */
const CODES = new Map([
  [-32_700, "rpc-parse-error"],
  [-32_600, "rpc-invalid-request"],
  [-32_601, "rpc-method-not-found"],
  [-32_602, "rpc-invalid-params"],
  [-32_603, "rpc-internal-error"],
]);

/**
 * Codes that gateways use for rate limits, besides HTTP's 429: EIP-1474's, and those of proxyd, QuickNode, Helius and others.
 */
const RATE_LIMIT_CODES = new Set([429, -32_005, -32_007, -32_016, -32_029, -32_090, -32_097, -32_429]);

/** How gateways word a rate limit, with a code for it or by the text alone. */
const RATE_LIMIT_TEXT = new RegExp(
  [
    "rate[ _-]?limit",
    "too many (concurrent )?requests?",
    "(rps|cups?) limit|max usage reached|max(imum)? concurrent requests|out of .{0,10}credits",
    "request(s|s?['’] count| count| rate)? (limit|quota|exceeded)",
    "requests? per (second|minute|hour|day|month)",
    "compute units? (per second|limit|capacity|quota|exceeded)",
    "exceeded .{0,40}(quota|capacity|compute units|credits|requests)",
    "(capacity|quota|credits?|usage limit) .{0,20}(exceeded|exhausted|reached)",
    "limited to [\\d,.]+ ?(/|per) ?(s|m|h|d)",
    "(daily|monthly|free tier|plan) .{0,20}(limit|quota) .{0,10}(exceeded|reached|exhausted)",
    "throttl|\\brate exceeded|request rate (is )?too high",
  ].join("|"),
  "i",
);

/** How an error says that a query asks for too much, whatever its rate. */
const QUERY_TEXT = new RegExp(
  [
    "returned more than|response (is )?too (large|big)|response size|max(imum)? (results|logs)|logs? limit exceeded",
    "more than [\\d,]+ (results|logs|events|blocks)|too many (results|logs|blocks)|at most [\\d,]+ (results|logs|blocks)",
    "\\branges?\\b|number of requested blocks|blocks distance|exceeds limit of|smaller than size|exceed max (topics|addresses)",
  ].join("|"),
  "i",
);

/** The same under a code that others use for rate limits: Besu says it about batches, others about responses. */
const SIZE_TEXT = /\bbatch\b|too (big|large)/i;

/** How a node says that it is behind the others, as Solana's do under a code that others use for rate limits. */
const BEHIND_TEXT = /\bbehind\b|unhealthy|\bslots?\b|\bcontext\b|syncing/i;

/** How nodes word invalid parameters under their catch-all code. */
const PARAMS_TEXT =
  /^(err: )?invalid (argument|params?|parameters?|block range|address|reward percentile|hex)|^(missing value for required|hex string|cannot unmarshal)|both gasPrice and/i;

/**
 * Why nodes refuse a transaction or its estimate: its nonce, its price, its funds, its gas, its signature, its size, or
 * that they have it. As geth and its kin, Besu, Nethermind, OpenEthereum, Arbitrum, zkSync, Substrate's and Solana's word
 * it.
 */
const TRANSACTION_TEXT = new RegExp(
  [
    "nonce ?(is )?too|(invalid|wrong|incorrect|old|same|transaction) ?nonce|nonce(gap|alreadyused)|underpriced",
    "insufficient ?(funds|fee|gas)|insufficient .{0,30}balance|not enough (funds|gas)|fee ?too ?low",
    "\\b(gas price|fee|tip|premium)\\b.{0,50}(too low|below|less than|higher than|exceed|negative)|invalid gas fee cap",
    "exceeds account balance|overdraft|intrinsic gas|gas (limit )?(is )?too low|gas ?limit ?(reached|exceeded)|out of gas",
    "(block|current) gas limit|gas required exceeds|gas is beyond limit|gas uint64 overflow|int256 ?overflow|negative value",
    "already ?(known|imported|finalized|exists)|known transaction|same hash|pool\\((stale|alreadyimported)",
    "invalid (sender|signature|chain id|rlp)|wrong chain ?id|chain ?id (is )?(required|not supported)|rlp: ",
    "not authorized to send|transaction is not permitted|replay-protected|sender ?(is ?|not an )(contract|eoa)|signature verification",
    "oversized data|(tx|transaction) (is )?too (big|large)|max(imum)? (initcode|code) size|transaction type not supported",
    "(serialize|validate) (the )?transaction|in-flight transaction|transaction simulation failed",
  ].join("|"),
  "i",
);

/**
 * How nodes word a reverted execution: geth-like nodes, Besu, anvil; Nethermind, OpenEthereum; Ganache, Hardhat; TRON;
 * Lotus; Hedera.
 */
const REVERT_TEXT = new RegExp(
  [
    "execution reverted|vm execution error|vm exception while processing transaction|execution failed due to an exception",
    "reverted with|transaction reverted|^revert(ed)?\\b|revert opcode executed|revert reason=|contract_revert",
  ].join("|"),
  "i",
);

/** geth's code for a reverted execution. */
const REVERT_CODE = 3;

/** What is wrong with the request itself, if a node says so under its catch-all code. */
function ofRequest(message: string): string | undefined {
  if (PARAMS_TEXT.test(message)) return "rpc-invalid-params";
  return TRANSACTION_TEXT.test(message) ? "rpc-transaction-refused" : undefined;
}

/** The class of a JSON-RPC error. `ownCodes` are those that the plan's gateway uses for rate limits. */
export function classifyError({ code, message }: RpcError, ownCodes: readonly number[] = []): string {
  if (code !== undefined && ownCodes.includes(code)) return "rpc-rate-limited";
  if (REVERT_TEXT.test(message)) return "rpc-revert";
  if (RATE_LIMIT_TEXT.test(message)) return "rpc-rate-limited";
  if (code === undefined) return "rpc-error";
  if (code === REVERT_CODE) return "rpc-revert";
  const known = CODES.get(code);
  if (known) return known;
  const isServers = code <= -32_000 && code >= -32_099;
  const asked = isServers ? ofRequest(message) : undefined;
  if (asked) return asked;
  // Some use their own codes for it, such as QuickNode's -32614 and dRPC's 35.
  if (QUERY_TEXT.test(message)) return "rpc-query-too-large";
  if (RATE_LIMIT_CODES.has(code)) {
    if (isServers && SIZE_TEXT.test(message)) return "rpc-query-too-large";
    return isServers && BEHIND_TEXT.test(message) ? "rpc-node-behind" : "rpc-rate-limited";
  }
  return isServers ? "rpc-server-error" : "rpc-error";
}
