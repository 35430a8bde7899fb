import type { Report } from "../../report/schema.ts";

/** The report that the page shows. */
export let report = JSON.parse(document.getElementById("data")?.textContent ?? "") as Report;

/** Puts a later report in its place: a run that goes on. */
export function replaceReport(next: Report): void {
  report = next;
}
