import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { InvalidToken, type SFNClient, TaskDoesNotExist, TaskTimedOut } from "@aws-sdk/client-sfn";
import { gatherHosts } from "../../lib/fleet/gather.ts";
import { type HostPorts, serveRuns } from "../../lib/fleet/host.ts";
import { hostsThere, reserve } from "../../lib/fleet/hosts.ts";
import { runTask } from "../../lib/fleet/runTask.ts";
import type { Leaving } from "../../lib/fleet/spotNotice.ts";
import type { HostTask } from "../../lib/fleet/tasks.ts";
import { readLeft } from "../../lib/results/left.ts";
import { FLEET_WAIT_MS } from "../../lib/schedule/tempo.ts";
import { RESERVATIONS_PREFIX, tasksPrefix } from "../../lib/store/keys.ts";
import { MemoryStore } from "../support/memoryStore.ts";

/** What was returned to Step Functions: the command, its token, and the error or the output. */
type Returned = [command: string, taskToken: string, what?: string];

/** Waits until something holds. */
async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let waited = 0; !(await holds()); waited += 10) {
    if (waited > 20_000) assert.fail(`not within 20 s: ${what}`);
    await sleep(10);
  }
}

class Fleet {
  readonly store = new MemoryStore();
  readonly returned: Returned[] = [];
  /** The hosts that ran each input. */
  readonly ran: [host: string, input: unknown][] = [];
  /** The error for each heartbeat of a token. */
  readonly over = new Map<string, Error>();
  /** What a worker does. */
  work: (signal: AbortSignal) => Promise<unknown> = async () => ({ outcome: "completed" });
  /** What a host needs, besides what runs its tasks. */
  readonly ports: Omit<HostPorts, "run"> = {
    store: this.store,
    client: { send: (command: unknown) => this.#send(command) } as unknown as SFNClient,
    say: () => {},
    pollMs: 10,
  };
  readonly #test: TestContext;

  constructor(t: TestContext) {
    this.#test = t;
  }

  /** Starts a host; the function stops it. */
  host(name: string, more: Partial<HostPorts> & { runId?: string } = {}): () => Promise<void> {
    const stopped = new AbortController();
    const { runId, ...ports } = more;
    const run: HostPorts["run"] = async (input, signal) => {
      this.ran.push([name, input]);
      return this.work(signal);
    };
    const identity = { name, ...(runId !== undefined && { runId }) };
    const serving = serveRuns(identity, { ...this.ports, run, ...ports }, stopped.signal);
    const stop = async (): Promise<void> => {
      stopped.abort();
      await serving;
    };
    this.#test.after(stop);
    return stop;
  }

  /** Starts a host, which runs a task until `end`; with `leave` it learns when it is taken away. */
  async busyHost() {
    const { promise, resolve: end } = Promise.withResolvers<unknown>();
    this.work = () => promise;
    const { promise: leaving, resolve: leave } = Promise.withResolvers<Leaving>();
    const token = this.task("one", "w000-s00");
    this.host("a", { runId: "one", leaving });
    await until(() => this.ran.length === 1, "the worker runs");
    return { token, end, leave };
  }

  async #send(command: unknown): Promise<object> {
    const { constructor: kind, input } = command as { constructor: { name: string }; input: Record<string, string> };
    const { taskToken = "", output, error } = input;
    const refused = this.over.get(taskToken);
    if (refused) throw refused;
    const name = kind.name.replace(/^SendTask|Command$/g, "");
    if (name !== "Heartbeat") this.returned.push([name, taskToken, error ?? output ?? ""]);
    return {};
  }

  task(runId: string, assignment: string, attempt = 1): string {
    const taskToken = `${runId}/${assignment}/${attempt}`;
    // Ten minutes of work.
    const work = { id: assignment, invokeAt: new Date().toISOString(), timeoutSeconds: 600 };
    this.store.set(
      `${tasksPrefix(runId)}${assignment}/${attempt}/task.json`,
      JSON.stringify({ taskToken, input: { runId, assignment: work } }),
    );
    return taskToken;
  }

