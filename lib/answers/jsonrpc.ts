import { passes } from "./checks.ts";
import type { CallExpected, Demands, Expected } from "./expected.ts";
import { httpClass } from "./httpClass.ts";
import { batchId, isSameId, keyOfCall, keyOfId } from "./ids.ts";
import { blankEnd, isText, listEnd, OPEN_LIST, OPEN_OBJECT, objectEnd, type Span, textOf, valueEnd } from "./json.ts";
import { classifyError, type RpcError, readError } from "./rpcError.ts";
import { usualResult } from "./usualResponse.ts";

/** The class of a response that is a relay. */
export const VALID = "valid";

/** What a response counts as. */
export interface Verdict {
  /** The stable name of its class: `valid` for a relay (`classes.ts` lists all others). */
  name: string;
  /** The JSON-RPC error that it contains, if that decided the class. */
  error?: RpcError;
  /** The block numbers that it reports as the newest, if the plan needs them. */
  blocks?: readonly number[];
}

/** The verdict of a plain relay, the only one that is not created for each response. */
export const RELAY: Verdict = { name: VALID };

/** The class of a complete response to the n-th request. */
export function classifyResponse(status: number, body: Buffer, expected: Expected, n = 0): string {
  return judgeResponse(status, body, expected, n).name;
}

/** The status given to answers over a WebSocket, which is that of the handshake: over HTTP no response has it. */
export const SWITCHED = 101;

/**
 * Judges a complete response to the n-th request. The HTTP status comes first, then whether the body is the response
 * that JSON-RPC requires, then what the plan requires of it. Takes time linear in the body's length, and never throws.
 */
export function judgeResponse(status: number, body: Buffer, expected: Expected, n = 0): Verdict {
  const { kind, demands } = expected;
  const isOk = (status >= 200 && status <= 299) || status === SWITCHED;
  if (isOk && kind === "call" && !demands.checks) {
    const call = expected.calls[0] as CallExpected;
    const at = usualResult(body, call.id, n);
    if (at !== -1) return demands.blocks && call.asksBlock ? relayOfBlock(body, at) : RELAY;
  }
  const counts = isOk || (demands.accept?.status?.includes(status) ?? false);
  if (!counts && (kind === "http" || !TELLING.has(status))) return { name: httpClass(status) };
  const verdict = kind === "http" ? judgeHttp(body, isOk, demands) : judgeBody(body, expected, n);
  // Any server may answer {"error": "…"}: only JSON-RPC's errors have a code.
  return counts || verdict.error?.code !== undefined ? verdict : { name: httpClass(status) };
}

const NO_BODY = Buffer.alloc(0);

/** The class of a complete response whose body cannot be decoded. Here too, the HTTP status comes first. */
export function classifyUndecodable(status: number, expected: Expected): string {
  const name = classifyResponse(status, NO_BODY, expected);
  return name.startsWith("http-") ? name : "invalid-encoding";
}

/** Statuses for which a JSON-RPC error in the body says more than the status does. */
const TELLING = new Set([400, 404, 405, 415, 422, 500, 501]);

/** Judges a response that is not JSON-RPC and whose status is accepted. */
function judgeHttp(body: Buffer, isOk: boolean, { checks = [] }: Demands): Verdict {
  const name = isOk ? VALID : "answer-status";
  if (checks.length === 0) return { name };
  const at = blankEnd(body, 0);
  const end = valueEnd(body, at);
  if (end === -1 || blankEnd(body, end) !== body.length) return { name: notJson(body, at) };
  return { name: checks.every((check) => passes(body, at, check)) ? name : "check-failed" };
}

function notJson(body: Buffer, at: number): string {
  return at === body.length ? "empty-body" : "invalid-json";
}

/** One response object: the positions of its members. */
interface Answer {
  at: number;
  id?: Span;
  result?: Span;
  /** An error that is not empty. */
  error?: Span;
}

function judgeBody(body: Buffer, { kind, calls, demands }: Expected, n: number): Verdict {
  const at = blankEnd(body, 0);
  if (at === body.length && calls.every(({ isNotification }) => isNotification)) return RELAY;
  const answers: Answer[] = [];
  let items = 0;
  const read = (from: number): number => {
    const answer: Answer = { at: from };
    const end = answerEnd(body, answer);
    items++;
    // A list may contain millions of objects: only as many are kept as can matter.
    if (body[from] === OPEN_OBJECT && answers.length < 2 * calls.length + 16) answers.push(answer);
    return end;
  };
  const isList = body[at] === OPEN_LIST;
  const end = isList ? listEnd(body, at, read) : read(at);
  if (end === -1 || blankEnd(body, end) !== body.length) return { name: notJson(body, at) };
  if (kind === "batch" && isList) return judgeBatch(body, { answers, items }, { calls, demands }, n);
  const [answer] = answers;
  if (isList || !answer) return { name: "not-json-rpc" };
  if (kind === "batch") return answer.error ? refusal(body, answer.error, demands) : { name: "batch-not-list" };
  const call = calls[0] as CallExpected;
  const verdict = judgeAnswer(body, answer, call, demands);
  return !call.id || isSameId(body, answer.id, call.id, batchId(n, call.id.part, 1)) ? verdict : strangers(verdict);
}

