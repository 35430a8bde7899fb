import { cliReference } from "./cli.ts";
import { environmentReference } from "./environment.ts";
import { planReference } from "./plan.ts";
import { contextReference, exitCodesReference } from "./tables.ts";

/** The files of docs/reference/, each with the function that generates it from the sources. */
export const REFERENCES: Record<string, () => string> = {
  "plan.md": planReference,
  "context.md": contextReference,
  "environment.md": environmentReference,
  "exit-codes.md": exitCodesReference,
  "cli.md": cliReference,
};
