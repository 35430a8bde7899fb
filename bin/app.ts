import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { acknowledge, acknowledgeRegion } from "../lib/cloud/acknowledged.ts";
import { RegionStack } from "../lib/cloud/regionStack.ts";
import { VolleyStack } from "../lib/cloud/stack.ts";

/* The CDK app: `cdk deploy -c allowedHosts=gateway.example`. */

const app = new App();
const named: unknown = app.node.tryGetContext("stack");
const name = typeof named === "string" ? named : "volley";
const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;
// Without other regions the stack can be deployed into any account and region.
const env = app.node.tryGetContext("regions") === undefined || !account || !region ? {} : { env: { account, region } };
const stack = new VolleyStack(app, name, env);
const { settings, loadTest } = stack;
const { home } = loadTest;
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
acknowledge(stack);
if (home) {
  for (const other of settings.regions ?? []) {
    const there = { account: home.account, region: other };
    acknowledgeRegion(new RegionStack(app, `${name}-${other}`, { home, settings, env: there }), home);
  }
}
