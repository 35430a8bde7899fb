import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { HostGuard, isHostEntry } from "../../lib/guard/hostGuard.ts";
import { guardProblems } from "../../lib/plan/guards.ts";
import { afterAuthority, hostProblems, isLoopback, originsOf } from "../../lib/plan/hosts.ts";
import { checkPlan } from "../../lib/plan/load.ts";
import { InputError } from "../../lib/plan/problems.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { temporaryFolder } from "../support/folder.ts";
import { CALL, checkedPlan, planInput } from "../support/plans.ts";

const LOCAL = "http://127.0.0.1/";

/** A plan with chains as they are given: loading it would refuse what is looked for here. */
function checkedLoose(chains: object[]): Plan {
  return { ...checkedPlan("http://127.0.0.1"), chains } as unknown as Plan;
}

/** How a host that nobody allows is refused. */
const refused = (host: string): { found: string; expected: string } => ({
  found: `the host ${host}`,
  expected: `loopback, or leave to load it: "allowedHosts": ["${host}"] in the plan, or --allow-host ${host}`,
});

/** How a guard that allows everything public would still decide: `ok`, or the class of the refusal. */
function decide(url: string, allowed: string[] = [], loopback = true): string {
  return new HostGuard({ allowed, loopback }).refusal(url)?.code ?? "ok";
}

test("addresses of metadata services and of no single host are refused however they are spelled, whatever is allowed", () => {
  const spellings = [
    "169.254.169.254",
    "2852039166",
    "0xA9FEA9FE",
    "0251.0376.0251.0376",
    "169.254.43518",
    "0xa9.0xfe.0xa9.0xfe",
    "169.254.169.254.",
    "１６９.２５４.１６９.２５４",
    "169。254。169。254",
    "%31%36%39.254.169.254",
    "169.254.170.2",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[::169.254.169.254]",
    "[::ffff:0:169.254.169.254]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::a9fe:a9fe]",
    "[64:ff9b:1:a9fe:a9:fe00::]",
    "[64:ff9b:1:ffa9:fe:a9fe::]",
    "[64:ff9b:1:ffff:a9:fea9:fe00:0]",
    "[64:ff9b::0:a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "[2001:0:a9fe:a9fe::1]",
    "[fe80::1]",
    "[FE80::5efe:1]",
    "[fd00:ec2::254]",
    "[fd00:ec2::23]",
    "[FD20:CE::254]",
    "[fd00:42::42]",
    "[fd00:a9fe:a9fe::1]",
    "[fd00:c1::a9fe:a9fe]",
    "192.0.0.192",
    "0x64.0x64.0144.0310",
    "[::ffff:100.100.100.200]",
    "[2001:0:1:1::5601:5601]",
    "100.100.100.200",
    "168.63.129.16",
    "[::ffff:168.63.129.16]",
    "0.0.0.0",
    "0",
    "0.1.2.3",
    "[::]",
    "224.0.0.1",
    "[ff02::1]",
    "255.255.255.255",
    "4294967295",
  ];
  for (const host of spellings) {
    const bare = new URL(`http://${host}/`).hostname.replace(/^\[|\]$|\.$/g, "");
    const allowed = [bare, "0.0.0.0/0", "::/0"];
    assert.equal(decide(`http://${host}/`, allowed), "forbidden-address", host);
    assert.equal(decide(`https://${host}:8443/`, allowed, false), "forbidden-address", host);
  }
});

test("loopback needs no leave on one machine; in a deployment it is nobody's target but by its port", () => {
  const spellings = ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.1", "2130706433", "0x7f.1", "[::1]"];
  for (const host of [...spellings, "127.8.9.1", "[::ffff:127.0.0.1]"]) {
    assert.equal(decide(`http://${host}:9001/`), "ok", host);
    const list = ["localhost", "127.0.0.1", "127.0.0.0/8", "::1", "::/0", "*.localhost"];
    assert.equal(decide(`http://${host}:9001/`, list, false), "forbidden-address", host);
  }
  assert.equal(decide("http://127.0.0.1:8080/", ["127.0.0.1:8080"], false), "ok");
  assert.equal(decide("http://127.0.0.1:8081/", ["127.0.0.1:8080"], false), "forbidden-address");
  assert.equal(
    decide("http://127.0.0.1:9001/", ["127.0.0.1:9001"], false),
    "forbidden-address",
    "Lambda's runtime API",
  );
  assert.equal(decide("http://api.localhost/", ["api.localhost"]), "forbidden-host");
});

