import { fileURLToPath } from "node:url";
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { IVpc, SubnetSelection } from "aws-cdk-lib/aws-ec2";
import { ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, Runtime, Tracing } from "aws-cdk-lib/aws-lambda";
import {
  type ICommandHooks,
  NodejsFunction,
  type NodejsFunctionProps,
  OutputFormat,
} from "aws-cdk-lib/aws-lambda-nodejs";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The functions of the state machine; each has a handler of its name in functions/. */
export type FunctionName = "plan" | "attack" | "watch" | "reduce" | "next";

/** What one function is allowed and given. */
interface Shape {
  description: string;
  memoryMb: number;
  timeout: Duration;
  /** Keys under runs/ that it writes. */
  writes: string[];
  /** What it reads besides runs. */
  reads?: string[];
  statements?: PolicyStatement[];
  environment?: Record<string, string>;
  /** Files that it reads beside its code. */
  hooks?: ICommandHooks;
}

/** What all functions share. */
export interface FunctionsProps {
  bucket: Bucket;
  workerMemoryMb: number;
  /** What the deployment allows, as JSON: Plan holds plans against it, and whoever opens connections does again. */
  guards: string;
  /** ARNs of secrets and parameters that plans may refer to. */
  secretArns: string[];
  /** ARNs of log groups that plans may look through. */
  logGroupArns: string[];
  logRetention: RetentionDays;
  tracing: boolean;
  vpc: IVpc | undefined;
  /** Subnets of the network. */
  vpcSubnets: SubnetSelection;
}

/** The report's page is made from files of its own, which the reducer's bundle brings along. */
const PAGE_FILES: ICommandHooks = {
  beforeBundling: () => [],
  beforeInstall: () => [],
  afterBundling: (inputDir, outputDir) => [
    `mkdir -p ${outputDir}/page ${outputDir}/node_modules/uplot/dist`,
    `cp ${inputDir}/lib/render/page/page.js ${inputDir}/lib/render/page/page.css ${outputDir}/page/`,
    `cp ${inputDir}/node_modules/uplot/package.json ${outputDir}/node_modules/uplot/`,
    `cp ${inputDir}/node_modules/uplot/dist/uPlot.iife.min.js ${inputDir}/node_modules/uplot/dist/uPlot.min.css ${outputDir}/node_modules/uplot/dist/`,
  ],
};

/** A worker's heap begins with room, as in a local run: Lambda takes Node's flags through a wrapper only. */
const WORKER_WRAPPER: ICommandHooks = {
  beforeBundling: () => [],
  beforeInstall: () => [],
  afterBundling: (inputDir, outputDir) => [
    `cp ${inputDir}/functions/node-wrapper ${outputDir}/node-wrapper`,
    `chmod 755 ${outputDir}/node-wrapper`,
  ],
};

