import { Aspects, CfnResource, Tags } from "aws-cdk-lib";
import { ManagedPolicy, PermissionsBoundary } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import type { LoadTestProps } from "./loadTest.ts";

const WITH_PATH = new Set(["AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::IAM::InstanceProfile"]);

/** Applies what an account may require of every resource: a permissions boundary, a path of roles and policies, tags. */
export function obeyAccount(
  scope: Construct,
  { permissionsBoundaryArn, iamPath, tags = {} }: Pick<LoadTestProps, "permissionsBoundaryArn" | "iamPath" | "tags">,
): void {
  if (permissionsBoundaryArn !== undefined) {
    const boundary = ManagedPolicy.fromManagedPolicyArn(scope, "Boundary", permissionsBoundaryArn);
    PermissionsBoundary.of(scope).apply(boundary);
  }
  if (iamPath !== undefined) setPath(scope, iamPath);
  for (const [name, value] of Object.entries(tags)) Tags.of(scope).add(name, value);
}

/** Sets the path of all roles, managed policies and instance profiles within `scope`. Throws if the path is malformed. */
export function setPath(scope: Construct, path: string): void {
  if (!/^\/([!-~]+\/)*$/.test(path)) throw new Error(`iamPath is ${path}; expected a path such as /loadtest/`);
  Aspects.of(scope).add({
    visit(node) {
      if (CfnResource.isCfnResource(node) && WITH_PATH.has(node.cfnResourceType)) {
        node.addPropertyOverride("Path", path);
      }
    },
  });
}
