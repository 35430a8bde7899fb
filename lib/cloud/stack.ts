import { CfnOutput, Duration, Stack, type StackProps, Tags } from "aws-cdk-lib";
import { ManagedPolicy, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { LoadTest } from "./loadTest.ts";

/** Context values as `cdk deploy -c name=value` gives them: text, or JSON from cdk.json. */
type Context = (name: string) => unknown;

/** A stack around a LoadTest, whose properties come from the CDK's context. */
export class VolleyStack extends Stack {
  readonly loadTest: LoadTest;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, { description: "Volley: distributed load test for JSON-RPC gateways", ...props });
    const context: Context = (name) => this.node.tryGetContext(name);
    this.loadTest = new LoadTest(this, "LoadTest", {
      allowedHosts: list(context("allowedHosts")),
      observeHosts: list(context("observeHosts")),
      secretArns: list(context("secretArns")),
      logGroupArns: list(context("logGroupArns")),
      fixedEgress: flag(context("fixedEgress")),
      fleet: flag(context("fleet")),
      fleetSpot: flag(context("fleetSpot")),
      tracing: flag(context("tracing")),
      ...defined({
        workerMemoryMb: number(context("workerMemoryMb"), "workerMemoryMb"),
        fleetMaxHosts: number(context("fleetMaxHosts"), "fleetMaxHosts"),
        fleetInstanceType: text(context("fleetInstanceType")),
        maxWorkers: number(context("maxWorkers"), "maxWorkers"),
        maxRps: number(context("maxRps"), "maxRps"),
        maxUsdPerRun: number(context("maxUsdPerRun"), "maxUsdPerRun"),
        maxDuration: duration(number(context("maxDurationMinutes"), "maxDurationMinutes"), Duration.minutes),
        chunkRetention: duration(number(context("chunkRetentionDays"), "chunkRetentionDays"), Duration.days),
      }),
    });
    const { bucket, stateMachine, egressAddresses } = this.loadTest;
    new CfnOutput(this, "Bucket", { value: bucket.bucketName });
    new CfnOutput(this, "ActivityArn", { value: this.loadTest.activity.activityArn });
    new CfnOutput(this, "StateMachineArn", { value: stateMachine.stateMachineArn });
    if (egressAddresses.length > 0) new CfnOutput(this, "EgressAddresses", { value: egressAddresses.join(", ") });
    const operator = this.#operatorPolicy();
    new CfnOutput(this, "OperatorPolicyArn", { value: operator.managedPolicyArn });
    Tags.of(this).add("application", "volley");
  }

  /** What a person needs who runs plans, follows and stops them, and reads their reports. */
  #operatorPolicy(): ManagedPolicy {
    const { bucket, stateMachine } = this.loadTest;
    const execution = this.formatArn({ service: "states", resource: `execution:${stateMachine.stateMachineName}:*` });
    return new ManagedPolicy(this, "Operator", {
      description: "Run Volley's plans, follow and stop them, read their reports",
      statements: [
        new PolicyStatement({
          actions: ["states:StartExecution", "states:ListExecutions"],
          resources: [stateMachine.stateMachineArn],
        }),
        new PolicyStatement({ actions: ["states:DescribeExecution", "states:StopExecution"], resources: [execution] }),
        new PolicyStatement({ actions: ["s3:ListBucket"], resources: [bucket.bucketArn] }),
        new PolicyStatement({ actions: ["s3:GetObject"], resources: [bucket.arnForObjects("runs/*")] }),
        new PolicyStatement({
          actions: ["s3:PutObject"],
          resources: WRITTEN_BY_OPERATORS.map((key) => bucket.arnForObjects(`runs/*/${key}`)),
        }),
        new PolicyStatement({ actions: ["cloudformation:DescribeStacks"], resources: [this.stackId] }),
      ],
    });
  }
}

/** What operators write: plans, the flag that stops a run, and the report of a run whose reduction failed. */
const WRITTEN_BY_OPERATORS = ["plan.json", "abort.json", "report.json", "report.html", "report.txt", "histograms.json"];

function list(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === "string"
    ? value
        .split(",")
        .map((each) => each.trim())
        .filter(Boolean)
    : [];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function flag(value: unknown): boolean {
  return value === true || value === "true";
}

function number(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  const parsed = Number(value);
  if (!Number.isFinite(parsed) || parsed <= 0)
    throw new Error(`the context value ${name} is ${String(value)}; expected a number above 0`);
  return parsed;
}

function duration(amount: number | undefined, of: (amount: number) => Duration): Duration | undefined {
  return amount === undefined ? undefined : of(amount);
}

/** The same without what is undefined. */
function defined<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