  /** How many hosts are free, or work for a run. */
  async there(runId?: string): Promise<number> {
    return (await hostsThere(this.store, Date.now())).filter((host) => host.runId === runId).length;
  }

  /** Starts a host that becomes a spare of run `one`. */
  async spare(name: string, lastsMs: number): Promise<void> {
    const said: string[] = [];
    this.host(name, { say: (text) => said.push(text) });
    await until(async () => (await this.there()) === 1, "the host is free");
    const [{ freeSinceMs = 0 } = {}] = await hostsThere(this.store, Date.now());
    await reserve(this.store, name, freeSinceMs, { runId: "one", role: "spare", hasTrials: false, lastsMs });
    await until(() => said.includes("spare of one"), "the host is a spare");
  }

  async gather(runId: string, hosts: number, { hasTrials = false, limitMs = 20_000 } = {}): Promise<void> {
    const ports = { nowMs: Date.now, sleep: () => sleep(20), startHosts: async () => {}, limitMs };
    await gatherHosts(this.store, { runId, hosts, hasTrials, lastsMs: 60_000 }, ports);
  }
}

test("runs side by side each have their own hosts, which are free again when their task is done", async (t) => {
  const fleet = new Fleet(t);
  for (const name of ["a", "b", "c", "d", "e"]) fleet.host(name);
  await until(async () => (await fleet.there()) === 5, "five hosts are free");
  await Promise.all([fleet.gather("one", 2), fleet.gather("two", 3)]);
  assert.deepEqual([await fleet.there("one"), await fleet.there("two")], [2, 3]);
  const owners = new Map((await hostsThere(fleet.store, Date.now())).map(({ name, runId = "" }) => [name, runId]));
  for (const [runId, hosts] of [
    ["one", 2],
    ["two", 3],
  ] as const)
    for (let worker = 0; worker < hosts; worker++) fleet.task(runId, `${runId}-w${worker}`);
  await until(() => fleet.returned.length === 5, "all tasks are returned");
  assert.equal(new Set(fleet.ran.map(([host]) => host)).size, 5, "no host has two");
  for (const [host, input] of fleet.ran) assert.match(JSON.stringify(input), new RegExp(`"${owners.get(host)}-w`));
  assert.deepEqual(new Set(fleet.returned.map(([command]) => command)), new Set(["Success"]));
  await until(async () => (await fleet.there()) === 5, "all are free again");
  await fleet.gather("three", 5);
});

test("a task whose token has expired is not run, whichever way Step Functions says so, and the next one is", async (t) => {
  const fleet = new Fleet(t);
  const gone = { $metadata: {}, message: "gone" };
  const errors = [new TaskTimedOut(gone), new InvalidToken(gone), new TaskDoesNotExist(gone)];
  for (const [index, error] of errors.entries()) fleet.over.set(fleet.task("one", "w000-s00", index), error);
  const live = fleet.task("one", "w000-s00", 8);
  fleet.host("a");
  await until(async () => (await fleet.there()) === 1, "the host is free");
  await fleet.gather("one", 1);
  await until(() => fleet.returned.length > 0, "the live task is returned");
  assert.deepEqual(fleet.returned, [["Success", live, '{"outcome":"completed"}']]);
  assert.equal(fleet.ran.length, 1);
});

test("a host whose task was given to another host stops its worker", async (t) => {
  const fleet = new Fleet(t);
  let isStopped = false;
  fleet.work = (signal) =>
    new Promise((_, failed) => {
      signal.addEventListener("abort", () => {
        isStopped = true;
        failed(signal.reason);
      });
    });
  const token = fleet.task("one", "w000-s00");
  fleet.host("a", { runId: "one" });
  await until(() => fleet.ran.length === 1, "the worker runs");
  fleet.over.set(token, new TaskTimedOut({ $metadata: {}, message: "another host has it" }));
  await until(() => isStopped, "the worker is stopped");
});

