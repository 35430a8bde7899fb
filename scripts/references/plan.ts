import { planJsonSchema } from "../../lib/plan/schema.ts";
import { code, table } from "./markdown.ts";

/** The part of JSON Schema that the plan's schema uses. */
interface Schema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  $ref?: string;
  description?: string;
  default?: unknown;
  examples?: unknown[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  items?: Schema;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minItems?: number;
}

/** A field of the plan: its path, and its schema. */
interface Field {
  path: string;
  schema: Schema;
  isRequired: boolean;
}

/** docs/reference/plan.md: every field of a plan. */
export function planReference(): string {
  const rows = fieldsOf(planJsonSchema() as Schema, "").map(({ path, schema, isRequired }) => [
    code(path),
    typeOf(schema),
    schema.default === undefined ? (isRequired ? "required" : "") : code(JSON.stringify(schema.default)),
    rangeOf(schema),
    schema.examples?.[0] === undefined ? "" : code(JSON.stringify(schema.examples[0])),
    schema.description ?? "",
  ]);
  return `# The fields of a plan

[Writing a plan](../plan.md) explains them. \`[]\` stands for each entry of a list, \`*\` for a name that you choose, and
\`(…)\` for a kind that has these fields. A duration is a number of seconds, or text such as \`"90s"\`, \`"33m"\` or
\`"1h30m"\`.

${table(["field", "type", "default", "range", "example", "meaning"], rows)}`;
}

function fieldsOf(schema: Schema, path: string): Field[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = path === "" ? name : `${path}.${name}`;
    const isRequired = schema.required?.includes(name) === true && field.default === undefined;
    // The variant's kind is already in its path.
    if (field.const !== undefined) return [];
    return [{ path: at, schema: field, isRequired }, ...fieldsOf(field, at)];
  });
  const variants = (schema.anyOf ?? schema.oneOf ?? []).flatMap((variant) => {
    const kind = variant.properties?.type?.const;
    return fieldsOf(variant, typeof kind === "string" ? `${path} (${kind})` : path);
  });
  const entries = schema.items ? fieldsOf(schema.items, `${path}[]`) : [];
  const named =
    typeof schema.additionalProperties === "object" ? fieldsOf(schema.additionalProperties, `${path}.*`) : [];
  return [...own, ...variants, ...entries, ...named];
}

/** A field's type as text. */
function typeOf(schema: Schema): string {
  const variants = schema.anyOf ?? schema.oneOf;
  if (schema.$ref) return "any JSON";
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum) return schema.enum.map((value) => code(JSON.stringify(value))).join(", ");
  if (isDuration(schema)) return "duration";
  if (variants) return [...new Set(variants.map(typeOf))].join(" or ");
  if (schema.type === "array") return `list of ${typeOf(schema.items ?? {})}`;
  return schema.type ?? "any JSON";
}

function isDuration({ anyOf = [] }: Schema): boolean {
  return anyOf.length === 2 && anyOf.every(({ type }) => type === "number" || type === "string");
}

/** The valid range of a field's numbers, and the minimum number of entries in a list. */
function rangeOf(schema: Schema): string {
  const { minimum, exclusiveMinimum, maximum, minItems } = schema;
  // Nobody reaches the largest integer that JSON holds exactly, so it is not listed as a bound.
  const most = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? `≤ ${figure(maximum)}` : "";
  const least = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? `≥ ${figure(minimum)}` : "";
  const above = exclusiveMinimum === undefined ? "" : `> ${figure(exclusiveMinimum)}`;
  const entries = minItems ? `at least ${minItems}` : "";
  return [least, above, most, entries].filter(Boolean).join(", ");
}

function figure(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 6 });
}
