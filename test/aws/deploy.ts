import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { TestContext } from "node:test";
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
} from "@aws-sdk/client-cloudformation";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateStateMachineCommand, SFNClient } from "@aws-sdk/client-sfn";
import { temporaryFolder } from "../support/folder.ts";
import { ROOT } from "../support/volley.ts";
import { type AwsStandIn, startStandIn } from "./standIn.ts";

/** A stack as the CDK synthesized it. */
export interface Synthesized {
  folder: string;
  template: {
    Resources: Record<string, { Type: string; Properties: Record<string, unknown>; Metadata?: Record<string, string> }>;
  };
}

/** Synthesizes the app into a folder, with context values. No account is asked for anything. */
export function synthesize(folder: string, context: Record<string, string> = {}): Synthesized {
  const values = Object.entries(context).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  // Without credentials the CDK asks nobody who it is: the stand-in could not answer while this waits.
  const plain = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("AWS_")));
  execFileSync(`${ROOT}node_modules/.bin/cdk`, ["synth", "--quiet", "--output", folder, ...values], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "pipe"],
    timeout: 300_000,
    env: { ...plain, PATH: `${ROOT}node_modules/.bin:${process.env.PATH}`, CI: "1" },
  });
  return { folder, template: JSON.parse(readFileSync(`${folder}/volley.template.json`, "utf8")) };
}

/** Where a function's bundle lies, by the last part of its construct's path. */
export function bundleOf({ folder, template }: Synthesized, name: string): string {
  const found = Object.values(template.Resources).find(
    ({ Type, Metadata }) =>
      Type === "AWS::Lambda::Function" && Metadata?.["aws:cdk:path"]?.endsWith(`/${name}/Resource`),
  );
  const path = found?.Metadata?.["aws:asset:path"];
  if (path === undefined) throw new Error(`no function ${name} in the template`);
  return path.startsWith("/") ? path : `${folder}/${path}`;
}

/** Where all functions' bundles lie. */
function bundles({ folder, template }: Synthesized): string[] {
  return Object.values(template.Resources).flatMap(({ Type, Metadata }) => {
    const path = Type === "AWS::Lambda::Function" ? Metadata?.["aws:asset:path"] : undefined;
    return path === undefined ? [] : [path.startsWith("/") ? path : `${folder}/${path}`];
  });
}

/** What a deployed stack is made of. */
export interface Deployed {
  bucket: string;
  stateMachineArn: string;
  /** The ARN that the stack's outputs have: nothing executes there. */
  declaredStateMachineArn: string;
  /** The workers' log group. */
  workerLog: string;
  /** The functions' names in the account, by those in functions/. */
  functions: Record<string, string>;
  /** The functions' roles' names. */
  roles: Record<string, string>;
  /** Whatever else the template has: the name that a resource has in the account, by a part of its logical id. */
  nameOf(type: string, part: string): string;
}

export const FUNCTION_NAMES = ["plan", "attack", "watch", "reduce", "next", "doctor"] as const;

/**
 * Starts the stand-in with the stack deployed, its functions run by their bundles. Skips the test where moto is not
 * installed.
 */
export async function startDeployed(
  t: TestContext,
  context: Record<string, string> = {},
): Promise<{ aws: AwsStandIn; deployed: Deployed; synthesized: Synthesized } | undefined> {
  const aws = await startStandIn(t);
  if (!aws) return undefined;
  const synthesized = synthesize(temporaryFolder(t), context);
  const deployed = await deploy(synthesized);
  aws.logGroups.set(deployed.functions.attack ?? "", deployed.workerLog);
  aws.rewrites.set(deployed.declaredStateMachineArn, deployed.stateMachineArn);
  for (const name of FUNCTION_NAMES) aws.bundles.set(deployed.functions[name] ?? "", bundleOf(synthesized, name));
  return { aws, deployed, synthesized };
}