/** Scans an object's members, or any other value. */
function answerEnd(body: Buffer, answer: Answer): number {
  if (body[answer.at] !== OPEN_OBJECT) return valueEnd(body, answer.at);
  return objectEnd(body, answer.at, (key, from) => {
    const to = valueEnd(body, from);
    if (to === -1) return -1;
    if (isText(body, key, "id")) answer.id = { from, to };
    else if (isText(body, key, "result")) answer.result = { from, to };
    else if (isText(body, key, "error") && !answer.error && !isEmpty(body, from)) answer.error = { from, to };
    return to;
  });
}

/** Whether a value is empty: null, false, 0 or an empty text. */
function isEmpty(body: Buffer, at: number): boolean {
  const byte = body[at];
  return byte === 0x6e || byte === 0x66 || byte === 0x30 || (byte === 0x22 && body[at + 1] === 0x22);
}

/** The verdict on an answer with another call's id: a refusal is still a refusal. */
function strangers(verdict: Verdict): Verdict {
  const isRefusal = verdict.error !== undefined && !isAnswer(verdict.name);
  return isRefusal || verdict.name === "no-result" ? verdict : { name: "id-mismatch" };
}

/** Judges an answer to a call, whatever its id. */
function judgeAnswer(body: Buffer, answer: Answer, call: CallExpected, demands: Demands): Verdict {
  const { checks = [], accept = {} } = demands;
  const pass = (): boolean => checks.every((check) => passes(body, answer.at, check));
  if (answer.error) {
    const refused = refusal(body, answer.error, demands);
    const accepted = acceptedError(refused, demands, pass);
    return accepted === undefined ? refused : { name: accepted, error: refused.error as RpcError };
  }
  if (!answer.result) return { name: "no-result" };
  if (body[answer.result.from] === 0x6e) {
    const asked = checks.some(({ pointer, equals }) => pointer === "/result" && equals === null);
    const isAnswer = accept.null ?? (call.mayBeNull || asked);
    return { name: isAnswer && (accept.null || pass()) ? "answer-null" : "null-result" };
  }
  if (!pass()) return { name: "check-failed" };
  return demands.blocks && call.asksBlock ? relayOfBlock(body, answer.result.from + 1) : RELAY;
}

function refusal(body: Buffer, span: Span, { rateLimitCodes }: Demands): Verdict {
  const error = readError(body, span);
  return { name: classifyError(error, rateLimitCodes), error };
}

/** The class of an error that counts as an answer, by the plan or, for reverts, by default; undefined for any other. */
function acceptedError({ name, error }: Verdict, { checks = [], accept = {} }: Demands, pass: () => boolean) {
  if (error?.code !== undefined && accept.codes?.includes(error.code)) return "answer-code";
  const isRevert = name === "rpc-revert";
  if (isRevert && accept.revert) return "answer-revert";
  const asked = checks.some(({ pointer }) => pointer === "/error" || pointer.startsWith("/error/"));
  if (!asked && !(isRevert && accept.revert === undefined)) return undefined;
  if (!pass()) return undefined;
  return isRevert ? "answer-revert" : "answer-code";
}

/**
 * A batch is one request and one relay. It counts as the first error among its parts, or else as the first part that is
 * missing or wrong, or else as the first accepted answer; it is `valid` when each part is.
 */
function judgeBatch(
  body: Buffer,
  { answers, items }: { answers: readonly Answer[]; items: number },
  { calls, demands }: Pick<Expected, "calls" | "demands">,
  n: number,
): Verdict {
  const unclaimed = new Set(answers);
  const byId = Map.groupBy(answers, ({ id }) => (id ? keyOfId(body, id) : ""));
  const verdicts = calls.flatMap((call): Verdict[] => {
    if (!call.id) return [];
    const answer = byId.get(keyOfCall(call.id, batchId(n, call.id.part, calls.length)))?.shift();
    if (!answer) return [{ name: "batch-part-missing" }];
    unclaimed.delete(answer);
    return [judgeAnswer(body, answer, call, demands)];
  });
  for (const { error } of unclaimed) if (error) verdicts.push(refusal(body, error, demands));
  const asked = calls.filter(({ id }) => id).length;
  if (items > calls.length || (items > asked && [...unclaimed].some(({ id }) => id && body[id.from] !== 0x6e))) {
    verdicts.push({ name: "batch-extra" });
  }
  const wrong = verdicts.filter(({ name }) => name !== VALID && !isAnswer(name));
  const worst = wrong.find(({ error }) => error) ?? wrong[0];
  if (worst) return worst;
  const blocks = verdicts.flatMap((verdict) => verdict.blocks ?? []);
  const best = verdicts.find(({ name }) => name !== VALID) ?? RELAY;
  return blocks.length > 0 ? { ...best, blocks } : best;
}

/** Whether a class is an answer of the node that counts as a relay. */
export function isAnswer(name: string): boolean {
  return name.startsWith("answer-");
}

/** A relay of a block number whose text begins at byte `at`. Anything else there is left to checks. */
function relayOfBlock(body: Buffer, at: number): Verdict {
  const [text] = /^0x[0-9a-f]{1,13}(?=")/i.exec(textOf(body, { from: at, to: at + 16 })) ?? [];
  return text === undefined ? RELAY : { name: VALID, blocks: [Number(text)] };
}