test("a spare takes a task that its run's hosts leave, but not before them", async (t) => {
  const fleet = new Fleet(t);
  const stopFirst = fleet.host("first");
  await until(async () => (await fleet.there()) === 1, "the first host is free");
  await fleet.gather("one", 1);
  fleet.host("spare");
  await until(async () => (await fleet.there()) === 1, "the spare is free");
  await fleet.gather("one", 1);
  const { promise, resolve: end } = Promise.withResolvers<unknown>();
  fleet.work = () => promise;
  fleet.task("one", "w000-s00");
  await until(() => fleet.ran.length === 1, "a host takes the task");
  assert.equal(fleet.ran[0]?.[0], "first");
  const second = fleet.task("one", "w000-s00", 2);
  const writtenMs = performance.now();
  fleet.work = async () => "taken over";
  await until(() => fleet.ran.length === 2, "the spare takes over");
  assert.ok(performance.now() - writtenMs > 1_900, "the run's other hosts had two seconds");
  assert.equal(fleet.ran[1]?.[0], "spare");
  await until(() => fleet.returned.length === 1, "the spare returns the token");
  assert.deepEqual(fleet.returned, [["Success", second, '"taken over"']]);
  end("late");
  await stopFirst();
});

test("a spare that another run has reserved leaves the task alone and works for that run", async (t) => {
  const fleet = new Fleet(t);
  await fleet.spare("a", 60_000);
  const { putIfAbsent } = fleet.store;
  fleet.store.putIfAbsent = async (key, body) => {
    // The other run is faster by a moment.
    if (key.startsWith(RESERVATIONS_PREFIX)) fleet.store.set(key, body.replace('"one"', '"two"'));
    return putIfAbsent.call(fleet.store, key, body);
  };
  fleet.task("one", "w000-s00");
  await until(async () => (await fleet.there("two")) === 1, "it works for the other run");
  assert.deepEqual(fleet.ran, []);
});

test("a spare looks for tasks for as long as its run may last, and no longer", async (t) => {
  const fleet = new Fleet(t);
  const { list } = fleet.store;
  let looks = 0;
  fleet.store.list = async (prefix) => {
    if (prefix === tasksPrefix("one")) looks++;
    return list.call(fleet.store, prefix);
  };
  await fleet.spare("a", 100);
  await sleep(400);
  const looked = looks;
  assert.ok(looked > 0);
  await sleep(200);
  assert.equal(looks, looked);
});

test("a host whose run begins without it is free again, and so is one that waited too long for a task", async (t) => {
  const fleet = new Fleet(t);
  fleet.host("a");
  await until(async () => (await fleet.there()) === 1, "the host is free");
  await assert.rejects(fleet.gather("one", 2, { limitMs: 500 }), { name: "FleetTooSmall" });
  await until(async () => (await fleet.there()) === 1, "the host is free after its release");
  await fleet.gather("two", 1);
  const now = performance.now.bind(performance);
  t.mock.method(performance, "now", () => now() + 2 * FLEET_WAIT_MS);
  await until(async () => (await fleet.there()) === 1, "the host is free without a task");
});

test("a host that is stopped gives its task to another one", async (t) => {
  const fleet = new Fleet(t);
  fleet.work = (signal) =>
    new Promise((_, failed) => signal.addEventListener("abort", () => failed(new Error("killed"))));
  const token = fleet.task("one", "w000-s00");
  const stop = fleet.host("a", { runId: "one" });
  await until(() => fleet.ran.length === 1, "the worker runs");
  await stop();
  assert.deepEqual(fleet.returned, [["Failure", token, "Volley.HostLeaves"]]);
  assert.equal(await fleet.there("one"), 0, "it has left");
});

