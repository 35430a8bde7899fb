import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { BlockPublicAccess, Bucket, BucketEncryption, type BucketProps } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import type { LoadTestProps } from "./loadTest.ts";

/** The bucket of a deployment's runs. It is kept when the stack is destroyed. */
export function runsBucket(
  scope: Construct,
  {
    bucketKeyArn,
    bucketName,
    chunkRetention = Duration.days(14),
  }: Pick<LoadTestProps, "bucketKeyArn" | "chunkRetention"> & { bucketName?: string },
): Bucket {
  return new Bucket(scope, "Runs", {
    ...(bucketName !== undefined && { bucketName }),
    ...encryptionOf(scope, bucketKeyArn),
    enforceSSL: true,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    removalPolicy: RemovalPolicy.RETAIN,
    lifecycleRules: [
      { id: "intermediate", tagFilters: { kind: "intermediate" }, expiration: chunkRetention },
      // Hosts announce themselves every few seconds; announcements of hosts that are gone are useless.
      { id: "hosts", prefix: "hosts/", expiration: Duration.days(1) },
      { id: "tasks of hosts", prefix: "tasks/", expiration: Duration.days(1) },
      { id: "reservations", prefix: "reservations/", expiration: Duration.days(1) },
      { id: "failed hosts", prefix: "hosts-failed/", expiration: Duration.days(1) },
      { id: "unfinished uploads", abortIncompleteMultipartUploadAfter: Duration.days(1) },
    ],
  });
}

function encryptionOf(scope: Construct, keyArn: string | undefined): BucketProps {
  if (keyArn === undefined) return { encryption: BucketEncryption.S3_MANAGED };
  const encryptionKey = Key.fromKeyArn(scope, "BucketKey", keyArn);
  // With a bucket key, S3 asks KMS once for many objects, and not for each chunk.
  return { encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true };
}

/** What whoever reads or writes a bucket's objects needs of its KMS key, if the deployment was given one. */
export function bucketKeyStatements({ encryptionKey }: Bucket): PolicyStatement[] {
  if (!encryptionKey) return [];
  return [new PolicyStatement({ actions: ["kms:Decrypt", "kms:GenerateDataKey"], resources: [encryptionKey.keyArn] })];
}
