import { isLoopback } from "../plan/hosts.ts";
import { nearest } from "../plan/nearest.ts";
import { jsonPath } from "../plan/problems.ts";
import type { Chain, Plan, Target } from "../plan/schema.ts";
import { referencesOf } from "../plan/secretReferences.ts";
import { MIN_SAMPLES_ABOVE, SLO_PERCENTILES } from "../plan/sloPercentiles.ts";

/** Something that a plan may say but that is probably not meant. */
export interface Warning {
  /** A JSON path. */
  where: string;
  text: string;
}

/** The percentiles that need many requests: a median needs only a few. */
const TAIL_PERCENTILES = SLO_PERCENTILES.filter(({ line }) => line !== "p50");

/** Methods of Ethereum nodes (the execution APIs' specification, and the usual ones of net and web3). */
const RPC_METHODS = (
  "eth_accounts eth_blobBaseFee eth_blockNumber eth_call eth_chainId eth_createAccessList eth_estimateGas eth_feeHistory " +
  "eth_gasPrice eth_getBalance eth_getBlockByHash eth_getBlockByNumber eth_getBlockReceipts " +
  "eth_getBlockTransactionCountByHash eth_getBlockTransactionCountByNumber eth_getCode eth_getFilterChanges " +
  "eth_getFilterLogs eth_getLogs eth_getProof eth_getStorageAt eth_getTransactionByBlockHashAndIndex " +
  "eth_getTransactionByBlockNumberAndIndex eth_getTransactionByHash eth_getTransactionCount eth_getTransactionReceipt " +
  "eth_maxPriorityFeePerGas eth_newBlockFilter eth_newFilter eth_sendRawTransaction eth_syncing eth_uninstallFilter " +
  "net_listening net_peerCount net_version web3_clientVersion web3_sha3"
).split(" ");

/** Warnings about what is probably not meant in a checked plan. */
export function lintPlan(plan: Plan): Warning[] {
  return [...runWarnings(plan), ...plan.chains.flatMap((chain, index) => chainWarnings(plan, chain, index))];
}

function runWarnings({ slo, limits, preflight, timeoutMs, durationMs, chains }: Plan): Warning[] {
  const warnings: Warning[] = [];
  const hasLatency = [slo, ...chains.map((chain) => chain.slo)].some((each) =>
    Object.entries(each ?? {}).some(([line, limit]) => /^p\d+Ms$/.test(line) && limit !== undefined),
  );
  if (!hasLatency) warnings.push({ where: "$.slo", text: "no limit on a response time: a slow gateway passes" });
  if (limits.breaker === false) {
    warnings.push({ where: "$.limits.breaker", text: "false: a target that fails altogether is loaded to the end" });
  }
  if (!preflight)
    warnings.push({ where: "$.preflight", text: "false: a target that does not answer is found out late" });
  if (timeoutMs > durationMs) {
    warnings.push({ where: "$.timeout", text: "longer than the duration: the run may wait longer than it sends" });
  }
  return warnings;
}

function chainWarnings({ slo, durationMs, profile }: Plan, chain: Chain, index: number): Warning[] {
  const where = jsonPath(["chains", index]);
  const warnings: Warning[] = [];
  const requests = (chain.rps * durationMs) / 1_000;
  for (const { field, above } of profile.type === "search" ? [] : TAIL_PERCENTILES) {
    if ((chain.slo?.[field] ?? slo[field]) === undefined || requests * above >= MIN_SAMPLES_ABOVE) continue;
    const needed = Math.ceil(MIN_SAMPLES_ABOVE / above);
    const text = `${chain.name} sends ${Math.round(requests)} requests; ${field} needs about ${needed} to be meaningful`;
    warnings.push({ where, text });
  }
  const told = new Set<string>();
  for (const target of chain.targets) {
    for (const text of targetWarnings(target)) told.add(text);
  }
  return [...warnings, ...[...told].map((text) => ({ where: `${where}.targets`, text }))];
}

function targetWarnings(target: Target): string[] {
  const { method, url, body = "" } = target;
  const warnings: string[] = [];
  if (method !== method.toUpperCase())
    warnings.push(`the method "${method}" is sent in lower case: HTTP tells them apart`);
  for (const [, called = ""] of body.matchAll(/"method"\s*:\s*"(\w+)"/g)) {
    const meant = RPC_METHODS.includes(called) ? undefined : nearest(called, RPC_METHODS);
    if (meant !== undefined) warnings.push(`"${called}" is no method of Ethereum's nodes: "${meant}", perhaps`);
  }
  const isPlain = /^(http|ws):/i.test(url) && URL.canParse(url) && !isLoopback(new URL(url).hostname);
  if (isPlain && referencesOf(target).length > 0) warnings.push("a secret is sent over http, readable on the way");
  return warnings;
}
