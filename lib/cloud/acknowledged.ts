import { type CfnElement, Token, Validations } from "aws-cdk-lib";
import { WRITES } from "../store/writes.ts";
import type { Home } from "./home.ts";
import type { RegionStack } from "./regionStack.ts";
import type { VolleyStack } from "./stack.ts";

/** Key patterns that a role reads or writes. */
const PATTERNS = ["runs/*", "tasks/*", ...new Set(Object.values(WRITES).flat())];

/** Acknowledges findings of cdk-nag's AwsSolutions that are intended, one by one, each with its reason. */
export function acknowledge(stack: VolleyStack): void {
  const idOf = (resource: { node: { defaultChild?: unknown } }): string =>
    stack.getLogicalId(resource.node.defaultChild as CfnElement);
  const bucket = idOf(stack.loadTest.bucket);
  const machine = idOf(stack.loadTest.stateMachine);
  const place = placeOf(stack);
  const findings: [id: string, reason: string][] = [
    [
      "AwsSolutions-S1",
      "Results of load tests, for their operators; data events in CloudTrail tell who read them where an account wants that",
    ],
    ["AwsSolutions-SF2", "X-Ray is an option (tracing): it costs by the trace"],
    [
      "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole]",
      "AWSLambdaVPCAccessExecutionRole is what a function in a VPC needs for its interfaces; only with fixedEgress",
    ],
    ["AwsSolutions-VPC7", "The network's only traffic is the load: flow logs would record each of its connections"],
    [
      "AwsSolutions-IAM5[Resource::*]",
      "lambda:GetAccountSettings, cloudwatch:GetMetricData, X-Ray and the state machine's log delivery have no narrower resource",
    ],
    [
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:${place}:execution:<${machine}.Name>:*]`,
      "Executions are named when they are started: those of this state machine",
    ],
    [
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:${place}:execution:<${machine}.Name>/*]`,
      "Child executions of the Map are named when they are started: those of this state machine",
    ],
    [
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:${place}:mapRun:<${machine}.Name>/*]`,
      "Map Runs get their ids when they are started: those of this state machine",
    ],
    [`AwsSolutions-IAM5[Resource::<${bucket}.Arn>/baselines/*]`, "Baselines have the names that operators give them"],
    ...fleetFindings(stack),
    ...stack.loadTest.logGroupArns.map((arn): [string, string] => [
      `AwsSolutions-IAM5[Resource::${arn}]`,
      "A log group's ARN ends in a wildcard for its streams",
    ]),
    ...stack.loadTest.secretArns
      .filter((arn) => arn.includes("*"))
      .map((arn): [string, string] => [
        `AwsSolutions-IAM5[Resource::${arn}]`,
        "The deployment names these secrets by a pattern, because Secrets Manager adds random letters to an ARN",
      ]),
    ...PATTERNS.map((pattern): [string, string] => [
      `AwsSolutions-IAM5[Resource::<${bucket}.Arn>/${pattern}]`,
      "Runs and hosts are named when they are started: a role reads them, and writes few kinds of keys for each",
    ]),
  ];
  Validations.of(stack).acknowledge(...findings.map(([id, reason]) => ({ id, reason })));
}

/** A stack's region and account, as cdk-nag names them in a finding. */
function placeOf({ region, account }: VolleyStack): string {
  return Token.isUnresolved(region) ? "<AWS::Region>:<AWS::AccountId>" : `${region}:${account}`;
}

/** Acknowledges the intended findings in the stack of another region. */
export function acknowledgeRegion(stack: RegionStack, home: Home): void {
  const findings: [id: string, reason: string][] = [
    ["AwsSolutions-IAM5[Resource::*]", "X-Ray has no narrower resource"],
    [
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:kms:${home.region}:${home.account}:key/*]`,
      "The key of a run's secrets is in another region: it is named by its alias, in a condition",
    ],
    ...PATTERNS.map((pattern): [string, string] => [
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::${home.bucket}/${pattern}]`,
      "Runs are named when they are started: a worker reads them, and writes few kinds of keys for each",
    ]),
  ];
  Validations.of(stack).acknowledge(...findings.map(([id, reason]) => ({ id, reason })));
}

/** Findings about the fleet, if the deployment has one. */
function fleetFindings(stack: VolleyStack): [id: string, reason: string][] {
  const { fleet } = stack.loadTest;
  if (!fleet) return [];
  const group = stack.getLogicalId(fleet.group.node.defaultChild as CfnElement);
  return [
    [
      "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonSSMManagedInstanceCore]",
      "What the Systems Manager's agent needs: hosts are reached through it, and by no open port",
    ],
    [
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:autoscaling:${placeOf(stack)}:autoScalingGroup:*:autoScalingGroupName/<${group}>]`,
      "A group's ARN has an id that is not known before it is made; its name is this group's",
    ],
    ["AwsSolutions-AS3", "A run waits for its hosts and says how many came; nobody needs a notification of each"],
  ];
}