/** The Lambda functions, each with a role of its own that allows what it does and nothing else. */
export class Functions extends Construct {
  readonly byName: Record<FunctionName, NodejsFunction>;

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
          ];
    const logReads =
      props.logGroupArns.length === 0
        ? []
        : [new PolicyStatement({ actions: ["logs:FilterLogEvents"], resources: props.logGroupArns })];
    this.byName = {
      attack: this.#make("attack", props, {
        description: "Sends one worker's part of the load in one segment",
        memoryMb: props.workerMemoryMb,
        timeout: Duration.minutes(15),
        writes: ["leases", "chunks", "ticks", "summaries", "failures"],
        statements: secrets,
        environment: { AWS_LAMBDA_EXEC_WRAPPER: "/var/task/node-wrapper", VOLLEY_GUARDS: props.guards },
        hooks: WORKER_WRAPPER,
      }),
      plan: this.#make("plan", props, {
        description: "Checks the plan, fixes the start instant, writes the assignments",
        memoryMb: 1_024,
        // In fleet mode it waits for hosts that are being started.
        timeout: Duration.minutes(15),
        writes: ["plan.json", "schedule.json", "assignments.json", "lines", "parts.json", "search.json"],
        reads: ["hosts/*"],
        // It looks whether the secrets that a plan refers to are there, before anything is started.
        statements: [accountReads, ...secrets],
        environment: { VOLLEY_GUARDS: props.guards },
      }),
      watch: this.#make("watch", props, {
        description: "Looks on: circuit breaker, the gateway's metrics",
        memoryMb: 256,
        timeout: Duration.minutes(15),
        writes: ["abort.json", "observations.json", "scrapes", "logs", "watched"],
        statements: [...secrets, ...logReads],
        environment: { VOLLEY_GUARDS: props.guards },
      }),
      reduce: this.#make("reduce", props, {
        description: "Merges what the workers wrote, writes the report",
        memoryMb: 3_008,
        timeout: Duration.minutes(15),
        writes: ["report.json", "report.html", "report.txt", "histograms.json", "parts"],
        hooks: PAGE_FILES,
      }),
      next: this.#make("next", props, {
        description: "Takes a trial into its capacity search, plans the next one",
        memoryMb: 1_024,
        timeout: Duration.minutes(2),
        writes: [
          "plan.json",
          "lines",
          "schedule.json",
          "assignments.json",
          "parts.json",
          "search.json",
          "report.json",
          "report.html",
          "report.txt",
        ],
        hooks: PAGE_FILES,
      }),
    };
  }

  #make(name: FunctionName, props: FunctionsProps, shape: Shape): NodejsFunction {
    const logGroup = new LogGroup(this, `${name}Log`, {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, `${name}Role`, { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    if (props.vpc) {
      role.addManagedPolicy(ManagedPolicy.fromAwsManagedPolicyName("service-role/AWSLambdaVPCAccessExecutionRole"));
    }
    const { bucket } = props;
    role.addToPolicy(
      new PolicyStatement({
        actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
        resources: [logGroup.logGroupArn],
      }),
    );
    const reads = [bucket.arnForObjects("runs/*"), ...(shape.reads ?? []).map((key) => bucket.arnForObjects(key))];
    role.addToPolicy(new PolicyStatement({ actions: ["s3:GetObject"], resources: reads }));
    // Without this a key that is not there is "access denied", and looks like a failure.
    role.addToPolicy(new PolicyStatement({ actions: ["s3:ListBucket"], resources: [bucket.bucketArn] }));
    role.addToPolicy(
      new PolicyStatement({
        actions: ["s3:PutObject", ...(shape.writes.includes("chunks") ? ["s3:PutObjectTagging"] : [])],
        resources: shape.writes.map((key) => bucket.arnForObjects(`runs/*/${key}${key.includes(".") ? "" : "/*"}`)),
      }),
    );
    for (const statement of shape.statements ?? []) role.addToPolicy(statement);
    return bundledFunction(
      this,
      name,
      {
        description: shape.description,
        memorySize: shape.memoryMb,
        timeout: shape.timeout,
        role,
        logGroup,
        tracing: props.tracing ? Tracing.ACTIVE : Tracing.DISABLED,
        ...(props.vpc && { vpc: props.vpc, vpcSubnets: props.vpcSubnets }),
        environment: {
          VOLLEY_STORE: `s3:${bucket.bucketName}`,
          VOLLEY_LEAD_MS: String(LEAD_MS),
          ...shape.environment,
        },
      },
      shape.hooks,
    );
  }
}

/** A function whose handler is functions/<name>.ts, bundled into one file; `hooks` bring along what it reads beside it. */
export function bundledFunction(
  scope: Construct,
  name: string,
  props: Omit<NodejsFunctionProps, "bundling" | "entry" | "handler" | "runtime" | "architecture">,
  hooks?: ICommandHooks,
): NodejsFunction {
  return new NodejsFunction(scope, name, {
    ...props,
    entry: `${ROOT}functions/${name}.ts`,
    handler: "handler",
    projectRoot: ROOT,
    depsLockFilePath: `${ROOT}package-lock.json`,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    bundling: {
      format: OutputFormat.ESM,
      target: "node24",
      mainFields: ["module", "main"],
      minify: true,
      sourceMap: false,
      // Dependencies in CommonJS ask for built-in modules by require().
      banner: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);',
      bundleAwsSDK: true,
      ...(hooks && { commandHooks: hooks }),
    },
  });
}

/** How long before their first request workers are called, in ms: a cold start and a warm-up on a share of a CPU. */
const LEAD_MS = 20_000;
