import { total } from "./chunk.ts";

/*
 * Checks of the fields of an object from the store. Each error names the field by `where`, its path.
 */

/** Throws if a value is not counts by name, or if their sum is no count. */
export function checkTally(value: unknown, where: string): void {
  const tally = record(value, where) as Record<string, number>;
  for (const [name, each] of Object.entries(tally)) count(each, `${where}.${name}`);
  count(total(tally), where);
}

/** A value as an object. Throws if it is none. */
export function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${where} is no object`);
  return value as Record<string, unknown>;
}

/** A value as a list. Throws if it is none. */
export function list(value: unknown, where: string): unknown[] {
  if (!Array.isArray(value)) throw new Error(`${where} is no list`);
  return value;
}

/** Throws if a value is not a whole number from 0 to 2⁵³ − 1. */
export function count(value: unknown, where: string): void {
  if (!isCount(value)) throw new Error(`${where} is no count`);
}

/** Whether a value is such a number. */
export function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Throws if a value is not a finite number. */
export function number(value: unknown, where: string): void {
  if (!Number.isFinite(value)) throw new Error(`${where} is no number`);
}

/** Throws if a value is not a text. */
export function text(value: unknown, where: string): void {
  if (typeof value !== "string") throw new Error(`${where} is no text`);
}