test("a list holds names, domains, addresses and blocks, with a port or without", () => {
  const rows: [url: string, entry: string, decided: string][] = [
    ["http://gateway.example/", "gateway.example", "ok"],
    ["http://GATEWAY.example./", "Gateway.Example", "ok"],
    ["http://gateway.example/", "gateway.example.", "ok"],
    ["http://a.gateway.example/", "gateway.example", "forbidden-host"],
    ["http://a.gateway.example/", "*.gateway.example", "ok"],
    ["http://gateway.example/", "*.gateway.example", "forbidden-host"],
    ["http://evilgateway.example/", "*.gateway.example", "forbidden-host"],
    ["http://gateway.example.evil/", "gateway.example", "forbidden-host"],
    ["https://gateway.example/", "gateway.example:443", "ok"],
    ["http://gateway.example/", "gateway.example:443", "forbidden-host"],
    ["http://bücher.example/", "xn--bcher-kva.example", "ok"],
    ["http://10.1.2.3/", "10.1.2.3", "ok"],
    ["http://10.1.2.3/", "10.0.0.0/8", "ok"],
    ["http://167838211/", "10.0.0.0/8", "ok"],
    ["http://11.1.2.3/", "10.0.0.0/8", "forbidden-host"],
    ["http://192.168.0.1/", "10.0.0.0/8", "forbidden-host"],
    ["http://[fd12::1]/", "fd12::/16", "ok"],
    ["http://[fd12::1]/", "fd12::1", "ok"],
    ["http://[fd12::1]:80/", "[fd12::1]:80", "ok"],
    ["http://[::ffff:10.1.2.3]/", "10.0.0.0/8", "ok"],
    ["http://203.0.113.7/", "203.0.113.7", "ok"],
    ["http://203.0.113.7/", "203.0.113.8", "forbidden-host"],
  ];
  for (const [url, entry, decided] of rows) assert.equal(decide(url, [entry]), decided, `${url} by ${entry}`);
  for (const entry of ["", "*", "a b", "http://a", "a/b", "10.0.0.0/33", "*.1.2.3.4", "a@b", "a'b", "{{data.x}}"]) {
    assert.equal(isHostEntry(entry), false, entry);
  }
});

test("what a name leads to is looked at: never loopback or metadata, private networks by leave alone", () => {
  const leads = (name: string, address: string, allowed: string[] = [name]): boolean =>
    new HostGuard({ allowed, loopback: true }).leadsTo(name, address) === undefined;
  assert.ok(leads("gateway.example", "203.0.113.7"));
  assert.ok(leads("gateway.example", "64:ff9b::cb00:7107"), "NAT64 of a public address");
  assert.ok(leads("localhost", "127.0.0.1"));
  assert.ok(leads("localhost", "::1"));
  for (const address of [
    "127.0.0.1",
    "::1",
    "169.254.169.254",
    "fd00:ec2::254",
    "0.0.0.0",
    "::",
    "fe80::1%eth0",
    "::ffff:127.0.0.1",
    "100.100.100.200",
  ]) {
    assert.ok(!leads("gateway.example", address, ["gateway.example", "0.0.0.0/0", "::/0"]), address);
  }
  for (const address of ["10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fc00::1", "::ffff:10.1.2.3"]) {
    assert.ok(!leads("gateway.example", address), address);
    assert.ok(
      leads("gateway.example", address, [
        "gateway.example",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.1.1",
        "100.64.0.0/10",
        "fc00::/7",
      ]),
      address,
    );
  }
});

