import { Duration, Stack } from "aws-cdk-lib";
import type { IVpc, SubnetSelection } from "aws-cdk-lib/aws-ec2";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { type Function as LambdaFunction, Tracing } from "aws-cdk-lib/aws-lambda";
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { LAMBDA_LEAD_MS, LEAD_PER_WORKER_MS } from "../schedule/tempo.ts";
import { WRITES } from "../store/writes.ts";
import { bundledFunction } from "./bundledFunction.ts";
import type { FunctionName } from "./bundling.ts";
import { bucketKeyStatements } from "./runsBucket.ts";

/** The settings and permissions of one function. */
interface Shape {
  description: string;
  memoryMb: number;
  timeout: Duration;
  /** What it reads in addition to runs. */
  reads?: string[];
  statements?: PolicyStatement[];
  environment?: Record<string, string>;
}

/** The properties shared by all functions. */
export interface FunctionsProps {
  bucket: Bucket;
  workerMemoryMb: number;
  /**
   * The deployment's guards, as JSON: Plan checks plans against them, and so does every function that opens
   * connections.
   */
  guards: string;
  /** ARNs of secrets and parameters that plans may refer to. */
  secretArns: string[];
  /** ARN of the key that encrypts what Plan read of them for a run; undefined if there are none. */
  secretsKey: string | undefined;
  /** ARNs of KMS keys that encrypt the secrets themselves. */
  secretKeyArns: string[];
  /** Whether functions in the network use IPv6 too. */
  ipv6: boolean;
  /** ARNs of log groups that plans may search. */
  logGroupArns: string[];
  logRetention: RetentionDays;
  tracing: boolean;
  vpc: IVpc | undefined;
  /** The network's subnets. */
  vpcSubnets: SubnetSelection;
}

