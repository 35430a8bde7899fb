import assert from "node:assert/strict";
import { test } from "node:test";
import ipaddr from "ipaddr.js";
import { addressKind, isInBlock, parseAddress } from "../../lib/guard/addresses.ts";

function kindOf(text: string): string {
  const address = parseAddress(text);
  assert.ok(address, text);
  return addressKind(address);
}

/** From IANA's registries of special-purpose addresses (RFC 6890), and the clouds' own documentation. */
const KINDS: Record<string, readonly string[]> = {
  public: ["1.1.1.1", "9.255.255.255", "100.128.0.0", "172.32.0.1", "192.169.0.1", "2606:4700::1111", "168.63.129.17"],
  private: ["10.0.0.1", "172.16.0.1", "192.168.255.255", "100.64.0.1", "100.127.255.255", "fc00::1", "fec0::1"],
  loopback: ["127.0.0.1", "127.255.255.254", "::1", "[::1]"],
  forbidden: [
    ...["0.0.0.0", "::", "255.255.255.255", "224.0.0.1", "239.255.255.250", "ff02::1", "100::1"],
    ...["169.254.1.1", "169.254.169.254", "fe80::1", "fe80::1%eth0", "fe80::1%25"],
    ...["fd00:ec2::254", "fd20:ce::254", "fd00:42::42", "100.100.100.200", "168.63.129.16", "192.0.0.192"],
  ],
};

for (const [kind, addresses] of Object.entries(KINDS)) {
  test(`addresses are ${kind} by their range, to its ends`, () => {
    for (const address of addresses) assert.equal(kindOf(address), kind, address);
  });
}

test("an IPv6 address is what the IPv4 address in it is, in each form that may reach that", () => {
  const forms: [form: string, of: (hex: string) => string][] = [
    ["IPv4-compatible", (hex) => `::${hex}`],
    ["mapped", (hex) => `::ffff:${hex}`],
    ["translated (RFC 6145)", (hex) => `::ffff:0:${hex}`],
    ["NAT64", (hex) => `64:ff9b::${hex}`],
    ["local NAT64", (hex) => `64:ff9b:1::${hex}`],
    ["6to4", (hex) => `2002:${hex}::1`],
    ["ISATAP", (hex) => `2600::5efe:${hex}`],
    ["ISATAP with the universal bit", (hex) => `2600::200:5efe:${hex}`],
    ["Teredo's server", (hex) => `2001:0:${hex}::f7f7:f7f7`],
  ];
  for (const [form, of] of forms) {
    assert.equal(kindOf(of("0a00:0001")), "private", form);
    assert.equal(kindOf(of("7f00:0001")), "loopback", form);
    assert.equal(kindOf(of("a9fe:a9fe")), "forbidden", form);
    assert.equal(kindOf(of("0808:0808")), "public", form);
  }
});

test("of Teredo's two addresses the worse one counts, whichever it is", () => {
  assert.equal(kindOf("2001:0:808:808::f5ff:fffe"), "private", "the client is 10.0.0.1");
  assert.equal(kindOf("2001:0:a00:1::80ff:fffe"), "loopback", "the client is 127.0.0.1");
  assert.equal(kindOf("2001:0:7f00:1::5601:5601"), "forbidden", "the client is 169.254.169.254");
  assert.equal(kindOf("2001:0:a9fe:a9fe::80ff:fffe"), "forbidden", "the server is 169.254.169.254");
});

test("an address that only looks like one of those forms holds no IPv4 address", () => {
  for (const address of [
    ...["2600::ffff:a00:1", "::fffe:a00:1", "::ff:a00:1", "2600::ffff:0:a00:1", "::fffe:0:a00:1", "::ff:0:a00:1"],
    ...["2600::100:5efe:a00:1", "2600::1:5efe:a00:1", "2600::5eff:a00:1", "2600::5dfe:a00:1", "2003:a00:1::1"],
    ...["2001:1:a00:1::1", "64:ff9a::a00:1", "65:ff9b::a00:1"],
  ]) {
    assert.equal(kindOf(address), "public", address);
  }
});

test("a text is an address only as the system writes one", () => {
  for (const name of [
    "127.1",
    "0x7f.0.0.1",
    "010.0.0.1",
    "1.2.3",
    "1.2.3.4.5",
    "gateway.example",
    "",
    ":::",
    "1.2.3.256",
  ]) {
    assert.equal(parseAddress(name), undefined, name);
  }
});

test("a block holds the addresses of its own family, and IPv4 addresses that are embedded", () => {
  const block = ipaddr.parseCIDR("10.0.0.0/8");
  const holds = (text: string): boolean => isInBlock(ipaddr.parse(text), block);
  assert.deepEqual(["10.255.0.1", "::ffff:10.1.1.1", "64:ff9b::a00:1"].map(holds), [true, true, true]);
  assert.deepEqual(["11.0.0.1", "::ffff:11.1.1.1", "a00::1"].map(holds), [false, false, false]);
});
