import assert from "node:assert/strict";
import { test } from "node:test";
import { type App, Validations } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { AwsSolutionsChecks } from "cdk-nag";
import { acknowledge, acknowledgeRegion } from "../../lib/cloud/acknowledged.ts";
import { RegionStack } from "../../lib/cloud/regionStack.ts";
import { VolleyStack } from "../../lib/cloud/stack.ts";
import type { Guards } from "../../lib/plan/guards.ts";
import { appOf } from "../support/template.ts";

const ACCOUNT = "123456789012";
const SECRETS = `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:gateway-key-??????`;

interface Deployment {
  app: App;
  home: VolleyStack;
  other: RegionStack;
}

/** A deployment in us-east-1 with workers in eu-west-1 too. */
function deployment(context: Record<string, unknown> = {}): Deployment {
  const app = appOf({ regions: "eu-west-1", allowedHosts: "gateway.example", ...context });
  const stack = new VolleyStack(app, "volley", { env: { account: ACCOUNT, region: "us-east-1" } });
  const { home } = stack.loadTest;
  assert.ok(home);
  const env = { account: ACCOUNT, region: "eu-west-1" };
  const other = new RegionStack(app, "volley-eu-west-1", { home, settings: stack.settings, env });
  return { app, home: stack, other };
}

/** The statements of a role's policy, by a part of its logical id. */
function statementsOf(template: Template, role: string): Record<string, unknown>[] {
  const policies = Object.entries(template.findResources("AWS::IAM::Policy"));
  return policies
    .filter(([id]) => id.includes(role))
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement as Record<string, unknown>[]);
}

function environmentOf(template: Template, variable: string): Record<string, string> {
  const [found] = Object.values(template.findResources("AWS::Lambda::Function"))
    .map(({ Properties }) => Properties.Environment?.Variables as Record<string, string>)
    .filter((variables) => variables?.[variable] !== undefined);
  assert.ok(found, variable);
  return found;
}

test("a function in the home calls the workers of the other regions, each by its name, and may do nothing else", () => {
  const template = Template.fromStack(deployment().home);
  assert.equal(environmentOf(template, "VOLLEY_REGION_WORKER").VOLLEY_REGION_WORKER, "volley-worker");
  const actions = statementsOf(template, "otherRegionRole").map(({ Action }) => Action);
  assert.deepEqual(actions, [["logs:CreateLogStream", "logs:PutLogEvents"], "lambda:InvokeFunction"]);
  const { Resource } = statementsOf(template, "otherRegionRole")[1] ?? {};
  assert.match(JSON.stringify(Resource), new RegExp(`:lambda:eu-west-1:${ACCOUNT}:function:volley-worker"`));
  const [machine] = Object.values(template.findResources("AWS::StepFunctions::StateMachine"));
  const called = JSON.stringify(machine?.Properties.DefinitionSubstitutions.otherRegion);
  assert.match(called, /otherRegion/);
  template.hasResourceProperties("AWS::S3::Bucket", { BucketName: `volley-runs-${ACCOUNT}-us-east-1` });
  const guards = JSON.parse(environmentOf(template, "VOLLEY_GUARDS").VOLLEY_GUARDS ?? "") as Guards;
  assert.deepEqual(guards.regions, { home: "us-east-1", others: ["eu-west-1"] });
});

