import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { JsonSchemaNode } from "../../lib/plan/examples.ts";
import { planJsonSchema } from "../../lib/plan/schema.ts";

interface Field {
  path: string;
  node: JsonSchemaNode;
}

/** All fields of the plan's schema, with their paths. */
function fieldsOf(schema: JsonSchemaNode, path = "$"): Field[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, node]) => {
    const place = `${path}.${name}`;
    return [{ path: place, node }, ...fieldsOf(node, place)];
  });
  const { items, additionalProperties: values, anyOf = [], oneOf = [] } = schema;
  return [
    ...own,
    ...(items ? fieldsOf(items, `${path}[]`) : []),
    ...(typeof values === "object" ? fieldsOf(values, `${path}.*`) : []),
    ...[...anyOf, ...oneOf].flatMap((each) => fieldsOf(each, path)),
  ];
}

/** Whether a field shows what may stand there: a default, a list of values, an example, or fields below it that do. */
function isShown({ default: usual, enum: values, const: only, examples, type, items, anyOf }: JsonSchemaNode): boolean {
  const isOpen = type === "object" || type === "boolean" || items?.type === "object";
  const isChoice = (anyOf ?? []).some((each) => each.type === "object");
  return [usual, values, only, examples].some((each) => each !== undefined) || isOpen || isChoice;
}

const schema = planJsonSchema() as JsonSchemaNode;
const fields = fieldsOf(schema);

test("every field of a plan has a description", () => {
  assert.ok(fields.length > 150, `${fields.length} fields`);
  const missing = fields.filter(({ node }) => !node.description).map(({ path }) => path);
  assert.deepEqual(missing, []);
});

test("every field of a plan has a default, a list of values or an example", () => {
  const missing = fields.filter(({ node }) => !isShown(node)).map(({ path }) => path);
  assert.deepEqual(missing, ["$.profile"]);
});

test("every default and example is one that the schema takes", () => {
  const ajv = new Ajv2020({ strict: false });
  const { $defs } = schema as { $defs?: object };
  for (const { path, node } of fields) {
    const check = ajv.compile({ $defs, ...node });
    for (const value of [...(node.examples ?? []), ...(node.default === undefined ? [] : [node.default])]) {
      assert.ok(check(value), `${path}: ${JSON.stringify(value)}: ${ajv.errorsText(check.errors)}`);
    }
  }
});
