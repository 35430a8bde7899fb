import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { S3Client } from "@aws-sdk/client-s3";
import { SFNClient } from "@aws-sdk/client-sfn";
import type { Command } from "commander";
import fc from "fast-check";
import { makeProgram } from "../../bin/program.ts";
import { serveRuns } from "../../lib/fleet/host.ts";
import { parsePrometheus } from "../../lib/observe/prometheus.ts";
import { isHttpUrl } from "../../lib/plan/httpUrl.ts";
import { checkPlan } from "../../lib/plan/load.ts";
import { parseRequestLog, parseRows } from "../../lib/plan/records.ts";
import { parseHttpTargets, parseJsonTargets } from "../../lib/plan/targets.ts";
import { balances } from "../../lib/results/ledger.ts";
import { reduceRun } from "../../lib/results/reduce.ts";
import { chunkKey } from "../../lib/store/keys.ts";
import { S3Store } from "../../lib/store/s3Store.ts";
import { temporaryFolder } from "../support/folder.ts";
import { chunksOf, fixture, RUN } from "../support/results.ts";
import { ROOT, volley } from "../support/volley.ts";

/*
 * Whatever comes in: a clear error or a right result, never a crash, a hang, or a request sent. Seeded; FUZZ_CASES and
 * FUZZ_SEED ask for more, or for others.
 */

const CASES = Number(process.env.FUZZ_CASES ?? 1_000);
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_125);

function parameters(share = 1): { numRuns: number; seed: number } {
  return { numRuns: Math.max(1, Math.round(CASES * share)), seed: SEED };
}

/** Calls back with a JSON value in which one place was changed. */
function mutated(base: unknown): fc.Arbitrary<unknown> {
  const places = placesOf(base, []);
  const junk = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(
      -1,
      0,
      1e308,
      Number.MAX_SAFE_INTEGER,
      "",
      "\u0000",
      "9".repeat(400),
      "__proto__",
      [],
      {},
      null,
      true,
    ),
    fc.string({ unit: "binary", maxLength: 40 }),
  );
  return fc.tuple(fc.constantFrom(...places), junk, fc.boolean()).map(([path, value, isRemoved]) => {
    const copy = structuredClone({ root: base }) as Record<string, unknown>;
    const [last = "root", ...before] = [...path].reverse();
    const parent = ["root", ...before.reverse()]
      .slice(0, path.length === 0 ? 0 : undefined)
      .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], copy) as Record<string, unknown>;
    if (isRemoved) delete parent[last];
    else parent[last] = value;
    return copy.root;
  });
}

function placesOf(value: unknown, path: string[]): string[][] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, each]) => placesOf(each, [...path, key]))];
}

const EXAMPLES = ["demo.json", "capacity.json", "option-a.json"].map(
  (name) => JSON.parse(readFileSync(`${ROOT}plans/${name}`, "utf8")) as unknown,
);

/** Fails on any error but one of these, which is told in words. */
function refusedInWords(act: () => unknown, names: readonly string[]): void {
  try {
    act();
  } catch (error) {
    assert.ok(names.includes((error as Error).name), (error as Error).stack);
    assert.ok((error as Error).message.length > 10);
  }
}

test("plans: refused with a place and what is expected, or accepted and whole", () => {
  const plans = fc.oneof(fc.jsonValue(), ...EXAMPLES.map(mutated));
  fc.assert(
    fc.property(plans, (raw) => {
      refusedInWords(() => {
        const plan = checkPlan(raw, `${ROOT}plans`, "the plan", { origin: "http://127.0.0.1:1" });
        assert.ok(plan.chains.length > 0 && plan.durationMs > 0);
        for (const { rps, targets } of plan.chains) assert.ok(rps > 0 && Number.isFinite(rps) && targets.length > 0);
      }, ["InputError"]);
    }),
    parameters(),
  );
});

test("target files, request logs and data files: problems by line, or targets that can be sent", () => {
  const line = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.constantFrom("POST http://a.example/", "GET x", "Content-Type: application/json", "@body.json", "", "# c", "{}"),
    fc.constantFrom('{"method":"POST","url":"http://a/","body":"e30="}', '{"jsonrpc":"2.0"}', "at,method\n1,2", '"a'),
  );
  const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.join("\n"));
  fc.assert(
    fc.property(text, (file) => {
      for (const { value: targets, problems } of [
        parseHttpTargets(file, "f", "/nonexistent"),
        parseJsonTargets(file, "f"),
      ]) {
        for (const { url, method } of targets) assert.ok(isHttpUrl(url) && /^[!#$%&'*+.^_`|~\w-]+$/.test(method));
        for (const { where, expected } of problems) assert.ok(where !== "" && expected !== "");
      }
      parseRequestLog({ text: file, shownAs: "f" });
      parseRows({ text: file, shownAs: "f" });
    }),
    parameters(),
  );
});

test("Prometheus pages: samples, or the line that is none", () => {
  const line = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.constantFrom('a{b="c"} 1', "a 1 2 3", "# TYPE a counter", 'a{b="\\', "a{} NaN", 'a{le="+Inf"} 1e999'),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      refusedInWords(() => parsePrometheus(lines.join("\n")), ["PrometheusError"]);
    }),
    parameters(),
  );
});

