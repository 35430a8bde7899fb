import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { before, type TestContext, test } from "node:test";
import { Stack, Validations } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { SubnetType, Vpc } from "aws-cdk-lib/aws-ec2";
import { AwsSolutionsChecks } from "cdk-nag";
import { acknowledge } from "../../lib/cloud/acknowledged.ts";
import { LoadTest } from "../../lib/cloud/loadTest.ts";
import { VolleyStack } from "../../lib/cloud/stack.ts";
import { EMF_METRICS } from "../../lib/live/outputs/emf.ts";
import { DEFINITION_PATH } from "../../lib/local/functions.ts";
import { LocalRun } from "../../lib/local/run.ts";
import { bundleOf, FUNCTION_NAMES, type Synthesized, synthesize } from "../aws/deploy.ts";
import { temporaryFolder } from "../support/folder.ts";
import { checkedPlan } from "../support/plans.ts";
import { answeringServer, jsonResponse, RELAY } from "../support/servers.ts";
import { appOf, UNBUNDLED } from "../support/template.ts";
import { ROOT } from "../support/volley.ts";

let synthesized: Synthesized;
let template: Template;

before((t) => {
  synthesized = synthesize(temporaryFolder(t as TestContext), { allowedHosts: "gateway.example" });
  template = Template.fromJSON(synthesized.template);
});

test("the bucket is encrypted, private, reached by TLS only, and forgets what only a report needed", () => {
  template.hasResourceProperties("AWS::S3::Bucket", {
    BucketEncryption: Match.anyValue(),
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    },
    LifecycleConfiguration: {
      Rules: Match.arrayWith([
        Match.objectLike({
          ExpirationInDays: 14,
          TagFilters: [{ Key: "kind", Value: "intermediate" }],
          Status: "Enabled",
        }),
      ]),
    },
  });
  template.hasResourceProperties("AWS::S3::BucketPolicy", {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } }),
      ]),
    },
  });
});

test("every function runs Node 24 on Graviton, in its own role, and its log ends", () => {
  template.resourceCountIs("AWS::Lambda::Function", FUNCTION_NAMES.length);
  template.allResourcesProperties("AWS::Lambda::Function", {
    Runtime: "nodejs24.x",
    Architectures: ["arm64"],
    Timeout: Match.anyValue(),
  });
  template.allResourcesProperties("AWS::Logs::LogGroup", { RetentionInDays: 14 });
  const roles = Object.values(template.findResources("AWS::Lambda::Function")).map(({ Properties }) =>
    JSON.stringify(Properties.Role),
  );
  assert.equal(new Set(roles).size, FUNCTION_NAMES.length);
  template.hasResourceProperties("AWS::Lambda::Function", {
    MemorySize: 1_024,
    Timeout: 900,
    Environment: { Variables: Match.objectLike({ AWS_LAMBDA_EXEC_WRAPPER: "/var/task/node-wrapper" }) },
  });
  const limited = Match.objectLike({ NODE_OPTIONS: "--enable-source-maps --max-semi-space-size=8" });
  template.resourcePropertiesCountIs("AWS::Lambda::Function", { Environment: { Variables: limited } }, 1);
});

test("the state machine is the repository's definition, with every substitution made", () => {
  const [machine] = Object.values(template.findResources("AWS::StepFunctions::StateMachine"));
  const { DefinitionString, DefinitionSubstitutions, StateMachineType } = machine?.Properties ?? {};
  assert.equal(StateMachineType, "STANDARD");
  const text = readFileSync(DEFINITION_PATH, "utf8");
  assert.deepEqual(JSON.parse(DefinitionString.replaceAll("${partition}", "aws")), JSON.parse(text));
  const wanted = new Set([...DefinitionString.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name));
  assert.deepEqual(DefinitionSubstitutions.partition, { Ref: "AWS::Partition" });
  assert.deepEqual(new Set(Object.keys(DefinitionSubstitutions)), wanted);
});

