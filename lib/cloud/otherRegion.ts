import { Duration } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { type Function as LambdaFunction, Tracing } from "aws-cdk-lib/aws-lambda";
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { bundledFunction } from "./bundledFunction.ts";
import type { Home } from "./home.ts";

/** Memory of the function that calls workers in other regions, in MB: it only waits. */
const MEMORY_MB = 128;

interface OtherRegionProps {
  home: Home;
  regions: readonly string[];
  logRetention: RetentionDays;
  tracing: boolean;
}

/** The function that calls a worker in another region, for the state machine, which cannot. It may do nothing else. */
export function otherRegionFunction(
  scope: Construct,
  { home, regions, logRetention, tracing }: OtherRegionProps,
): LambdaFunction {
  return bundledFunction(scope, "otherRegion", {
    description: "Calls a worker in another region, and waits until it has ended",
    memorySize: MEMORY_MB,
    timeout: Duration.minutes(15),
    idPrefix: "otherRegion",
    logRetention,
    statements: [new PolicyStatement({ actions: ["lambda:InvokeFunction"], resources: workersOf(home, regions) })],
    tracing: tracing ? Tracing.ACTIVE : Tracing.DISABLED,
    environment: { VOLLEY_REGION_WORKER: home.worker },
  });
}

/** Lets the doctor look at the workers' functions in other regions. */
export function letDoctorLook(doctor: LambdaFunction, home: Home, regions: readonly string[]): void {
  doctor.addEnvironment("VOLLEY_REGION_WORKER", home.worker);
  const resources = workersOf(home, regions);
  doctor.addToRolePolicy(new PolicyStatement({ actions: ["lambda:GetFunctionConfiguration"], resources }));
}

function workersOf({ partition, account, worker }: Home, regions: readonly string[]): string[] {
  return regions.map((region) => `arn:${partition}:lambda:${region}:${account}:function:${worker}`);
}