test("a host that is about to be taken away gives its task back while its worker goes on, and takes no other", async (t) => {
  const fleet = new Fleet(t);
  const { token, end, leave } = await fleet.busyHost();
  leave({ atMs: Date.now() + 120_000 });
  await until(() => fleet.returned.length === 1, "the token is returned");
  fleet.task("one", "w001-s00");
  end({ outcome: "superseded" });
  await until(async () => (await fleet.there("one")) === 0, "the host has left");
  assert.deepEqual(fleet.returned, [["Failure", token, "Volley.HostLeaves"]]);
  assert.equal(fleet.ran.length, 1);
  assert.deepEqual(await readLeft(fleet.store, "one", new Set(["w000-s00"])), [
    { kind: "host-left", assignment: "w000-s00", host: "a", why: "spot" },
  ]);
});

test("a host finishes a task that ends before the host is taken away", async (t) => {
  const fleet = new Fleet(t);
  const { token, end, leave } = await fleet.busyHost();
  leave({ atMs: Date.now() + 700_000 });
  await sleep(50);
  assert.deepEqual(fleet.returned, []);
  end("done");
  await until(async () => (await fleet.there("one")) === 0, "the host has left");
  assert.deepEqual(fleet.returned, [["Success", token, '"done"']]);
  assert.deepEqual(await fleet.store.list("runs/one/left/"), []);
});

test("the worker of a host that leaves goes on without heartbeats, and is ended if no other host takes over", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const ended = Promise.withResolvers<Error>();
  const fleet = new Fleet(t);
  const input = { runId: "one", assignment: { id: "w000-s00", invokeAt: "2026-01-01T00:00:00Z", timeoutSeconds: 9e9 } };
  const running = runTask(
    { taskToken: "token", input: input as HostTask["input"] },
    {
      ...fleet.ports,
      leaving: Promise.resolve({ atMs: Date.now() }),
      run: (_, signal) =>
        new Promise((_done, failed) => {
          signal.addEventListener("abort", () => {
            ended.resolve(signal.reason);
            failed(signal.reason);
          });
        }),
    },
    { name: "a", signal: new AbortController().signal },
  );
  const pass = async (ms: number): Promise<void> => {
    t.mock.timers.tick(ms);
    await new Promise((done) => setImmediate(done));
  };
  for (let passes = 0; fleet.returned.length === 0 && passes < 1_000; passes++) await pass(1);
  // The token is returned: from now on, a heartbeat would be refused and end the worker.
  fleet.over.set("token", new TaskTimedOut({ $metadata: {}, message: "it was returned" }));
  await pass(13_000);
  await pass(2_000);
  assert.equal((await ended.promise).message, "no other host took over");
  await running;
  assert.deepEqual(fleet.returned, [["Failure", "token", "Volley.HostLeaves"]]);
});

test("a host of a search works for one trial after another, and is free when the search has its report", async (t) => {
  const fleet = new Fleet(t);
  fleet.host("a");
  await until(async () => (await fleet.there()) === 1, "the host is free");
  await fleet.gather("search", 1, { hasTrials: true });
  for (const trial of ["001", "002"]) {
    fleet.task(`search/trials/${trial}`, "w000-s00");
    await until(() => fleet.returned.length === Number(trial), `trial ${trial} is done`);
  }
  assert.equal(await fleet.there("search"), 1);
  fleet.store.set("runs/search/report.json");
  await until(async () => (await fleet.there()) === 1, "the host is free again");
});

test("a host goes on after errors of the store", async (t) => {
  const fleet = new Fleet(t);
  const { list } = fleet.store;
  fleet.store.list = async () => Promise.reject(new Error("503 Slow Down"));
  const said: string[] = [];
  fleet.host("a", { runId: "one", say: (text) => said.push(text) });
  await until(() => said.includes("the store failed: 503 Slow Down"), "the error is reported");
  fleet.store.list = list;
  fleet.task("one", "w000-s00");
  await until(() => fleet.returned.length === 1, "the task is run");
});