function problemsOf(check: () => unknown): string {
  try {
    check();
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.problems.map(({ where, found, expected }) => `${where}: ${found} → ${expected}`).join("\n");
  }
  return "";
}

/** A plan of one target, whose chain has the rows. */
function planOf(t: Parameters<typeof temporaryFolder>[0], url: string, rows: object[], changes = {}): string {
  const folder = temporaryFolder(t);
  writeFileSync(`${folder}/rows.jsonl`, rows.map((row) => JSON.stringify(row)).join("\n"));
  const chains = [{ name: "x", rps: 1, data: "rows.jsonl", targets: [{ url, body: CALL }] }];
  return problemsOf(() => checkPlan(planInput("", { chains, ...changes }), folder, "the plan"));
}

test("a host is checked as every row of the data fills it in", (t) => {
  const allowedHosts = ["*.gateway.example"];
  const url = "http://{{data.region}}.gateway.example/";
  assert.equal(planOf(t, url, [{ region: "eu" }, { region: "us" }], { allowedHosts }), "");
  assert.match(
    planOf(t, url, [{ region: "eu" }, { region: "169.254.169.254/?" }], { allowedHosts }),
    /in row 2 of the data, in a URL's host/,
  );
  assert.match(
    planOf(t, "http://{{data.h}}/", [{ h: "a.gateway.example" }, { h: "169.254.169.254" }], { allowedHosts }),
    /169\.254\.169\.254/,
  );
  assert.match(planOf(t, "http://{{data.h}}/", [{ h: "evil.example" }], { allowedHosts }), /the host evil\.example/);
  assert.match(planOf(t, "http://127.0.0.1{{data.h}}/", [{ h: ".evil.example" }]), /evil\.example/);
  assert.match(planOf(t, "http://127.0.0.{{data.h}}:80/", [{ h: "x@evil" }]), /in a URL's host/);
  assert.match(
    planOf(t, "http://{{randomInt 1..9}}.gateway.example/", [{ h: "1" }], { allowedHosts }),
    /known before the run/,
  );
  assert.match(planOf(t, "http://{{id}}.gateway.example/", [{ h: "1" }], { allowedHosts }), /known before the run/);
  assert.match(
    planOf(t, "http://env://HOST/", [{ h: "1" }], { allowedHosts: ["env"] }),
    /env:\/\/HOST in a URL's host/,
  );
  assert.equal(planOf(t, "http://127.0.0.1/{{data.h}}?k=env://KEY", [{ h: "169.254.169.254" }]), "");
  assert.deepEqual(originsOf("http://{{data.h}}:8080/x", [{ h: "a" }, { h: "b" }, { h: "a" }]), [
    "http://a:8080",
    "http://b:8080",
  ]);
});

test("credentials in URLs, and URLs that parsers read in different ways, are refused", (t) => {
  for (const url of [
    "http://user:pw@127.0.0.1/",
    "http://evil@127.0.0.1/",
    "http:///127.0.0.1/",
    "http://127.0.0.1:0/",
    "http://127.0.0.1\t/",
    "http://\\127.0.0.1/",
    "ftp://127.0.0.1/",
    "//127.0.0.1/",
  ]) {
    assert.match(planOf(t, url, [{ a: 1 }]), /an absolute http, https, ws or wss URL/, url);
  }
  for (const url of [
    "http://127.0.0.1?x=user@host",
    "HTTP://127.0.0.1/",
    "http://127.0.0.1/a@b",
    "http://127.0.0.1/#a@b",
  ]) {
    assert.equal(planOf(t, url, [{ a: 1 }]), "", url);
  }
});

test("--origin keeps placeholders in paths and queries", () => {
  const chains = [
    {
      name: "x",
      rps: 1,
      targets: [
        {
          url: "https://{{data.h}}.gateway.example/v1/{{randomInt 1..9}}?b={{blockNumber -5..0}}&k=env://KEY",
          body: CALL,
        },
      ],
    },
  ];
  const [chain] = checkPlan(planInput("", { chains }), ".", "the plan", { origin: "http://127.0.0.1:1" }).chains;
  assert.equal(chain?.targets[0]?.url, "http://127.0.0.1:1/v1/{{randomInt 1..9}}?b={{blockNumber -5..0}}&k=env://KEY");
});

test("metrics and logs are read from hosts of the lists alone: they may carry secrets", () => {
  const check = (url: string, changes: object): string => {
    const observe = { endpoints: [{ url, headers: { "X-Key": "env://KEY" } }], logs: [{ url }] };
    return problemsOf(() => checkPlan(planInput("http://127.0.0.1", { observe, ...changes }), ".", "the plan"));
  };
  assert.equal(check("http://127.0.0.1:9100/metrics", {}), "");
  assert.match(
    check("https://evil.example/collect", {}),
    /\$\.observe\.endpoints\[0\]\.url.*\n.*\$\.observe\.logs\[0\]\.url/,
  );
  assert.equal(check("https://metrics.example/", { allowedHosts: ["metrics.example"] }), "");
  assert.equal(check("https://metrics.example/", { observeHosts: ["metrics.example"] }), "");
  assert.match(check("http://169.254.169.254/", { observeHosts: ["169.254.169.254"] }), /never a target/);
});

const GUARDS = {
  allowedHosts: ["gateway.example"],
  observeHosts: ["metrics.example"],
  maxRps: 1e5,
  maxDurationMs: 1e9,
  maxWorkers: 100,
  maxUsd: 100,
};

/** What a deployment says of a plan that a person's machine found good. */
function deployedProblems(plan: Plan): string {
  return guardProblems(plan, GUARDS, 1_000)
    .map(({ where, found, expected }) => `${where}: ${found} → ${expected}`)
    .join("\n");
}

test("a deployment's own lists decide, whatever the plan allows", () => {
  const good = checkedPlan("https://gateway.example", { allowedHosts: ["gateway.example"] });
  assert.equal(deployedProblems(good), "");
  const other = checkedPlan("https://other.example", { allowedHosts: ["other.example"] });
  assert.match(deployedProblems(other), /other\.example → a host that this deployment allows: gateway\.example/);
  assert.match(
    deployedProblems(checkedPlan("http://127.0.0.1:9001")),
    /127\.0\.0\.1 → a host that is not the worker's own machine/,
  );
  const observed = (url: string): Plan => ({
    ...good,
    observe: { ...good.observe, endpoints: [{ url, headers: { "X-Leak": "secret://token" } }] },
  });
  assert.equal(deployedProblems(observed("https://metrics.example/metrics")), "");
  assert.equal(deployedProblems(observed("https://gateway.example/metrics")), "");
  assert.match(
    deployedProblems(observed("https://evil.example/collect")),
    /observe\.endpoints\[0\]\.url: the host evil\.example/,
  );
  assert.match(deployedProblems(observed("http://127.0.0.1:9001/2018-06-01/runtime/invocation/next")), /own machine/);
  assert.match(deployedProblems({ ...good, gateway: { port: 0, seed: 1, chains: [] } } as Plan), /\$\.gateway/);
});

test("a host that may be read may not be loaded for that", () => {
  const plan = checkedPlan("http://127.0.0.1:1", { observeHosts: ["metrics.example"] });
  for (const chain of plan.chains) for (const target of chain.targets) target.url = "https://metrics.example/";
  const found = hostProblems(plan).map((problem) => problem.found);
  assert.deepEqual(found, ["the host metrics.example"]);
  assert.match(
    deployedProblems(checkedPlan("https://metrics.example", { allowedHosts: ["metrics.example"] })),
    /metrics/,
  );
});

test("a plan without a folder reads no file, and says so", () => {
  const chains = [
    { name: "a", rps: 1, targets: "@/proc/self/environ" },
    { name: "b", rps: 1, targets: ["/proc/self/environ"] },
    { name: "c", rps: 1, data: "/proc/self/environ", targets: [{ url: "http://127.0.0.1/", body: CALL }] },
    { name: "d", replay: { file: "/etc/passwd" } },
  ];
  const said = problemsOf(() => checkPlan(planInput("", { chains }), undefined, "the execution's input"));
  const places = ["$.chains[0].targets", "$.chains[1].targets[0]", "$.chains[2].data", "$.chains[3].replay.file"];
  for (const where of places) assert.ok(said.includes(`${where}: the file "`), `${where}\n${said}`);
  assert.ok(!said.includes("PATH="), said);
});

test("a URL's host is told by its chain, once, however many targets and rows have it", () => {
  const problems = (targets: object[], more: object = {}) =>
    hostProblems(
      checkedLoose([
        { name: "a", rps: 1, targets: [{ url: LOCAL, body: CALL }] },
        { name: "b", rps: 1, targets, ...more },
      ]),
    );
  const at = (url: string): object => ({ url, body: CALL });
  assert.deepEqual(problems([at("https://x.example/1"), at("https://x.example/2"), at("https://y.example/")]), [
    { where: "$.chains[1].targets", ...refused("x.example") },
    { where: "$.chains[1].targets", ...refused("y.example") },
  ]);
  const data = [{ h: "x" }, { h: "x" }, { h: "y.z" }];
  assert.deepEqual(problems([at("https://{{data.h}}.example/")], { data }), [
    { where: "$.chains[1].targets", ...refused("x.example") },
    { where: "$.chains[1].targets", ...refused("y.z.example") },
  ]);
});

test("what cannot stand in a host is told with its reason: a secret, a random value, a row's slash, what is no host", () => {
  const told = (url: string, data: Record<string, string>[] = [{ h: "127.0.0.1" }]) =>
    hostProblems(checkedLoose([{ name: "a", rps: 1, targets: [{ url, body: CALL }], data }]))[0];
  assert.deepEqual(
    [told("http://env://H/")?.found, told("http://env://H/")?.expected],
    ["env://H in a URL's host", "secrets after the host alone"],
  );
  assert.equal(told("http://127.0.0.1/env://H"), undefined, "after the host a secret may stand");
  assert.match(told("http://{{randomHex 4}}.example/")?.expected ?? "", /a host that is known before the run/);
  assert.equal(told("http://{{randomHex 4}}.example/")?.found, 'the host "{{randomHex 4}}.example"');
  assert.deepEqual(told("http://{{data.h}}/", [{ h: "127.0.0.1" }, { h: "a/b" }]), {
    where: "$.chains[0].targets",
    found: '"a/b" in row 2 of the data, in a URL\'s host',
    expected: "a part of a host name: letters, digits, dots, dashes",
  });
  assert.equal(told("http://{{data.h}}/", [{ h: "a..b" }, { h: "999.1.1.1" }])?.where, "$.chains[0].targets");
  assert.equal(told("http://{{data.h}}:80/"), undefined);
});

test("the origins of a URL are those of its rows, each once; one that is no URL has none", () => {
  const rows = [{ h: "a" }, { h: "a" }, { h: "b" }, {}];
  assert.deepEqual(originsOf("HTTPS://{{data.h}}.example:444/{{data.x}}", rows as never), [
    "https://a.example:444",
    "https://b.example:444",
    "https://.example:444",
  ]);
  assert.deepEqual(originsOf("http://h:99999/"), []);
  assert.deepEqual(originsOf("see http://h/"), []);
  assert.deepEqual(originsOf("wss://h/x"), ["wss://h"]);
  assert.equal(afterAuthority("ws://h:1/a?b"), "/a?b");
  assert.equal(afterAuthority("http://h?x=http://y/z"), "?x=http://y/z");
});

test("this machine is localhost and the loopback addresses, and nothing that only begins like them", () => {
  for (const host of ["localhost", "127.0.0.1", "127.9.9.9:80", "[::1]"]) assert.equal(isLoopback(host), true, host);
  for (const host of ["localhost.example", "128.0.0.1", "[::2]", "10.0.0.1"])
    assert.equal(isLoopback(host), false, host);
});
