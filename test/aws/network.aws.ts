import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackResourcesCommand,
} from "@aws-sdk/client-cloudformation";
import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { App, Stack } from "aws-cdk-lib";
import { SubnetType, Vpc } from "aws-cdk-lib/aws-ec2";
import { LoadTest } from "../../lib/cloud/loadTest.ts";
import { temporaryFolder } from "../support/folder.ts";
import { deploy, FUNCTION_NAMES } from "./deploy.ts";
import { startStandIn } from "./standIn.ts";

/** Creates a network with two private subnets, as an account has one, and returns their ids. */
async function existingNetwork(): Promise<{ vpcId: string; subnets: string[] }> {
  const subnet = (zone: string, CidrBlock: string) => ({
    Type: "AWS::EC2::Subnet",
    Properties: { VpcId: { Ref: "Network" }, AvailabilityZone: zone, CidrBlock },
  });
  const Resources = {
    Network: { Type: "AWS::EC2::VPC", Properties: { CidrBlock: "10.1.0.0/16" } },
    A: subnet("us-east-1a", "10.1.1.0/24"),
    B: subnet("us-east-1b", "10.1.2.0/24"),
  };
  const client = new CloudFormationClient({ maxAttempts: 1 });
  await client.send(new CreateStackCommand({ StackName: "network", TemplateBody: JSON.stringify({ Resources }) }));
  const { StackResources = [] } = await client.send(new DescribeStackResourcesCommand({ StackName: "network" }));
  const ids = new Map(StackResources.map((each) => [each.LogicalResourceId, each.PhysicalResourceId ?? ""]));
  return { vpcId: ids.get("Network") ?? "", subnets: [ids.get("A") ?? "", ids.get("B") ?? ""] };
}

test("a deployment in a network that was there is put up, its functions in the subnets that were named", {
  timeout: 240_000,
}, async (t) => {
  const aws = await startStandIn(t);
  if (!aws) return;
  const { vpcId, subnets } = await existingNetwork();
  const folder = temporaryFolder(t);
  const app = new App({ outdir: folder });
  const stack = new Stack(app, "volley");
  const availabilityZones = ["us-east-1a", "us-east-1b"];
  const vpc = Vpc.fromVpcAttributes(stack, "Existing", { vpcId, availabilityZones, isolatedSubnetIds: subnets });
  new LoadTest(stack, "LoadTest", { vpc, vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED } });
  const { template } = app.synth().getStackByName("volley");
  const deployed = await deploy({ folder, template });
  const lambda = new LambdaClient({});
  for (const name of FUNCTION_NAMES) {
    const FunctionName = deployed.functions[name];
    const { VpcConfig } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    assert.deepEqual(VpcConfig?.SubnetIds, subnets, name);
  }
  // Functions in a network become inactive: Plan wakes the others by their names in the account.
  const { Environment } = await lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName: deployed.functions.plan }),
  );
  const others = ["attack", "watch", "reduce", "next"].map((name) => deployed.functions[name]);
  assert.deepEqual(Environment?.Variables?.VOLLEY_WAKES?.split(","), others);
});
