import { isWebSocketUrl } from "./httpUrl.ts";
import { bodyText, isJsonRpc } from "./jsonRpcBody.ts";
import type { Chain, Target } from "./schema.ts";

/** HTTP methods that change nothing on the server (RFC 9110, section 9.2.1). */
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/** The first word, after the namespace, of the name of a JSON-RPC method that only reads. */
const READS =
  /^(?:get|call|estimate|simulate|create(?=AccessList)|block|chain|client|version|gas|fee|max|blob|accounts|syncing|coinbase|hashrate|mining|protocol|peer|listening|sha|trace|replay|list|read|query|is|has|find|search|verify|decode|filter|logs|status|health|content|inspect)(?![a-z])/;

const METHOD = /"method"\s*:\s*"((?:[^"\\]|\\.)*)"/g;

/** Whether a JSON-RPC method's name says that it only reads: an unknown one may write. */
function reads(method: string): boolean {
  const [, namespace, name = method] = /^([A-Za-z0-9]+)[_.](.+)$/.exec(method) ?? [];
  return !/^(?:personal|admin|miner|engine|anvil|hardhat|evm|ganache)$/i.test(namespace ?? "") && READS.test(name);
}

/** Whether a request may change something at its target, so that it must not be sent twice. */
function mayWrite(target: Target): boolean {
  const body = bodyText(target);
  if (target.expect === "http" || body === undefined || !isJsonRpc(body)) return !SAFE_METHODS.has(target.method);
  // A name may be written with escapes.
  if (/\\u/i.test(body)) return true;
  const methods = [...body.matchAll(METHOD)].map(([, method = ""]) => method);
  return methods.length === 0 || !methods.every(reads);
}

/** A call that any node answers, even if with an error. */
const HARMLESS_CALL = '{"jsonrpc":"2.0","id":{{id}},"method":"net_version","params":[]}';

/**
 * The request that checks, outside the load, whether a target answers. A request that may write, or that takes a row
 * that is used only once, is replaced by one that changes nothing: a call of net_version, or HEAD if the target does
 * not speak JSON-RPC. If `isReplaced`, the answer says nothing about the load.
 */
export function harmless(
  target: Target,
  { dataOrder }: Pick<Chain, "dataOrder">,
): { target: Target; isReplaced: boolean } {
  if (dataOrder !== "once" && !mayWrite(target)) return { target, isReplaced: false };
  const { body: _, bodyBase64: _bytes, checks: _checks, accept: _accept, ...rest } = target;
  const headers = target.headers.filter(([name]) => !/^content-(?:encoding|length)$/i.test(name));
  const speaksJsonRpc = isWebSocketUrl(target.url) || isJsonRpc(bodyText(target) ?? "");
  const replaced: Target = speaksJsonRpc
    ? { ...rest, headers, body: HARMLESS_CALL }
    : { ...rest, headers, method: "HEAD", expect: "http" };
  return { target: replaced, isReplaced: true };
}
