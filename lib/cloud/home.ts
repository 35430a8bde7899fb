import { Stack, Token } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { LoadTestProps } from "./loadTest.ts";

/** Where a deployment with workers in several regions has its state machine, and how its parts find each other. */
export interface Home {
  partition: string;
  account: string;
  region: string;
  /** The name of the bucket of its runs. */
  bucket: string;
  /** The name of the workers' function in each other region. */
  worker: string;
  /** The alias of the key that encrypts a run's secrets. */
  secretsAlias: string;
}

/** S3's limit for a bucket's name. */
const MAX_BUCKET_NAME = 63;

/**
 * The home of a deployment with workers in other regions too: the names of its parts follow from its stack, because no
 * stack can refer to another one's resources in a different region. Throws if the stack has no account and region.
 */
export function homeOf(stack: Stack): Home {
  const { account, region, stackName, partition } = stack;
  if (Token.isUnresolved(account) || Token.isUnresolved(region)) {
    throw new Error("regions needs a stack with an account and a region: sign in to AWS, or set env in your app");
  }
  const bucket = `${stackName.toLowerCase()}-runs-${account}-${region}`;
  if (bucket.length > MAX_BUCKET_NAME) {
    throw new Error(
      `the bucket's name ${bucket} is longer than ${MAX_BUCKET_NAME}: choose a shorter name of the stack`,
    );
  }
  const secretsAlias = `alias/${stackName}-secrets`;
  return { partition, account, region, bucket, worker: `${stackName}-worker`, secretsAlias };
}

/** The home of a construct's deployment; undefined if all workers are in one region. Throws if settings conflict. */
export function homeWithRegions(
  scope: Construct,
  { regions = [], vpc, fixedEgress }: Pick<LoadTestProps, "regions" | "vpc" | "fixedEgress">,
): Home | undefined {
  if (regions.length === 0) return undefined;
  if (vpc || fixedEgress)
    throw new Error("regions cannot be combined with vpc or fixedEgress: these are in one region");
  const home = homeOf(Stack.of(scope));
  if (regions.includes(home.region)) throw new Error(`regions has ${home.region}, which is the stack's own region`);
  return home;
}
