import ipaddr from "ipaddr.js";

/**
 * How a load test treats an address. `forbidden` is never a target: cloud metadata services, link-local, "this host",
 * multicast, broadcast. `loopback` is this machine; `private` is a network that only some can reach.
 */
export type AddressKind = "public" | "private" | "loopback" | "forbidden";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Cloud metadata, credential and agent addresses outside the link-local ranges. */
const METADATA: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][] = [
  "fd00:ec2::/32", // AWS: instance metadata (::254), DNS, time, EKS pod identity (::23)
  "fd20:ce::254/128", // Google Cloud
  "fd00:42::42/128", // Scaleway
  "fd00:a9fe:a9fe::1/128", // Akamai (Linode)
  "fd00:c1::a9fe:a9fe/128", // Oracle Cloud
  "100.100.100.200/32", // Alibaba Cloud
  "168.63.129.16/32", // Azure's host agent
  "192.0.0.192/32", // Oracle Cloud (classic)
].map((block) => ipaddr.parseCIDR(block));

/** Kinds from best to worst. If several addresses are reached, the worst kind counts. */
const KINDS: readonly AddressKind[] = ["public", "private", "loopback", "forbidden"];

/** Parses an address as the system or a URL parser writes it; undefined if the text is a name. */
export function parseAddress(text: string): Address | undefined {
  const bare = text.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return ipaddr.IPv4.parse(bare);
  return ipaddr.IPv6.isValid(bare) ? ipaddr.IPv6.parse(bare) : undefined;
}

/** The kind of an address. If an IPv6 address embeds IPv4 (mapped, NAT64, 6to4, …), the embedded address counts. */
export function addressKind(address: Address): AddressKind {
  return reached(address)
    .map(ownKind)
    .reduce((worst, kind) => (KINDS.indexOf(kind) > KINDS.indexOf(worst) ? kind : worst));
}

/** Whether a block contains an address, or an IPv4 address that is embedded in it. */
export function isInBlock(address: Address, [base, bits]: [Address, number]): boolean {
  return [address, ...embedded(address)].some((each) => each.kind() === base.kind() && each.match(base, bits));
}

/** The addresses that a packet to this one may reach: if an IPv6 address embeds IPv4, only the embedded ones. */
function reached(address: Address): Address[] {
  const inside = embedded(address);
  return inside.length > 0 ? inside : [address];
}

function ownKind(address: Address): AddressKind {
  if (METADATA.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits))) return "forbidden";
  // The types of ipaddr.js lag behind its ranges.
  const range: string = address.range();
  switch (range) {
    case "unspecified":
    case "broadcast":
    case "multicast":
    case "linkLocal":
    case "discard":
      return "forbidden";
    case "loopback":
      return "loopback";
    case "private":
    case "carrierGradeNat":
    case "uniqueLocal":
    case "deprecatedSiteLocal":
      return "private";
    default:
      return "public";
  }
}

/** The IPv4 addresses embedded in an IPv6 address, in any of the forms below. */
function embedded(address: Address): ipaddr.IPv4[] {
  if (!(address instanceof ipaddr.IPv6)) return [];
  const bytes = address.toByteArray();
  const at = (from: number, flip = 0): ipaddr.IPv4 =>
    new ipaddr.IPv4(bytes.slice(from, from + 4).map((byte) => byte ^ flip));
  const startsWith = (...prefix: number[]): boolean => prefix.every((byte, index) => bytes[index] === byte);
  const zeros = (to: number): boolean => bytes.slice(0, to).every((byte) => byte === 0);
  const isSpecial = zeros(15) && (bytes[15] ?? 0) <= 1; // :: and ::1 themselves
  if (zeros(12) && !isSpecial) return [at(12)]; // ::a.b.c.d, IPv4-compatible
  if (zeros(10) && bytes[10] === 0xff && bytes[11] === 0xff) return [at(12)]; // ::ffff:a.b.c.d, mapped
  if (zeros(8) && bytes[8] === 0xff && bytes[9] === 0xff) return [at(12)]; // ::ffff:0:a.b.c.d, RFC 6145
  if (startsWith(0x00, 0x64, 0xff, 0x9b, 0x00, 0x01)) return localNat64(bytes); // 64:ff9b:1::/48
  if (startsWith(0x00, 0x64, 0xff, 0x9b)) return [at(12)]; // 64:ff9b::/96, NAT64
  if (startsWith(0x20, 0x02)) return [at(2)]; // 2002::/16, 6to4
  if (startsWith(0x20, 0x01, 0x00, 0x00)) return [at(4), at(12, 0xff)]; // 2001::/32, Teredo: server and client
  if (bytes[10] === 0x5e && bytes[11] === 0xfe && bytes[9] === 0 && ((bytes[8] ?? 0) & ~0x02) === 0) return [at(12)]; // ISATAP
  return [];
}

/** Where NAT64 puts an IPv4 address after a prefix of 48, 56, 64 or 96 bits (RFC 6052, section 2.2): byte 8 is left out. */
const NAT64_BYTES = [
  [6, 7, 9, 10],
  [7, 9, 10, 11],
  [9, 10, 11, 12],
  [12, 13, 14, 15],
] as const;

/** The IPv4 addresses that one in a local NAT64 prefix may stand for: how long the prefix is, only its network knows. */
function localNat64(bytes: readonly number[]): ipaddr.IPv4[] {
  const forms = NAT64_BYTES.map((places) => new ipaddr.IPv4(places.map((place) => bytes[place] ?? 0)));
  const likely = forms.filter(({ octets }) => octets[0] !== 0);
  return likely.length > 0 ? likely : forms.slice(-1);
}