/** Deploys a synthesized stack as `cdk deploy` would: assets to their bucket, then the template. */
export async function deploy(synthesized: Synthesized, account = "123456789012"): Promise<Deployed> {
  const { template } = synthesized;
  const s3 = new S3Client({});
  const assets = `cdk-hnb659fds-assets-${account}-us-east-1`;
  await s3.send(new CreateBucketCommand({ Bucket: assets }));
  for (const bundle of bundles(synthesized)) {
    const zip = `${bundle}.zip`;
    execFileSync("python3", ["-m", "zipfile", "-c", zip, `${bundle}/.`]);
    const key = `${basename(bundle).replace(/^asset\./, "")}.zip`;
    await s3.send(new PutObjectCommand({ Bucket: assets, Key: key, Body: readFileSync(zip) }));
  }
  // A second try would find the stack that the first one left.
  const cloudFormation = new CloudFormationClient({ maxAttempts: 1 });
  // The bootstrap's version is checked by a parameter of the account's, which a stand-in does not have.
  const { Parameters: _, Rules: __, ...plain } = template as Record<string, unknown>;
  const Resources = Object.fromEntries(Object.entries(template.Resources).map(([id, it]) => [id, withPlainKey(it)]));
  const TemplateBody = JSON.stringify({ ...plain, Resources });
  await cloudFormation.send(
    new CreateStackCommand({ StackName: "volley", TemplateBody, Capabilities: ["CAPABILITY_NAMED_IAM"] }),
  );
  const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName: "volley" }));
  if (Stacks?.[0]?.StackStatus !== "CREATE_COMPLETE") throw new Error(`the stack is ${Stacks?.[0]?.StackStatus}`);
  const { StackResources = [] } = await cloudFormation.send(new DescribeStackResourcesCommand({ StackName: "volley" }));
  const physical = new Map(
    StackResources.map(({ LogicalResourceId, PhysicalResourceId }) => [LogicalResourceId, PhysicalResourceId]),
  );
  const idOf = (type: string, part: string): string => {
    const [id] = Object.entries(template.Resources).find(
      ([logical, { Type }]) => Type === type && logical.includes(part),
    ) ?? [""];
    return physical.get(id) ?? "";
  };
  const functions = Object.fromEntries(
    FUNCTION_NAMES.map((name) => [name, idOf("AWS::Lambda::Function", `Functions${name}`)]),
  );
  const roles = Object.fromEntries(
    FUNCTION_NAMES.map((name) => [name, idOf("AWS::IAM::Role", `Functions${name}Role`)]),
  );
  const bucket = idOf("AWS::S3::Bucket", "Runs");
  const stateMachineArn = await recreate(functions, bucket, account);
  const declaredStateMachineArn = idOf("AWS::StepFunctions::StateMachine", "StateMachine");
  const workerLog = idOf("AWS::Logs::LogGroup", "FunctionsattackLog");
  return { bucket, stateMachineArn, declaredStateMachineArn, workerLog, functions, roles, nameOf: idOf };
}

/** A KMS key without its tags and its policy, which moto 5.2.1 cannot read from a template; it makes the default policy. */
function withPlainKey<T extends { Type: string; Properties: Record<string, unknown> }>(resource: T): T {
  if (resource.Type !== "AWS::KMS::Key") return resource;
  const { Tags: _, ...Properties } = resource.Properties;
  return { ...resource, Properties: { ...Properties, KeyPolicy: "" } };
}

/**
 * Creates the state machine again: the stand-in's CloudFormation puts it where nothing executes. From the same file, with
 * the substitutions that the template makes.
 */
async function recreate(functions: Record<string, string>, bucket: string, account: string): Promise<string> {
  const definition = readFileSync(`${ROOT}statemachines/volley.asl.json`, "utf8").replace(
    /\$\{(\w+)\}/g,
    (_, name: string) =>
      name === "bucket" ? bucket : `arn:aws:lambda:us-east-1:${account}:function:${functions[name]}`,
  );
  const { stateMachineArn } = await new SFNClient({}).send(
    new CreateStateMachineCommand({ name: "volley-run", definition, roleArn: `arn:aws:iam::${account}:role/volley` }),
  );
  return stateMachineArn ?? "";
}
