import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { acknowledge } from "../lib/cloud/acknowledged.ts";
import { VolleyStack } from "../lib/cloud/stack.ts";

/* The CDK app: `cdk deploy -c allowedHosts=gateway.example`. */

const app = new App();
const name: unknown = app.node.tryGetContext("stack");
const stack = new VolleyStack(app, typeof name === "string" ? name : "volley");
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
acknowledge(stack);
