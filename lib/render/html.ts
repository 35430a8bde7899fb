import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { escapeHtml } from "../report/escape.ts";
import type { Report } from "../report/schema.ts";

/**
 * Renders a report as one self-contained HTML page: its script, its styles and the plot library are inlined, and the
 * report is embedded as data. Nothing in a report can become markup or script: the data is escaped JSON in an element
 * that does not run, and the page's script only writes text. A policy forbids the page to fetch anything.
 */
export function renderHtml(report: Report): string {
  // The runner itself serves the page of a run in progress, and the page polls it for newer reports.
  const connect = report.run.live ? "connect-src 'self'; " : "";
  const resolve = createRequire(import.meta.url).resolve;
  const uPlot = readFileSync(resolve("uplot/dist/uPlot.iife.min.js"), "utf8");
  const uPlotStyle = readFileSync(resolve("uplot/dist/uPlot.min.css"), "utf8");
  return `${htmlHead(report.run.id, `script-src 'unsafe-inline'; img-src data:; ${connect}`, uPlotStyle)}
<body>
<main id="report"></main>
<noscript>This page draws the report with a script. The same report as text is in report.txt beside it.</noscript>
<script type="application/json" id="data">${escapeJson(report)}</script>
<script>${uPlot}</script>
<script type="module">${pageFile("page.js")}</script>
</body>
</html>
`;
}

/**
 * A page's head: its title, what its policy allows besides styles, and extra styles on top of the report's. With
 * `forms`, forms may submit to the page's own server.
 */
export function htmlHead(title: string, allowed = "", style = "", { forms = false } = {}): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; ${allowed}base-uri 'none'; form-action ${forms ? "'self'" : "'none'"}">
<title>${escapeHtml(title)} · Volley</title>
<style>${style}</style>
<style>${pageFile("page.css")}</style>
</head>`;
}

/** Reads `page.css`, or `page.js`: the page's sources as one script, built by `npm run page`. */
function pageFile(name: string): string {
  return readFileSync(new URL(`./page/${name}`, import.meta.url), "utf8");
}

/** JSON that cannot close the element it is embedded in. */
function escapeJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
