import { readFileSync } from "node:fs";
import { createRequire, stripTypeScriptTypes } from "node:module";
import type { Report } from "./schema.ts";

/**
 * Renders a report as one HTML page that needs nothing else: its script, its styles and the plot library are in it, the
 * report lies in it as data. Nothing in a report can become markup or script: the data is escaped JSON in an element
 * that does not run, and the page's script writes text only. A policy forbids the page to fetch anything.
 */
export function renderHtml(report: Report): string {
  const resolve = createRequire(import.meta.url).resolve;
  const uPlot = readFileSync(resolve("uplot/dist/uPlot.iife.min.js"), "utf8");
  const uPlotStyle = readFileSync(resolve("uplot/dist/uPlot.min.css"), "utf8");
  const script = stripTypeScriptTypes(pageFile("page.ts"), { mode: "strip" });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<title>${escapeHtml(report.run.id)} · Volley</title>
<style>${uPlotStyle}</style>
<style>${pageFile("page.css")}</style>
</head>
<body>
<main id="report"></main>
<noscript>This page draws the report with a script. The same report as text is in report.txt beside it.</noscript>
<script type="application/json" id="data">${escapeJson(report)}</script>
<script>${uPlot}</script>
<script type="module">${script}</script>
</body>
</html>
`;
}

function pageFile(name: string): string {
  return readFileSync(new URL(`./page/${name}`, import.meta.url), "utf8");
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** JSON in which nothing can end the element that it stands in. */
function escapeJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
