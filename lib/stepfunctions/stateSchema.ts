import { z } from "zod";
import { pathProblem } from "./paths.ts";
import { valueProblem } from "./templates.ts";

/*
 * The subset of Amazon States Language that the definition uses, and nothing else: loading rejects any other field, so
 * that the local run and AWS cannot drift apart. https://states-language.net/spec.html
 */

const path = z.string().superRefine((text, context) => {
  const problem = pathProblem(text);
  if (problem) context.addIssue(problem);
});

const inputPath = path.refine((text) => text.startsWith("$"), "a path into the state's input");

/** Where a result goes: plain steps from `$`, as required of paths that are written to. */
const referencePath = path.refine(
  (text) => /^\$(\.[A-Za-z_][\w-]*|\['[^']+'\])*$/.test(text),
  "a reference path such as $.error",
);

/** A payload template: fields whose names end in `.$` hold paths or intrinsic functions. */
const template = z.record(z.string(), z.json()).superRefine((value, context) => checkTemplate(value, [], context));

function checkTemplate(value: unknown, at: PropertyKey[], context: z.RefinementCtx): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, each] of Object.entries(value)) {
    if (!key.endsWith(".$")) {
      checkTemplate(each, [...at, key], context);
      continue;
    }
    const problem = typeof each === "string" ? valueProblem(each) : "a path, as the field's name ends in .$";
    if (problem) context.addIssue({ code: "custom", path: [...at, key], message: problem });
  }
}

const stateName = z.string().min(1).max(80);

const seconds = z.int().min(1).max(99_999_999);

const errors = z.array(z.string().min(1)).min(1);

const retrier = z.strictObject({
  ErrorEquals: errors,
  IntervalSeconds: seconds.default(1),
  MaxAttempts: z.int().min(0).max(99_999_999).default(3),
  BackoffRate: z.number().min(1).default(2),
  MaxDelaySeconds: z.int().min(1).max(31_622_400).optional(),
  JitterStrategy: z.enum(["FULL", "NONE"]).default("NONE"),
  Comment: z.string().optional(),
});

const catcher = z.strictObject({
  ErrorEquals: errors,
  ResultPath: referencePath.nullable().default("$"),
  Next: stateName,
  Comment: z.string().optional(),
});

const common = { Comment: z.string().optional() };

const paths = { InputPath: inputPath.nullable().default("$"), OutputPath: inputPath.nullable().default("$") };

const next = { Next: stateName.optional(), End: z.literal(true).optional() };

const results = { ResultSelector: template.optional(), ResultPath: referencePath.nullable().default("$") };

const handling = { Retry: z.array(retrier).min(1).default([]), Catch: z.array(catcher).min(1).default([]) };

const LAMBDA_INVOKE = "arn:aws:states:::lambda:invoke";

const PUT_OBJECT = "arn:aws:states:::aws-sdk:s3:putObject";

/** Writes an object, then waits until somebody returns the task's token. */
export const PUT_OBJECT_AND_WAIT = `${PUT_OBJECT}.waitForTaskToken`;

const value = z.string().superRefine((text, context) => {
  const problem = valueProblem(text);
  if (problem) context.addIssue(problem);
});

const call = z.strictObject({
  FunctionName: z.string().min(1),
  Payload: template.optional(),
  "Payload.$": path.optional(),
});

const object = z.strictObject({
  Bucket: z.string().min(1),
  Key: z.string().min(1).optional(),
  "Key.$": value.optional(),
  Body: template,
});

/** A call of a function, or an object that is written, with or without waiting for the task's token. */
const task = z
  .strictObject({
    Type: z.literal("Task"),
    Resource: z.enum([LAMBDA_INVOKE, PUT_OBJECT, PUT_OBJECT_AND_WAIT]),
    Parameters: z.union([call, object]),
    TimeoutSeconds: seconds.optional(),
    TimeoutSecondsPath: inputPath.optional(),
    HeartbeatSeconds: seconds.optional(),
    ...common,
    ...paths,
    ...results,
    ...handling,
    ...next,
  })
  .superRefine(({ Resource, Parameters, TimeoutSeconds, HeartbeatSeconds }, context) => {
    const issue = (field: string, message: string): void =>
      context.addIssue({ code: "custom", path: [field], message });
    const isCall = Resource === LAMBDA_INVOKE;
    if (isCall !== "FunctionName" in Parameters)
      issue("Parameters", isCall ? "an object with FunctionName" : "an object with Bucket, Key and Body");
    if (HeartbeatSeconds === undefined) return;
    if (Resource !== PUT_OBJECT_AND_WAIT) issue("HeartbeatSeconds", "none: nobody sends heartbeats for this task");
    if (TimeoutSeconds !== undefined && HeartbeatSeconds >= TimeoutSeconds)
      issue("HeartbeatSeconds", "less than TimeoutSeconds");
  });

const pass = z.strictObject({
  Type: z.literal("Pass"),
  Result: z.json().optional(),
  Parameters: template.optional(),
  ResultPath: referencePath.nullable().default("$"),
  ...common,
  ...paths,
  ...next,
});

const wait = z.strictObject({
  Type: z.literal("Wait"),
  Seconds: z.int().min(0).max(99_999_999).optional(),
  SecondsPath: inputPath.optional(),
  Timestamp: z.iso.datetime({ offset: true }).optional(),
  TimestampPath: inputPath.optional(),
  ...common,
  ...paths,
  ...next,
});

