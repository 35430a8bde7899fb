import { CfnOutput, Duration, Stack, type StackProps, Tags } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Tracing } from "aws-cdk-lib/aws-lambda";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { DEFAULT_SETTING } from "../plan/estimate.ts";
import { LAMBDA_LEAD_MS, LEAD_PER_WORKER_MS } from "../schedule/tempo.ts";
import { WRITES } from "../store/writes.ts";
import { obeyAccount } from "./account.ts";
import { bundledFunction } from "./bundledFunction.ts";
import { guardsOf } from "./guards.ts";
import type { Home } from "./home.ts";
import type { LoadTestProps } from "./loadTest.ts";

/** The settings of a region's stack. */
export interface RegionStackProps extends StackProps {
  /** The deployment that it belongs to, and its settings. */
  home: Home;
  settings: LoadTestProps;
}

/**
 * The workers of a deployment in another region than its home: one function, which reads its plan from the home's bucket
 * and writes there. Whoever deploys it needs rights here; whoever runs plans does not.
 */
export class RegionStack extends Stack {
  constructor(scope: Construct, id: string, { home, settings, ...props }: RegionStackProps) {
    super(scope, id, { description: "Volley: workers of a load test in another region", ...props });
    const { workerMemoryMb = DEFAULT_SETTING.workerMb, logRetention = RetentionDays.TWO_WEEKS, tracing } = settings;
    const worker = bundledFunction(this, "attack", {
      functionName: home.worker,
      description: "Sends one worker's part of the load in one segment",
      memorySize: workerMemoryMb,
      timeout: Duration.minutes(15),
      idPrefix: "attack",
      logRetention,
      statements: statementsOf(home, settings),
      tracing: tracing ? Tracing.ACTIVE : Tracing.DISABLED,
      environment: {
        VOLLEY_STORE: `s3:${home.bucket}`,
        VOLLEY_HOME_REGION: home.region,
        VOLLEY_GUARDS: JSON.stringify(guardsOf(settings, home)),
        VOLLEY_LEAD_MS: String(LAMBDA_LEAD_MS),
        VOLLEY_LEAD_PER_WORKER_MS: String(LEAD_PER_WORKER_MS),
        AWS_LAMBDA_EXEC_WRAPPER: "/var/task/node-wrapper",
      },
    });
    obeyAccount(this, settings);
    new CfnOutput(this, "Worker", { value: worker.functionName });
    Tags.of(this).add("application", "volley");
  }
}

/** What a worker may do in the home: what one of the home itself may. */
function statementsOf(home: Home, { bucketKeyArn, secretArns = [] }: LoadTestProps): PolicyStatement[] {
  const { partition, account, region, bucket, secretsAlias } = home;
  const bucketArn = `arn:${partition}:s3:::${bucket}`;
  const secrets = new PolicyStatement({
    actions: ["kms:Decrypt"],
    resources: [`arn:${partition}:kms:${region}:${account}:key/*`],
    conditions: { "ForAnyValue:StringEquals": { "kms:ResourceAliases": secretsAlias } },
  });
  return [
    new PolicyStatement({ actions: ["s3:GetObject"], resources: [`${bucketArn}/runs/*`] }),
    new PolicyStatement({ actions: ["s3:ListBucket"], resources: [bucketArn] }),
    new PolicyStatement({
      actions: ["s3:PutObject", "s3:PutObjectTagging"],
      resources: WRITES.attack.map((pattern) => `${bucketArn}/${pattern}`),
    }),
    ...(bucketKeyArn === undefined
      ? []
      : [new PolicyStatement({ actions: ["kms:Decrypt", "kms:GenerateDataKey"], resources: [bucketKeyArn] })]),
    ...(secretArns.length > 0 ? [secrets] : []),
  ];
}
