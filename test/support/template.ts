import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { VolleyStack } from "../../lib/cloud/stack.ts";

/** Context in which functions are not bundled: for templates, which name no code. */
export const UNBUNDLED = { "aws:cdk:bundling-stacks": [] };

/** The template of a deployment with values of the CDK's context. */
export function templateOf(context: Record<string, unknown>): Template {
  return Template.fromStack(new VolleyStack(new App({ context: { ...UNBUNDLED, ...context } }), "volley"));
}

/** A stack for constructs whose settings the context cannot have, such as a network. */
export function emptyStack(): Stack {
  return new Stack(new App({ context: UNBUNDLED }), "own");
}
