/** How old the block is that a call asks for: state of recent blocks is on every full node. */
export type BlockAge = "recent" | "older";

/** Blocks whose state a full node keeps (geth's default), the newest one included. */
const RECENT_BLOCKS = 128;

/** The place of the block among a method's parameters. */
const BLOCK_PLACES: Record<string, number> = {
  eth_call: 1,
  eth_estimateGas: 1,
  eth_createAccessList: 1,
  eth_getBalance: 1,
  eth_getCode: 1,
  eth_getTransactionCount: 1,
  eth_getStorageAt: 2,
  eth_getProof: 2,
  eth_feeHistory: 1,
  eth_getLogs: 0,
  eth_getBlockByNumber: 0,
  eth_getBlockReceipts: 0,
  eth_getBlockTransactionCountByNumber: 0,
  eth_getTransactionByBlockNumberAndIndex: 0,
  eth_getUncleByBlockNumberAndIndex: 0,
  eth_getUncleCountByBlockNumber: 0,
  debug_traceBlockByNumber: 0,
  debug_traceCall: 1,
  trace_block: 0,
  trace_replayBlockTransactions: 0,
  trace_call: 2,
};

/** Whether a body is a call of a method that takes a block. */
export function takesBlock(body: string): boolean {
  return Object.keys(BLOCK_PLACES).some((method) => body.includes(`"${method}"`));
}

/**
 * How old the block is that a single JSON-RPC call asks for, given the newest one; undefined if the call takes none, or
 * names it by its hash. Of logs the first block decides.
 */
export function blockAgeOf(body: string, newest: number): BlockAge | undefined {
  const { method, params } = parsed(body);
  const place = method === undefined ? undefined : BLOCK_PLACES[method];
  if (place === undefined || !Array.isArray(params)) return undefined;
  const block = method === "eth_getLogs" ? firstOfLogs(params[0]) : params[place];
  return ageOf(block ?? "latest", newest);
}

function parsed(body: string): { method?: string; params?: unknown } {
  try {
    const call: unknown = JSON.parse(body);
    return typeof call === "object" && call !== null ? call : {};
  } catch {
    return {};
  }
}

/** The first block of a filter of logs; one block's hash stays an object. */
function firstOfLogs(filter: unknown): unknown {
  if (typeof filter !== "object" || filter === null) return undefined;
  return "blockHash" in filter ? filter : (filter as { fromBlock?: unknown }).fromBlock;
}

function ageOf(block: unknown, newest: number): BlockAge | undefined {
  if (typeof block === "object" && block !== null && "blockNumber" in block) return ageOf(block.blockNumber, newest);
  if (typeof block === "number") return newest - block < RECENT_BLOCKS ? "recent" : "older";
  if (typeof block !== "string") return undefined;
  if (["latest", "pending", "safe", "finalized"].includes(block)) return "recent";
  if (block === "earliest") return "older";
  // A hash of a block has 64 digits.
  return /^0x[0-9a-f]{1,15}$/i.test(block) ? ageOf(Number.parseInt(block, 16), newest) : undefined;
}