test("another region has one function, which reads and writes the home's bucket as a worker of the home does", () => {
  const { home, other } = deployment();
  const template = Template.fromStack(other);
  template.resourceCountIs("AWS::Lambda::Function", 1);
  template.resourceCountIs("AWS::StepFunctions::StateMachine", 0);
  template.resourceCountIs("AWS::S3::Bucket", 0);
  template.hasResourceProperties("AWS::Lambda::Function", {
    FunctionName: "volley-worker",
    Runtime: "nodejs24.x",
    Architectures: ["arm64"],
    MemorySize: 1_024,
    Timeout: 900,
    Environment: {
      Variables: Match.objectLike({
        VOLLEY_STORE: `s3:volley-runs-${ACCOUNT}-us-east-1`,
        VOLLEY_HOME_REGION: "us-east-1",
      }),
    },
  });
  assert.deepEqual(
    environmentOf(template, "VOLLEY_GUARDS").VOLLEY_GUARDS,
    environmentOf(Template.fromStack(home), "VOLLEY_GUARDS").VOLLEY_GUARDS,
  );
  const shared = ["AWS_LAMBDA_EXEC_WRAPPER", "NODE_OPTIONS", "VOLLEY_LEAD_MS", "VOLLEY_LEAD_PER_WORKER_MS"];
  const sharedOf = (of: Template): (string | undefined)[] =>
    shared.map((name) => environmentOf(of, "AWS_LAMBDA_EXEC_WRAPPER")[name]);
  assert.deepEqual(sharedOf(template), sharedOf(Template.fromStack(home)));
  assert.ok(sharedOf(template).every((value) => value !== undefined));
  const written = (of: Template): string[] =>
    statementsOf(of, "attackRole")
      .filter(({ Action }) => [Action].flat().includes("s3:PutObject"))
      .flatMap(({ Resource }) =>
        [Resource].flat().map((each) => JSON.stringify(each).replace(/.*(runs\/.*?)".*/, "$1")),
      );
  assert.deepEqual(written(template), written(Template.fromStack(home)));
  assert.ok(written(template).length > 0);
});

test("secrets of a run are decrypted in another region by the home's key alone, and read by no one there", () => {
  const { home, other } = deployment({ secretArns: SECRETS });
  Template.fromStack(home).hasResourceProperties("AWS::KMS::Alias", { AliasName: "alias/volley-secrets" });
  const template = Template.fromStack(other);
  const [statement, ...more] = statementsOf(template, "attackRole").filter(({ Action }) => Action === "kms:Decrypt");
  assert.deepEqual(more, []);
  assert.match(JSON.stringify(statement?.Resource), new RegExp(`:kms:us-east-1:${ACCOUNT}:key/\\*"`));
  assert.deepEqual(statement?.Condition, {
    "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/volley-secrets" },
  });
  assert.doesNotMatch(JSON.stringify(template.toJSON()), /secretsmanager|ssm:/);
});

test("a worker elsewhere may use the key of the home's bucket, and the doctor may look at it", () => {
  const bucketKeyArn = `arn:aws:kms:us-east-1:${ACCOUNT}:key/12345678-1234-1234-1234-123456789012`;
  const { home, other } = deployment({ bucketKeyArn });
  const usesKey = statementsOf(Template.fromStack(other), "attackRole").filter(
    ({ Resource }) => Resource === bucketKeyArn,
  );
  assert.deepEqual(
    usesKey.map(({ Action }) => Action),
    [["kms:Decrypt", "kms:GenerateDataKey"]],
  );
  const looks = statementsOf(Template.fromStack(home), "doctorRole").filter(
    ({ Action }) => Action === "lambda:GetFunctionConfiguration",
  );
  assert.match(JSON.stringify(looks), new RegExp(`:lambda:eu-west-1:${ACCOUNT}:function:volley-worker"`));
  const [, doctor] = Object.entries(Template.fromStack(home).findResources("AWS::Lambda::Function")).find(([id]) =>
    id.includes("doctor"),
  ) ?? ["", undefined];
  assert.equal(doctor?.Properties.Environment.Variables.VOLLEY_REGION_WORKER, "volley-worker");
});

for (const context of [{}, { secretArns: SECRETS, tracing: "true" }]) {
  test(`cdk-nag finds nothing in either region that is not acknowledged, with ${JSON.stringify(context)}`, () => {
    const { app, home, other } = deployment(context);
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    acknowledge(home);
    assert.ok(home.loadTest.home);
    acknowledgeRegion(other, home.loadTest.home);
    assert.doesNotThrow(() => app.synth());
  });
}

test("settings that cannot go with other regions are errors", () => {
  const own = { account: ACCOUNT, region: "us-east-1" };
  const make = (context: Record<string, unknown>, id = "volley", env: object = own) =>
    new VolleyStack(appOf(context), id, { env });
  assert.throws(() => make({ regions: "us-east-1" }), /regions has us-east-1, which is the stack's own region/);
  assert.throws(
    () => make({ regions: "eu-west-1", fixedEgress: "true" }),
    /cannot be combined with vpc or fixedEgress/,
  );
  assert.throws(() => make({ regions: "eu-west-1" }, "volley", {}), /needs a stack with an account and a region/);
  assert.throws(() => make({ regions: "eu-west-1" }, "v".repeat(40)), /is longer than 63/);
});
