import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { VolleyStack } from "../../lib/cloud/stack.ts";

/** Context in which functions are not bundled: for templates, which name no code. */
export const UNBUNDLED = { "aws:cdk:bundling-stacks": [] };

/**
 * An app with values of the CDK's context, whose functions are not bundled. Without the CDK's validation, which takes
 * ten times as long as the synthesis and only warns: the test that runs `cdk synth` has it.
 */
export function appOf(context: Record<string, unknown> = {}): App {
  return new App({ context: { ...UNBUNDLED, ...context }, builtinCloudFormationValidation: false });
}

/** The template of a deployment with values of the CDK's context. */
export function templateOf(context: Record<string, unknown>): Template {
  return Template.fromStack(new VolleyStack(appOf(context), "volley"));
}

/** A stack for constructs whose settings the context cannot have, such as a network. */
export function emptyStack(): Stack {
  return new Stack(appOf(), "own");
}
