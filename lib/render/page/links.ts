import { element } from "./elements.ts";
import { currentView, onView, showView } from "./plots.ts";

/* The address holds what is shown: #over-time&from=10&to=20&chain=kava. */

/** Gives each section's heading an address of its own, and makes the list of them. */
export function contents(sections: readonly HTMLElement[]): HTMLElement {
  const links = sections
    .filter(({ tagName }) => tagName === "H2")
    .map((heading) => {
      const title = heading.textContent ?? "";
      heading.id = title
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, "-")
        .replace(/-$/, "");
      return element("a", { href: `#${heading.id}` }, title);
    });
  return element("nav", { "aria-label": "Sections", class: "contents" }, ...links);
}

/** A field of the address. */
export function linked(name: string): string | undefined {
  return fields().get(name);
}

/** Puts a field into the address, or takes it out. */
export function link(name: string, value: string | undefined): void {
  const next = fields();
  if (value === undefined) next.delete(name);
  else next.set(name, value);
  const [first = ""] = location.hash.slice(1).split("&");
  const named = first.includes("=") ? "" : first;
  const rest = [...next].map(([key, each]) => `${key}=${encodeURIComponent(each)}`);
  // With nothing to keep, the address names no section: the page would open there instead of at its verdict.
  const section = named === "" && rest.length > 0 ? "over-time" : named;
  const hash = [section, ...rest].filter(Boolean).join("&");
  history.replaceState(null, "", hash === "" ? location.pathname + location.search : `#${hash}`);
}

function fields(): Map<string, string> {
  return new Map(
    location.hash
      .slice(1)
      .split("&")
      .filter((part) => part.includes("="))
      .map((part) => {
        const [name = "", value = ""] = part.split("=");
        return [name, decoded(value)];
      }) as [string, string][],
  );
}

/** A value of the address; as it is written if it was cut off within a character. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Shows what the address says, and keeps the address to what is shown. */
export function followAddress(): void {
  const [section = ""] = location.hash.slice(1).split("&");
  const from = Number(linked("from") ?? Number.NaN);
  const to = Number(linked("to") ?? Number.NaN);
  if (from < to) showView({ from, to });
  if (section !== "" && !section.includes("=")) document.getElementById(section)?.scrollIntoView();
  onView(() => {
    const view = currentView();
    link("from", view?.from.toFixed(1));
    link("to", view?.to.toFixed(1));
  });
}