test("asl-validator has nothing against the definition", () => {
  const validate = createRequire(import.meta.url)("asl-validator") as (definition: unknown) => {
    isValid: boolean;
    errorsText(): string;
  };
  const { isValid, errorsText } = validate(JSON.parse(readFileSync(DEFINITION_PATH, "utf8")));
  assert.ok(isValid, isValid ? "" : errorsText());
});

test("the dashboard shows the figures that workers and Reduce log under the stack's name", () => {
  const [dashboard] = Object.values(template.findResources("AWS::CloudWatch::Dashboard"));
  const body = JSON.stringify(dashboard?.Properties.DashboardBody);
  for (const name of Object.keys(EMF_METRICS)) {
    assert.ok(body.includes(JSON.stringify(`"Volley","${name}","Stack","volley"`).slice(1, -1)), name);
  }
  const named = { Environment: { Variables: Match.objectLike({ VOLLEY_METRICS_STACK: "volley" }) } };
  template.resourcePropertiesCountIs("AWS::Lambda::Function", named, 2);
});

test("no statement allows every action, or writing outside of runs/", () => {
  for (const { Properties } of Object.values(template.findResources("AWS::IAM::Policy"))) {
    for (const { Action, Resource } of Properties.PolicyDocument.Statement) {
      const actions: string[] = [Action].flat();
      assert.ok(
        actions.every((action) => !action.includes("*")),
        actions.join(),
      );
      const resources = JSON.stringify(Resource);
      if (actions.some((action) => action.startsWith("s3:Put"))) assert.match(resources, /\/runs\/(\*|doctor)\//);
      if (resources === '"*"') {
        const free = ["lambda:GetAccountSettings", "logs:", "xray:"];
        assert.ok(
          actions.every((action) => free.some((prefix) => action.startsWith(prefix))),
          actions.join(),
        );
      }
    }
  }
});

test("operators can open a run in the console, down to a worker's execution and its log, within a policy's size", () => {
  const [policy] = Object.values(template.findResources("AWS::IAM::ManagedPolicy"));
  const statements: { Action: string | string[]; Resource: unknown }[] = policy?.Properties.PolicyDocument.Statement;
  const allowed = (action: string): string =>
    JSON.stringify(statements.filter(({ Action }) => [Action].flat().includes(action)).map(({ Resource }) => Resource));
  // AWS's service authorization reference: which resource each of the console's calls is checked against.
  for (const action of ["DescribeExecution", "GetExecutionHistory", "DescribeStateMachineForExecution"]) {
    assert.match(allowed(`states:${action}`), /:execution:.*":\*"/, action);
    assert.match(allowed(`states:${action}`), /:execution:.*"\/\*"/, `${action} of a worker`);
  }
  for (const action of ["DescribeMapRun", "ListExecutions"])
    assert.match(allowed(`states:${action}`), /:mapRun:/, action);
  assert.equal(allowed("logs:GetLogEvents").match(/Log\w*","Arn"/g)?.length, 6);
  assert.match(allowed("cloudwatch:GetDashboard"), /Dashboard/);
  // IAM counts a managed policy's characters without white space; a name that the stack refers to has at most 64 here.
  const text = JSON.stringify(statements, (_, value: unknown) =>
    value !== null && typeof value === "object" && ("Ref" in value || "Fn::GetAtt" in value) ? "x".repeat(64) : value,
  ).replaceAll(/\{"Fn::Join":\["",\[|\]\]\}/g, "");
  assert.ok(text.length < 6_144, `${text.length} characters`);
});

test("the state machine may start, describe, stop and redrive the children of its Maps, in a Parallel too, and nobody else's", () => {
  const [, policy] =
    Object.entries(template.findResources("AWS::IAM::Policy")).find(([id]) => /StateMachinePolicy/.test(id)) ?? [];
  const statements: { Action: string | string[]; Resource: unknown }[] = policy?.Properties.PolicyDocument.Statement;
  const allowed = (action: string): string =>
    JSON.stringify(statements.filter(({ Action }) => [Action].flat().includes(action)).map(({ Resource }) => Resource));
  assert.match(allowed("states:StartExecution"), /^\[\{"Ref":"LoadTestStateMachine\w+"\}\]$/);
  for (const action of ["DescribeExecution", "StopExecution", "RedriveExecution"]) {
    // A child of a Map Run is execution:NAME/LABEL:ID.
    assert.match(
      allowed(`states:${action}`),
      /:execution:",\{"Fn::GetAtt":\["LoadTestStateMachine\w+","Name"\]\},"\/\*"/,
      action,
    );
  }
});

const FLEET = { fleet: "true", fleetSpot: "true" };
const SECRETS =
  "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gateway-key-??????,arn:aws:ssm:eu-west-1:123456789012:parameter/volley/*";
const KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const LOG_GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:gateway:*";

for (const context of [
  {},
  { fixedEgress: "true", tracing: "true" },
  { logGroupArns: LOG_GROUP },
  { secretArns: SECRETS },
  { secretArns: SECRETS, fleet: "true", bucketKeyArn: KEY, secretKeyArns: KEY, iamPath: "/loadtest/" },
  FLEET,
  { ...FLEET, fixedEgress: "true" },
  { standInGateway: "true", schedules: "[]", alarmTopicArn: "arn:aws:sns:eu-west-1:123456789012:alarms" },
]) {
  test(`cdk-nag's AwsSolutions has no finding without a reason ${JSON.stringify(context)}`, () => {
    const app = appOf({ allowedHosts: ["gateway.example"], "@aws-cdk/aws-iam:minimizePolicies": true, ...context });
    const stack = new VolleyStack(app, "volley");
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    acknowledge(stack);
    assert.doesNotThrow(() => app.synth());
  });
}

test("with fixed egress the workers are in a network with elastic addresses, which are told", () => {
  const app = appOf({ fixedEgress: "true" });
  const fixed = Template.fromStack(new VolleyStack(app, "volley"));
  fixed.resourceCountIs("AWS::EC2::EIP", 2);
  fixed.hasOutput("EgressAddresses", {});
  fixed.hasResourceProperties("AWS::EC2::VPCEndpoint", { VpcEndpointType: "Gateway" });
  fixed.allResourcesProperties("AWS::Lambda::Function", { VpcConfig: Match.anyValue() });
});

test("workers and hosts are in a network that was there, in the subnets that were named, and no other is made", () => {
  const stack = new Stack(appOf(), "own");
  const vpc = Vpc.fromVpcAttributes(stack, "Existing", {
    vpcId: "vpc-0123456789abcdef1",
    availabilityZones: ["a", "b"],
    isolatedSubnetIds: ["subnet-0123456789abcdef1", "subnet-0123456789abcdef2"],
    isolatedSubnetRouteTableIds: ["rtb-0123456789abcdef1", "rtb-0123456789abcdef2"],
  });
  const vpcSubnets = { subnetType: SubnetType.PRIVATE_ISOLATED };
  new LoadTest(stack, "LoadTest", { vpc, vpcSubnets, fleet: true });
  const own = Template.fromStack(stack);
  for (const type of ["VPC", "Subnet", "NatGateway", "EIP"]) own.resourceCountIs(`AWS::EC2::${type}`, 0);
  const VpcConfig = Match.objectLike({ SubnetIds: ["subnet-0123456789abcdef1", "subnet-0123456789abcdef2"] });
  own.resourcePropertiesCountIs("AWS::Lambda::Function", { VpcConfig }, FUNCTION_NAMES.length);
  // One that idled for weeks is inactive: Plan wakes the others.
  const [plan, ...more] = Object.values(own.findResources("AWS::Lambda::Function")).filter(
    ({ Properties }) => Properties.Environment?.Variables.VOLLEY_WAKES !== undefined,
  );
  const woken = ["attack", "watch", "reduce", "next"];
  assert.deepEqual(
    woken.filter((name) => !JSON.stringify(plan?.Properties.Environment.Variables.VOLLEY_WAKES).includes(name)),
    [],
  );
  assert.deepEqual(more, []);
  own.hasResourceProperties("AWS::AutoScaling::AutoScalingGroup", {
    VPCZoneIdentifier: ["subnet-0123456789abcdef1", "subnet-0123456789abcdef2"],
  });
  assert.throws(() => new LoadTest(stack, "Both", { vpc, fixedEgress: true }), /vpc and fixedEgress/);
});

test("secrets are read by Plan and the doctor alone; workers, Watch and hosts may only decrypt what Plan encrypted", () => {
  const stackOf = (context: Record<string, unknown>) => new VolleyStack(appOf(context), "volley");
  const own = Template.fromStack(stackOf({ secretArns: SECRETS, fleet: "true" }));
  const rolesWith = (action: string): string[] =>
    Object.entries(own.findResources("AWS::IAM::Policy"))
      .filter(([, { Properties }]) => JSON.stringify(Properties.PolicyDocument).includes(`"${action}"`))
      .map(([id]) => /(plan|attack|watch|reduce|next|doctor|Host)Role/.exec(id)?.[1] ?? id)
      .sort();
  assert.deepEqual(rolesWith("secretsmanager:GetSecretValue"), ["doctor", "plan"]);
  assert.deepEqual(rolesWith("ssm:GetParameter"), ["doctor", "plan"]);
  assert.deepEqual(rolesWith("kms:GenerateDataKey"), ["plan"]);
  assert.deepEqual(rolesWith("kms:Decrypt"), ["Host", "attack", "watch"]);
  own.hasResourceProperties("AWS::KMS::Key", { EnableKeyRotation: true });
  const [key] = Object.keys(own.findResources("AWS::KMS::Key"));
  own.hasResourceProperties("AWS::Lambda::Function", {
    Environment: { Variables: Match.objectLike({ VOLLEY_SEALING_KEY: { "Fn::GetAtt": [key, "Arn"] } }) },
  });
  Template.fromStack(stackOf({})).resourceCountIs("AWS::KMS::Key", 0);
});

test("a fleet's host may write whatever a worker's function may", () => {
  const app = appOf({ fleet: "true" });
  const policies = Template.fromStack(new VolleyStack(app, "volley")).findResources("AWS::IAM::Policy");
  const of = (id: string): string => JSON.stringify(Object.entries(policies).filter(([name]) => name.includes(id)));
  for (const pattern of ["leases", "chunks", "ticks", "summaries", "failures"]) {
    for (const role of ["attackRole", "HostRole"])
      assert.ok(of(role).includes(`/runs/*/${pattern}/*`), `${role}: ${pattern}`);
  }
});

test("the fleet: no host at rest, none that can be reached, IMDSv2, tuned, given back when an execution ends", () => {
  const own = { fleetMaxHosts: 12, fleetWorkersPerHost: "2", fleetInstanceType: "c7gn.large" };
  const app = appOf({ fleet: "true", ...own });
  const fleet = Template.fromStack(new VolleyStack(app, "volley"));
  fleet.hasResourceProperties("AWS::AutoScaling::AutoScalingGroup", {
    MinSize: "0",
    MaxSize: "12",
    DesiredCapacity: Match.absent(),
  });
  fleet.hasResourceProperties("AWS::EC2::SecurityGroup", { SecurityGroupIngress: Match.absent() });
  fleet.resourceCountIs("AWS::EC2::SecurityGroupIngress", 0);
  fleet.resourceCountIs("AWS::EC2::NatGateway", 0);
  const [template] = Object.values(fleet.findResources("AWS::EC2::LaunchTemplate"));
  const data = template?.Properties.LaunchTemplateData;
  assert.equal(data.InstanceType, "c7gn.large");
  assert.deepEqual(data.MetadataOptions, { HttpTokens: "required", HttpPutResponseHopLimit: 1 });
  assert.equal(data.BlockDeviceMappings[0].Ebs.Encrypted, true);
  assert.match(JSON.stringify(data.ImageId), /ImageId|al2023.*arm64|Parameter/i);
  const userData = JSON.stringify(data.UserData);
  const steps = [
    "umask 022",
    "hosts-failed/",
    "nodejs24",
    "npm ci --omit=dev",
    "chmod -R a+rX",
    "tune-system-limits.sh",
    "echo VOLLEY_WORKERS=2 >> /etc/volley/host.env",
  ];
  for (const step of [...steps, "systemctl enable --now volley-host"]) assert.ok(userData.includes(step), step);
  fleet.hasResourceProperties("AWS::Lambda::Function", {
    Environment: { Variables: Match.objectLike({ VOLLEY_FLEET_WORKERS_PER_HOST: "2" }) },
  });
  const policies = JSON.stringify(
    fleet.findResources("AWS::IAM::Policy", { Properties: { Roles: [{ Ref: Match.stringLikeRegexp("HostRole") }] } }),
  );
  for (const kind of ["leases", "chunks", "ticks", "summaries", "failures"])
    assert.ok(policies.includes(`/runs/*/${kind}/*`), `a host's worker writes ${kind}`);
  const images = Object.values(fleet.toJSON().Parameters as Record<string, { Default?: string }>);
  assert.ok(
    images.some(({ Default = "" }) => /al2023.*arm64/.test(Default)),
    "an image of the instances' own kind",
  );
  fleet.hasResourceProperties("AWS::Events::Rule", {
    EventPattern: Match.objectLike({
      detail: Match.objectLike({ status: ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"] }),
    }),
  });
  fleet.hasResourceProperties("AWS::Events::Rule", { ScheduleExpression: "rate(15 minutes)" });
  const withoutFleet = Template.fromStack(new VolleyStack(appOf(), "volley"));
  withoutFleet.resourceCountIs("AWS::AutoScaling::AutoScalingGroup", 0);
});

test("hosts that are not given back, or stay for longer than a run may last, set off an alarm", () => {
  const app = appOf({ fleet: "true", maxDurationMinutes: 90 });
  const template = Template.fromStack(new VolleyStack(app, "volley"));
  const [group] = Object.keys(template.findResources("AWS::AutoScaling::AutoScalingGroup"));
  template.hasResourceProperties("AWS::AutoScaling::AutoScalingGroup", {
    MetricsCollection: [{ Granularity: "1Minute", Metrics: ["GroupInServiceInstances"] }],
  });
  template.hasResourceProperties("AWS::CloudWatch::Alarm", {
    MetricName: "GroupInServiceInstances",
    Dimensions: [{ Name: "AutoScalingGroupName", Value: { Ref: group } }],
    Statistic: "Minimum",
    Period: 3_600,
    EvaluationPeriods: 3,
  });
  const [release] = Object.keys(template.findResources("AWS::Lambda::Function")).filter((id) => /release/i.test(id));
  template.hasResourceProperties("AWS::CloudWatch::Alarm", {
    MetricName: "Errors",
    Dimensions: [{ Name: "FunctionName", Value: { Ref: release } }],
  });
  const plain = Template.fromStack(new VolleyStack(appOf(), "volley"));
  plain.resourcePropertiesCountIs("AWS::CloudWatch::Alarm", { MetricName: "GroupInServiceInstances" }, 0);
});

test("more workers on a host than its instance type has cores are refused at synthesis", () => {
  const stackWith = (fleetWorkersPerHost: string, fleetInstanceType: string) =>
    new VolleyStack(appOf({ fleet: "true", fleetWorkersPerHost, fleetInstanceType }), "volley");
  assert.throws(
    () => stackWith("3", "c7g.large"),
    /fleetWorkersPerHost is 3, but a c7g\.large has 2 cores, and each worker needs one: choose a larger/,
  );
  assert.throws(() => stackWith("1.5", "c7g.large"), /whole number of workers/);
  stackWith("2", "c7g.large");
  stackWith("64", "c7g.16xlarge");
  stackWith("64", "c7g.metal");
});

test("hosts on Spot instances ask for their interruption notice; others ask nobody", () => {
  for (const fleetSpot of ["true", "false"]) {
    const app = appOf({ fleet: "true", fleetSpot });
    const template = Template.fromStack(new VolleyStack(app, "volley"));
    const userData = JSON.stringify(template.findResources("AWS::EC2::LaunchTemplate"));
    const asks = userData.includes("echo VOLLEY_METADATA=http://169.254.169.254 >> /etc/volley/host.env");
    assert.equal(asks, fleetSpot === "true");
  }
});

test("a deployment's limits reach all who hold plans against them, and a wrong one is refused at synthesis", () => {
  const app = appOf({
    allowedHosts: "a.example,*.b.example",
    observeHosts: "metrics.example",
    fleet: "true",
    maxRps: "1234",
    maxDurationMinutes: 90,
  });
  const own = Template.fromStack(new VolleyStack(app, "volley"));
  const functions = Object.values(own.findResources("AWS::Lambda::Function"));
  const held = functions.flatMap(({ Properties }) => Properties.Environment?.Variables.VOLLEY_GUARDS ?? []);
  // Plan checks; the workers, Watch and the doctor open connections, and so do the fleet's hosts.
  assert.equal(held.length, 4);
  assert.equal(new Set(held).size, 1);
  const { allowedHosts, observeHosts, maxRps, maxDurationMs } = JSON.parse(held[0]);
  assert.deepEqual(
    { allowedHosts, observeHosts, maxRps, maxDurationMs },
    {
      allowedHosts: ["a.example", "*.b.example"],
      observeHosts: ["metrics.example"],
      maxRps: 1234,
      maxDurationMs: 5_400_000,
    },
  );
  const launched = JSON.stringify(own.findResources("AWS::EC2::LaunchTemplate"));
  assert.ok(launched.includes(JSON.stringify(held[0]).slice(1, -1)), "the fleet's hosts hold them too");
  assert.throws(
    () => new VolleyStack(appOf({ allowedHosts: "http://a.example/" }), "volley"),
    /no host, address or block: http:\/\/a\.example\//,
  );
  assert.throws(() => new VolleyStack(appOf({ maxRps: "many" }), "volley"), /maxRps is "many"; expected a number/);
});

test("schedules start the state machine with their plans, and what has ended is compared by one function", () => {
  const target = {
    url: "https://gateway.example/",
    body: { jsonrpc: "2.0", method: "eth_chainId", params: [], id: 1 },
  };
  const plan = { name: "nightly", chains: [{ name: "ethereum", rps: 10, targets: [target] }], duration: "1m" };
  const nightly = {
    name: "nightly",
    expression: "cron(0 2 * * ? *)",
    timezone: "Europe/Berlin",
    plan,
    baseline: "good",
  };
  const stackOf = (schedule: object) =>
    new VolleyStack(appOf({ allowedHosts: "gateway.example", schedules: JSON.stringify([schedule]) }), "volley");
  const own = Template.fromStack(stackOf(nightly));
  own.hasResourceProperties("AWS::Scheduler::Schedule", {
    ScheduleExpression: "cron(0 2 * * ? *)",
    ScheduleExpressionTimezone: "Europe/Berlin",
    FlexibleTimeWindow: { Mode: "OFF" },
    // A start that is made again would send the load twice.
    Target: Match.objectLike({ RetryPolicy: { MaximumRetryAttempts: 0 } }),
  });
  own.resourceCountIs("AWS::Events::Rule", 1);
  // Nothing follows a start that failed, so that an alarm has to.
  const [group = ""] = Object.keys(own.findResources("AWS::Scheduler::ScheduleGroup"));
  const [{ Properties: schedule } = { Properties: {} }] = Object.values(own.findResources("AWS::Scheduler::Schedule"));
  own.hasResourceProperties("AWS::CloudWatch::Alarm", {
    MetricName: "InvocationDroppedCount",
    Namespace: "AWS/Scheduler",
    Dimensions: [{ Name: "ScheduleGroup", Value: schedule.GroupName }],
    Threshold: 1,
  });
  const named = own.findResources("AWS::Scheduler::ScheduleGroup")[group]?.Properties.Name;
  assert.ok(schedule.GroupName === named || schedule.GroupName.Ref === group, JSON.stringify(schedule.GroupName));
  assert.throws(() => stackOf({ ...nightly, expression: "every night" }), /schedules\.nightly: every night is no rate/);
  assert.throws(
    () => stackOf({ ...nightly, plan: { ...plan, duration: "soon" } }),
    /schedules\.nightly\.plan[\s\S]*duration/,
  );
  assert.throws(() => stackOf({ name: "x" }), /expected a list of schedules/);
});

test("what the context says wrong is told at once, a name that nobody knows too", () => {
  const context = { allowedHost: "a.example", maxUsdPerRun: 0, fleet: "yes", "@aws-cdk/x:y": true };
  assert.throws(
    () => new VolleyStack(appOf(context), "volley"),
    /allowedHost is no setting; there are allowedHosts.*fleet is "yes"; expected true or false.*maxUsdPerRun is 0/s,
  );
});

test("the app's command finds Node 24 although the PATH has an older one, as under a global cdk", (t) => {
  const older = temporaryFolder(t);
  writeFileSync(`${older}/node`, "#!/bin/sh\necho an old node >&2\nexit 9\n", { mode: 0o755 });
  const { app } = JSON.parse(readFileSync(`${ROOT}cdk.json`, "utf8")) as { app: string };
  const out = temporaryFolder(t);
  execFileSync("sh", ["-c", app], {
    cwd: ROOT,
    stdio: "pipe",
    env: {
      ...process.env,
      PATH: `${older}:${process.env.PATH}`,
      CDK_OUTDIR: out,
      CDK_CONTEXT_JSON: JSON.stringify(UNBUNDLED),
      CDK_VALIDATION: "false",
    },
  });
  assert.ok(existsSync(`${out}/volley.template.json`));
});

test("alarms go to a topic, every role has the boundary, and no ARN names a partition", () => {
  const alarmTopicArn = "arn:aws-cn:sns:cn-north-1:123456789012:oncall";
  const permissionsBoundaryArn = "arn:aws-cn:iam::123456789012:policy/boundary";
  const context = { alarmTopicArn, permissionsBoundaryArn, fleet: "true", fixedEgress: "true" };
  const own = Template.fromStack(new VolleyStack(appOf(context), "volley"));
  own.allResourcesProperties("AWS::CloudWatch::Alarm", { AlarmActions: [alarmTopicArn] });
  own.allResourcesProperties("AWS::IAM::Role", { PermissionsBoundary: permissionsBoundaryArn });
  const { Resources } = own.toJSON() as { Resources: Record<string, object> };
  for (const [id, resource] of Object.entries(Resources)) {
    assert.doesNotMatch(JSON.stringify(resource), /arn:aws:/, id);
  }
});

test("an error of a function names the line of its source", () => {
  const { Environment } = Object.values(template.findResources("AWS::Lambda::Function"))[0]?.Properties ?? {};
  const script = `const { handler } = await import(${JSON.stringify(`${bundleOf(synthesized, "plan")}/index.mjs`)});
    await handler({ runId: "r", input: {} }).catch(({ stack }) => console.log(stack));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    encoding: "utf8",
    env: { NODE_OPTIONS: Environment.Variables.NODE_OPTIONS },
  });
  const [, line] = /\/functions\/ports\/environment\.ts:(\d+):/.exec(stdout) ?? assert.fail(stdout + stderr);
  const source = readFileSync(`${ROOT}functions/ports/environment.ts`, "utf8").split("\n")[Number(line) - 1];
  assert.match(source ?? "", /throw/);
});

test("the bundles are small, and run a plan in the place of their sources", async (t) => {
  const functions = Object.fromEntries(
    FUNCTION_NAMES.map((name) => [name, `${bundleOf(synthesized, name)}/index.mjs`]),
  );
  for (const path of Object.values(functions))
    assert.ok(statSync(path).size < 3 * 2 ** 20, `${path} is ${statSync(path).size} bytes`);
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const plan = checkedPlan(server.origin, { duration: "1s" });
  const run = new LocalRun({ plan, runId: "bundled", folder: temporaryFolder(t), functions });
  const { execution, report } = await run.run();
  assert.equal(execution.status, "SUCCEEDED", JSON.stringify(execution));
  assert.equal(report?.total.ledger.valid, 100);
  assert.match((await run.store.get("runs/bundled/report.html")) ?? "", /uPlot/);
});
