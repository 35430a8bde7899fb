import { methodOf } from "../plan/methodOf.ts";
import type { Target } from "../plan/schema.ts";

/**
 * A report's names for a chain's targets: the plan's name, or else the method that the target calls. If several targets
 * have the same name, the parts of their URLs that differ are appended; if that does not help, their position in the
 * chain. Names never show a key: URL parts that may be one are omitted.
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

/** The parts of a URL that may be shown: its host, the segments of its path, and its query's fields. */
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

/** The parts of a target's URL that differ from those of the others. */
function urlPart(target: Target, alike: readonly Target[]): string {
  const own = partsOf(target);
  const others = alike.map(partsOf);
  const telling = [...own].flatMap(([part, text]) => (others.some((each) => each.get(part) !== text) ? [text] : []));
  return telling.filter(Boolean).join(" ");
}

/** A field whose name matches this holds a key. */
const KEY_NAME = /key|token|secret|auth|pass|sig|credential|project/i;
/** Text this long without spaces may be a key, whatever its field is called. */
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