/** A choice's test: a variable and one operator, or a combination of tests. */
export type Test =
  | { And: Test[] }
  | { Or: Test[] }
  | { Not: Test }
  | ({ Variable: string } & { [operator in Operator]?: unknown });

const operators = {
  BooleanEquals: z.boolean().optional(),
  StringEquals: z.string().optional(),
  NumericEquals: z.number().optional(),
  NumericLessThan: z.number().optional(),
  NumericLessThanEquals: z.number().optional(),
  NumericGreaterThan: z.number().optional(),
  NumericGreaterThanEquals: z.number().optional(),
  IsPresent: z.boolean().optional(),
};

export type Operator = keyof typeof operators;

const comparison = { Variable: inputPath, ...operators };

function oneOperator(value: object, context: z.RefinementCtx): void {
  const found = Object.keys(value).filter((key) => key in operators);
  if (found.length !== 1) context.addIssue(`exactly one of ${Object.keys(operators).join(", ")}`);
}

const test: z.ZodType<Test> = z.lazy(() =>
  z.union([
    z.strictObject({ And: z.array(test).min(1) }),
    z.strictObject({ Or: z.array(test).min(1) }),
    z.strictObject({ Not: test }),
    z.strictObject(comparison).superRefine(oneOperator) as unknown as z.ZodType<Test>,
  ]),
);

const rule = z.union([
  z.strictObject({ ...comparison, Next: stateName, ...common }).superRefine(oneOperator),
  z.strictObject({ And: z.array(test).min(1), Next: stateName, ...common }),
  z.strictObject({ Or: z.array(test).min(1), Next: stateName, ...common }),
  z.strictObject({ Not: test, Next: stateName, ...common }),
]);

const choice = z.strictObject({
  Type: z.literal("Choice"),
  Choices: z.array(rule).min(1),
  Default: stateName.optional(),
  ...common,
  ...paths,
});

const succeed = z.strictObject({ Type: z.literal("Succeed"), ...common, ...paths });

const fail = z.strictObject({
  Type: z.literal("Fail"),
  Error: z.string().optional(),
  ErrorPath: inputPath.optional(),
  Cause: z.string().optional(),
  CausePath: inputPath.optional(),
  ...common,
});

const parallelFields = z.strictObject({
  Type: z.literal("Parallel"),
  Parameters: template.optional(),
  ...common,
  ...paths,
  ...results,
  ...handling,
  ...next,
});

const itemReader = z.strictObject({
  Resource: z.literal("arn:aws:states:::s3:getObject"),
  ReaderConfig: z.strictObject({ InputType: z.literal("JSON"), MaxItems: z.int().min(1).optional() }),
  Parameters: z.strictObject({
    Bucket: z.string().min(1),
    Key: z.string().min(1).optional(),
    "Key.$": path.optional(),
  }),
});

const mapFields = z.strictObject({
  Type: z.literal("Map"),
  Label: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,40}$/)
    .optional(),
  ItemReader: itemReader,
  ItemSelector: template.optional(),
  MaxConcurrency: z.int().min(0).optional(),
  MaxConcurrencyPath: inputPath.optional(),
  ToleratedFailurePercentage: z.number().min(0).max(100).optional(),
  ToleratedFailureCount: z.int().min(0).optional(),
  ...common,
  ...paths,
  ...results,
  ...handling,
  ...next,
});

/** States and the one to start at: the whole definition, a branch, or a Map's item processor. */
export interface Machine {
  Comment?: string | undefined;
  StartAt: string;
  States: Record<string, State>;
}

export type TaskState = z.infer<typeof task>;

export type ChoiceState = z.infer<typeof choice>;

export type WaitState = z.infer<typeof wait>;

export type ParallelState = z.infer<typeof parallelFields> & { Branches: Machine[] };

export type MapState = z.infer<typeof mapFields> & { ItemProcessor: Machine };

/** A state as the loader accepts it, with defaults filled in. */
export type State =
  | TaskState
  | z.infer<typeof pass>
  | WaitState
  | ChoiceState
  | z.infer<typeof succeed>
  | z.infer<typeof fail>
  | ParallelState
  | MapState;

const machineFields = {
  Comment: z.string().optional(),
  StartAt: stateName,
  States: z.lazy(() => z.record(stateName, state)),
};

const machine: z.ZodType<Machine> = z.lazy(() => z.strictObject(machineFields));

const itemProcessor: z.ZodType<Machine> = z.lazy(() =>
  z.strictObject({
    ...machineFields,
    ProcessorConfig: z.strictObject({ Mode: z.literal("DISTRIBUTED"), ExecutionType: z.literal("STANDARD") }),
  }),
);

const state: z.ZodType<State> = z.discriminatedUnion("Type", [
  task,
  pass,
  wait,
  choice,
  succeed,
  fail,
  parallelFields.extend({ Branches: z.array(machine).min(1) }),
  mapFields.extend({ ItemProcessor: itemProcessor }),
]);

export const definition = z.strictObject({
  ...machineFields,
  TimeoutSeconds: seconds.optional(),
  Version: z.literal("1.0").optional(),
});

/** A whole definition. */
export type Definition = Machine & { TimeoutSeconds?: number | undefined };
