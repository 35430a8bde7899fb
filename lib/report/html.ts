import type { Report } from "./schema.ts";
export function renderHtml(report: Report): string {
  return JSON.stringify(report);
}
