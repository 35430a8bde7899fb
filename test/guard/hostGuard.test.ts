import assert from "node:assert/strict";
import { test } from "node:test";
import { HostGuard, isHostEntry, type Refusal } from "../../lib/guard/hostGuard.ts";

/* What a list's entry allows, and what a refusal says. test/plan/hosts.test.ts holds how addresses are spelled. */

/** How a deployment with such a list refuses a URL; undefined if it allows it. */
function deployed(allowed: string[], url: string): Refusal | undefined {
  return new HostGuard({ allowed, loopback: false }).refusal(url);
}

test("an entry of one address allows that address and none beside it", () => {
  for (const [entry, url] of [
    ["10.1.2.3", "http://10.1.2.4/"],
    ["fd12::1", "http://[fd12::2]/"],
    ["[2001:db8::1]", "http://[2001:db8::1:1]/"],
  ] as const) {
    assert.equal(deployed([entry], url)?.code, "forbidden-host", `${url} by ${entry}`);
    assert.equal(
      deployed([entry], `http://${entry.includes(":") ? `[${entry.replace(/[[\]]/g, "")}]` : entry}/`),
      undefined,
    );
  }
});

test("an entry with a port allows that port alone, of names, addresses and domains", () => {
  for (const [entry, url] of [
    ["10.1.2.3:8545", "http://10.1.2.3:8546/"],
    ["[fd12::1]:8545", "http://[fd12::1]/"],
    ["*.gateway.example:8545", "https://eu.gateway.example/"],
  ] as const) {
    assert.equal(deployed([entry], url)?.code, "forbidden-host", `${url} by ${entry}`);
  }
  assert.equal(deployed(["10.1.2.3:8545"], "http://10.1.2.3:8545/"), undefined);
  assert.equal(deployed(["*.gateway.example:8545"], "https://eu.gateway.example:8545/"), undefined);
});

test("in a deployment the worker's own machine is reached by an entry with its port, and by no other", () => {
  const url = "http://127.0.0.1:8080/";
  for (const entry of ["127.0.0.1", "127.0.0.0/8", "0.0.0.0/0", "127.0.0.1:8081", "127.0.0.2:8080", "localhost:8080"]) {
    const refusal = deployed([entry], url);
    assert.deepEqual(
      refusal,
      {
        code: "forbidden-address",
        found: "the host 127.0.0.1",
        expected: "a host that is not the worker's own machine",
      },
      entry,
    );
  }
  assert.equal(deployed(["127.0.0.1:8080"], url), undefined);
  assert.equal(deployed(["localhost:8080"], "http://LOCALHOST.:8080/"), undefined);
  assert.equal(deployed(["localhost"], "http://localhost:8080/")?.code, "forbidden-address");
});

test("what is no host entry allows nothing, and takes nothing from the entries beside it", () => {
  const wrong = [
    "https://gateway.example",
    "10.0.0.0/33",
    "gateway.example:99999",
    "999.1.1.1",
    "[::1",
    "*.",
    "*.10.0.0.1",
  ];
  for (const entry of wrong) assert.equal(isHostEntry(entry), false, entry);
  assert.equal(deployed([...wrong, "other.example"], "https://other.example/"), undefined);
  assert.equal(deployed(wrong, "https://gateway.example/")?.code, "forbidden-host");
});

test("a deployment's refusal lists what it allows, as it was written", () => {
  const allowed = ["gateway.example", "*.other.example:8443", "10.0.0.0/8", "[fd12::1]:80"];
  assert.deepEqual(deployed(allowed, "https://evil.example/"), {
    code: "forbidden-host",
    found: "the host evil.example",
    expected: "a host that this deployment allows: gateway.example, *.other.example:8443, 10.0.0.0/8, [fd12::1]:80",
  });
  assert.match(deployed([], "https://evil.example/")?.expected ?? "", /: none is allowed yet \(allowedHosts\)$/);
});

test("on one machine a refusal says what to type, with IPv6 addresses as a list takes them", () => {
  const local = new HostGuard({ allowed: [], loopback: true });
  assert.equal(
    local.refusal("http://[2001:db8::1]:8545/")?.expected,
    'loopback, or leave to load it: "allowedHosts": ["2001:db8::1"] in the plan, or --allow-host 2001:db8::1',
  );
  assert.ok(isHostEntry("2001:db8::1"));
});

test("URLs that are neither HTTP nor WebSocket are refused, also where a plan was not checked", () => {
  for (const url of ["ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:70/"]) {
    const { protocol } = new URL(url);
    assert.deepEqual(new HostGuard({ allowed: [], loopback: true }).refusal(url), {
      code: "forbidden-host",
      found: `a URL of ${protocol}`,
      expected: "http, https, ws or wss",
    });
  }
});

test("names below localhost are refused with what to write instead", () => {
  assert.deepEqual(new HostGuard({ allowed: ["*.localhost"], loopback: true }).refusal("http://api.localhost/"), {
    code: "forbidden-host",
    found: "the host api.localhost",
    expected: "localhost or a loopback address as such",
  });
});

test("a name that leads where it must not is refused with the address, and with leave for a private one", () => {
  const leads = (name: string, address: string, allowed = [name]): Refusal | undefined =>
    new HostGuard({ allowed, loopback: true }).leadsTo(name, address);
  assert.deepEqual(leads("gateway.example", "10.1.2.3"), {
    code: "forbidden-address",
    found: "gateway.example, which leads to 10.1.2.3",
    expected:
      'a public address, or leave for the private one: "allowedHosts": [..., "10.1.2.3"], or a block such as 10.0.0.0/8',
  });
  assert.equal(
    leads("gateway.example", "169.254.169.254")?.expected,
    "a name that leads to no loopback, link-local or metadata address",
  );
  assert.equal(leads("localhost", "10.1.2.3")?.code, "forbidden-address", "localhost by a changed hosts file");
  assert.equal(
    leads("gateway.example", "10.1.2.3", ["10.1.2.3:443"])?.code,
    "forbidden-address",
    "an entry with a port",
  );
  assert.equal(leads("gateway.example", "gateway.example")?.expected, "an address", "a resolver that gives no address");
});
