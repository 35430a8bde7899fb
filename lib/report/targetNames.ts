import { methodOf } from "../plan/methodOf.ts";
import type { Target } from "../plan/schema.ts";

/**
 * What a report calls a chain's targets: the plan's name, or else what the target calls. Where several call the same, the
 * part of their URLs in which they differ is added, and where that tells nothing, their place in the chain. No name
 * shows a key: parts of a URL that may be one are left out.
 */
export function targetNames(targets: readonly Target[]): string[] {
  const first = targets.map((target) => target.name ?? methodOf(target));
  const second = first.map((name, place) => {
    const alike = targets.filter((_, other) => first[other] === name);
    const part = alike.length > 1 ? urlPart(targets[place] as Target, alike) : "";
    return part === "" ? name : `${name} ${part}`;
  });
  return second.map((name, place) => (isRepeated(second, name) ? `${name} #${place + 1}` : name));
}

function isRepeated(names: readonly string[], name: string): boolean {
  return names.indexOf(name) !== names.lastIndexOf(name);
}

/** A URL's parts that may be shown: its host, the segments of its path, and its query's fields. */
function partsOf({ url }: Target): Map<string, string> {
  const parts = new Map<string, string>();
  if (!URL.canParse(url)) return parts;
  const { host, pathname, searchParams } = new URL(url);
  parts.set("host", host);
  for (const [place, segment] of pathname.split("/").entries()) {
    if (segment !== "") parts.set(`path ${place}`, isKey(segment) ? "" : `/${decoded(segment)}`);
  }
  for (const [name, value] of searchParams) parts.set(`query ${name}`, isKey(value, name) ? "" : `${name}=${value}`);
  return parts;
}

/** Where a target's URL differs from those of others. */
function urlPart(target: Target, alike: readonly Target[]): string {
  const own = partsOf(target);
  const others = alike.map(partsOf);
  const telling = [...own].flatMap(([part, text]) => (others.some((each) => each.get(part) !== text) ? [text] : []));
  return telling.filter(Boolean).join(" ");
}

/** A field by this name holds a key. */
const KEY_NAME = /key|token|secret|auth|pass|sig|credential|project/i;
/** Longer text without spaces may be one, whatever it is called. */
const KEY_VALUE = /^[\w.~+/=-]{20,}$/;

function isKey(text: string, name = ""): boolean {
  return KEY_NAME.test(name) || KEY_VALUE.test(text) || text.includes("://");
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