/** The Lambda functions, each with a separate role that allows only what the function does. */
export class Functions extends Construct {
  readonly byName: Record<FunctionName, LambdaFunction>;
  /** Checks the deployment from inside, for a person; not part of a run. */
  readonly doctor: LambdaFunction;
  /** The workers' log group. */
  readonly workerLog: string;

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    const accountReads = new PolicyStatement({ actions: ["lambda:GetAccountSettings"], resources: ["*"] });
    const secrets =
      props.secretArns.length === 0
        ? []
        : [
            new PolicyStatement({
              actions: ["secretsmanager:GetSecretValue", "ssm:GetParameter"],
              resources: props.secretArns,
            }),
            ...keysOfSecrets(props.secretKeyArns),
          ];
    const logReads =
      props.logGroupArns.length === 0
        ? []
        : [new PolicyStatement({ actions: ["logs:FilterLogEvents"], resources: props.logGroupArns })];
    const { secretsKey } = props;
    const sealing = secretsKey
      ? [new PolicyStatement({ actions: ["kms:GenerateDataKey"], resources: [secretsKey] })]
      : [];
    const opening = secretsKey ? [new PolicyStatement({ actions: ["kms:Decrypt"], resources: [secretsKey] })] : [];
    const metrics = { VOLLEY_METRICS_STACK: Stack.of(this).stackName };
    this.byName = {
      attack: this.#make("attack", props, {
        description: "Sends one worker's part of the load in one segment",
        memoryMb: props.workerMemoryMb,
        timeout: Duration.minutes(15),
        statements: opening,
        environment: { AWS_LAMBDA_EXEC_WRAPPER: "/var/task/node-wrapper", VOLLEY_GUARDS: props.guards, ...metrics },
      }),
      plan: this.#make("plan", props, {
        description: "Checks the plan, fixes the start instant, writes the assignments",
        memoryMb: 1_024,
        // In fleet mode, it waits for hosts to start.
        timeout: Duration.minutes(15),
        reads: ["hosts/*", "hosts-failed/*", "reservations/*"],
        // It reads the secrets before anything is started, and leaves them encrypted for the workers and Watch.
        statements: [accountReads, ...secrets, ...sealing],
        environment: { VOLLEY_GUARDS: props.guards, ...(secretsKey && { VOLLEY_SEALING_KEY: secretsKey }) },
      }),
      watch: this.#make("watch", props, {
        description: "Watches a run: circuit breaker, the gateway's metrics",
        memoryMb: 256,
        timeout: Duration.minutes(15),
        statements: [...opening, ...logReads],
        environment: { VOLLEY_GUARDS: props.guards },
      }),
      reduce: this.#make("reduce", props, {
        description: "Merges what the workers wrote, writes the report",
        memoryMb: 3_008,
        timeout: Duration.minutes(15),
        environment: metrics,
      }),
      next: this.#make("next", props, {
        description: "Records a trial in its capacity search, plans the next one",
        memoryMb: 1_024,
        timeout: Duration.minutes(2),
      }),
    };
    if (props.vpc) this.#letPlanWake();
    this.workerLog = this.byName.attack.logGroup.logGroupName;
    // With the workers' memory, network and secrets, so that it can reach exactly what they can.
    this.doctor = this.#make("doctor", props, {
      description: "Looks at the deployment from inside, for volley doctor",
      memoryMb: props.workerMemoryMb,
      timeout: Duration.minutes(5),
      statements: [accountReads, ...secrets],
      environment: { VOLLEY_GUARDS: props.guards },
    });
  }

  /** Functions in a network become inactive when idle for weeks: Plan wakes them before a run. */
  #letPlanWake(): void {
    const { plan, ...others } = this.byName;
    const woken = Object.values(others);
    plan.addEnvironment("VOLLEY_WAKES", woken.map(({ functionName }) => functionName).join(","));
    plan.addToRolePolicy(
      new PolicyStatement({
        actions: ["lambda:GetFunctionConfiguration", "lambda:InvokeFunction"],
        resources: woken.map(({ functionArn }) => functionArn),
      }),
    );
  }

  #make(name: FunctionName | "doctor", props: FunctionsProps, shape: Shape): LambdaFunction {
    const { bucket } = props;
    const reads = [bucket.arnForObjects("runs/*"), ...(shape.reads ?? []).map((key) => bucket.arnForObjects(key))];
    const statements = [
      new PolicyStatement({ actions: ["s3:GetObject"], resources: reads }),
      // Without this, a missing key is "access denied", and looks like a failure.
      new PolicyStatement({ actions: ["s3:ListBucket"], resources: [bucket.bucketArn] }),
      new PolicyStatement({
        // What expires is tagged.
        actions: ["s3:PutObject", ...(name === "doctor" ? [] : ["s3:PutObjectTagging"])],
        resources: WRITES[name].map((pattern) => bucket.arnForObjects(pattern)),
      }),
      ...bucketKeyStatements(bucket),
      ...(shape.statements ?? []),
    ];
    return bundledFunction(this, name, {
      description: shape.description,
      memorySize: shape.memoryMb,
      timeout: shape.timeout,
      idPrefix: name,
      logRetention: props.logRetention,
      statements,
      tracing: props.tracing ? Tracing.ACTIVE : Tracing.DISABLED,
      ...(props.vpc && { vpc: props.vpc, vpcSubnets: props.vpcSubnets }),
      ...(props.ipv6 && { ipv6AllowedForDualStack: true }),
      environment: {
        VOLLEY_STORE: `s3:${bucket.bucketName}`,
        VOLLEY_LEAD_MS: String(LAMBDA_LEAD_MS),
        VOLLEY_LEAD_PER_WORKER_MS: String(LEAD_PER_WORKER_MS),
        // AWS's SDK: endpoints that have IPv6 addresses too.
        ...(props.ipv6 && { AWS_USE_DUALSTACK_ENDPOINT: "true" }),
        ...shape.environment,
      },
    });
  }
}

/** Lets a role read secrets that are encrypted with these keys, and nothing else that is. */
function keysOfSecrets(keyArns: string[]): PolicyStatement[] {
  if (keyArns.length === 0) return [];
  const conditions = { StringLike: { "kms:ViaService": ["secretsmanager.*", "ssm.*"] } };
  return [new PolicyStatement({ actions: ["kms:Decrypt"], resources: keyArns, conditions })];
}