test("chunks: the ledger balances whatever a chunk has become, or what does not is named", async (t) => {
  const run = fixture(t);
  const originals = run.assignments.flatMap((assignment) => chunksOf(run.plan, assignment, 1, 2));
  const [victim] = originals;
  assert.ok(victim);
  const text = JSON.stringify(victim);
  const broken = fc.oneof(
    mutated(victim).map((value) => JSON.stringify(value) ?? ""),
    fc.integer({ min: 0, max: text.length }).map((end) => text.slice(0, end)),
    fc.string({ unit: "binary", maxLength: 80 }),
  );
  const objects = new Map(
    originals.map((chunk) => [chunkKey(RUN, chunk.assignment, chunk.attempt, chunk.sequence), JSON.stringify(chunk)]),
  );
  const key = chunkKey(RUN, victim.assignment, victim.attempt, victim.sequence);
  const store = {
    get: async (wanted: string) => objects.get(wanted),
    list: async (prefix: string) => [...objects.keys()].filter((each) => each.startsWith(prefix)).sort(),
  };
  await fc.assert(
    fc.asyncProperty(broken, async (body) => {
      objects.set(key, body);
      const { chains, findings } = await reduceRun(
        { store: store as never, runId: RUN, plan: run.plan },
        run.assignments,
        () => {},
      );
      const [chain] = chains;
      assert.ok(chain && (balances(chain.ledger) || findings.length > 0), JSON.stringify(chain?.ledger));
    }),
    parameters(0.5),
  );
});

/** A server that answers every request with what it was told last. */
async function answeringWith(t: TestContext): Promise<{ endpoint: string; answer: { status: number; body: string } }> {
  const answer = { status: 200, body: "" };
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.writeHead(answer.status, { "Content-Type": "application/json" }).end(answer.body));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, answer };
}

const responses = fc.tuple(
  fc.constantFrom(200, 204, 400, 403, 404, 409, 412, 500, 503),
  fc.oneof(
    fc.string({ unit: "binary", maxLength: 80 }),
    fc.json(),
    fc.constantFrom(
      "<Error><Code>NoSuchKey</Code></Error>",
      '{"__type":"InvalidToken"}',
      '{"taskToken":"t","input":"{"}',
    ),
  ),
);
const CLIENT = { region: "us-east-1", credentials: { accessKeyId: "a", secretAccessKey: "b" }, maxAttempts: 1 };

test("S3's answers: an object, none, or an error that says what went wrong", async (t) => {
  const { endpoint, answer } = await answeringWith(t);
  const client = new S3Client({ ...CLIENT, endpoint, forcePathStyle: true });
  t.after(() => client.destroy());
  const store = new S3Store("bucket", client);
  const calls = [() => store.get("k"), () => store.putIfAbsent("k", "x"), () => store.list("k"), () => store.time("k")];
  await fc.assert(
    fc.asyncProperty(responses, fc.constantFrom(...calls), async ([status, body], call) => {
      Object.assign(answer, { status, body });
      await call().catch((error: unknown) => assert.ok(error instanceof Error && error.message !== ""));
    }),
    parameters(0.3),
  );
});

test("answers of the store and of Step Functions: a host asks on, and runs nothing whose token it was not given", async (t) => {
  const { endpoint, answer } = await answeringWith(t);
  const client = new SFNClient({ ...CLIENT, endpoint });
  const s3 = new S3Client({ ...CLIENT, endpoint, forcePathStyle: true });
  t.after(() => {
    client.destroy();
    s3.destroy();
  });
  let ran = 0;
  const store = new S3Store("bucket", s3);
  await fc.assert(
    fc.asyncProperty(responses, async ([status, body]) => {
      Object.assign(answer, { status, body });
      const stopped = new AbortController();
      const timer = setTimeout(() => stopped.abort(), 25);
      const ports = { store, client, run: async () => ran++, say: () => {}, pollMs: 1 };
      await serveRuns({ name: "host", runId: "run" }, ports, stopped.signal);
      clearTimeout(timer);
    }),
    parameters(0.05),
  );
  assert.equal(ran, 0);
});

test("command lines: parsed, or refused with an exit code of commander's, and nothing is done", async () => {
  const done = (command: Command): void => {
    command.action(() => {});
    command.configureOutput({ writeOut: () => {}, writeErr: () => {} });
    command.exitOverride();
    for (const each of command.commands) done(each);
  };
  const word = fc.oneof(
    fc.constantFrom(
      "run",
      "plan",
      "report",
      "compare",
      "export",
      "host",
      "gateway",
      "schema",
      "resume",
      "watch",
      "abort",
    ),
    fc.constantFrom("--json", "--out", "--origin", "--store", "--mode", "fleet", "--stack", "--tolerance", "p99=0.1"),
    fc.constantFrom(
      "--port",
      "70000",
      "-1",
      "--check",
      "--dashboard",
      "--format",
      "csv",
      "--help",
      "--",
      "--allow-host",
    ),
    fc.string({ unit: "binary", maxLength: 20 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 7 }), async (words) => {
      const program = makeProgram();
      done(program);
      await program.parseAsync(words, { from: "user" }).catch((error: { code?: string }) => {
        assert.match(error.code ?? String(error), /^commander\./);
      });
    }),
    parameters(),
  );
});

test("a plan that was changed at random: volley itself refuses it with 2, or explains it with 0", async (t) => {
  const folder = temporaryFolder(t);
  const samples = fc.sample(mutated(EXAMPLES[0]), { numRuns: 12, seed: SEED });
  for (const [index, sample] of samples.entries()) {
    const path = `${folder}/plan-${index}.json`;
    writeFileSync(path, JSON.stringify(sample) ?? "");
    const { code, stderr } = await volley(["plan", path]);
    assert.ok(code === 0 || code === 2, `${code}: ${stderr}`);
    assert.doesNotMatch(stderr, /\n {4}at /, "no stack trace is shown");
  }
});
