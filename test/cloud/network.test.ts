import assert from "node:assert/strict";
import { test } from "node:test";
import { Match, Template } from "aws-cdk-lib/assertions";
import { Vpc } from "aws-cdk-lib/aws-ec2";
import { LoadTest } from "../../lib/cloud/loadTest.ts";
import { emptyStack, templateOf } from "../support/template.ts";

test("the load leaves from your own elastic addresses if you name their allocations, and no address is made", () => {
  const own = templateOf({ fixedEgress: "true", egressAllocationIds: "eipalloc-1,eipalloc-2" });
  own.resourceCountIs("AWS::EC2::EIP", 0);
  own.resourceCountIs("AWS::EC2::NatGateway", 2);
  for (const AllocationId of ["eipalloc-1", "eipalloc-2"]) {
    own.hasResourceProperties("AWS::EC2::NatGateway", { AllocationId });
  }
  own.hasOutput("EgressAddresses", { Value: "eipalloc-1, eipalloc-2" });
  templateOf({ fixedEgress: "true", egressAllocationIds: "eipalloc-1" }).resourceCountIs("AWS::EC2::NatGateway", 1);
});

test("addresses without fixed egress, too many of them, and IPv6 without a network are refused", () => {
  assert.throws(() => templateOf({ egressAllocationIds: "eipalloc-1" }), /egressAllocationIds needs fixedEgress/);
  assert.throws(
    () => templateOf({ fixedEgress: "true", egressAllocationIds: "a,b,c" }),
    /3 entries; expected at most 2/,
  );
  assert.throws(() => new LoadTest(emptyStack(), "LoadTest", { ipv6: true }), /ipv6 needs vpc/);
});

test("in a dual-stack network every function has IPv6 and uses AWS's dual-stack endpoints", () => {
  const stack = emptyStack();
  const vpc = Vpc.fromVpcAttributes(stack, "Existing", {
    vpcId: "vpc-0123456789abcdef1",
    availabilityZones: ["a"],
    privateSubnetIds: ["subnet-0123456789abcdef1"],
    privateSubnetRouteTableIds: ["rtb-0123456789abcdef1"],
  });
  new LoadTest(stack, "LoadTest", { vpc, ipv6: true });
  Template.fromStack(stack).allResourcesProperties("AWS::Lambda::Function", {
    VpcConfig: Match.objectLike({ Ipv6AllowedForDualStack: true }),
    Environment: { Variables: Match.objectLike({ AWS_USE_DUALSTACK_ENDPOINT: "true" }) },
  });
});
