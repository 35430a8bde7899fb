import { userInfo } from "node:os";
import { Command } from "commander";
import type { VerifyOptions } from "../actions/verify.ts";
import { parseOrigin, withTextOptions } from "../options.ts";

/** `volley verify --stack NAME`. */
export function verifyCommand(): Command {
  return withTextOptions(new Command("verify"))
    .description("Test a deployment in AWS by four short runs against a stand-in gateway, and write what held.")
    .requiredOption("--stack <name>", "the stack that `cdk deploy` has put up (required)")
    .option("--gateway <origin>", "a `volley gateway` on a host, instead of the stack's own stand-in", parseOrigin)
    .option("--file <file>", "the report, in Markdown", "verify.md")
    .option("--by <name>", "who signs it off", userInfo().username)
    .addHelpText(
      "after",
      `
Examples:
  volley verify --stack volley                                     the stack has -c standInGateway=true
  volley verify --stack volley --gateway http://10.0.0.7:8545      its host is in allowedHosts

It takes two minutes, sends some 1,000 requests, and costs less than a cent.
Exit code: 0 all held, 1 something did not, 2 bad input.`,
    )
    .action(async (options: VerifyOptions) => {
      const { verifyStack } = await import("../actions/verify.ts");
      await verifyStack(options);
    });
}
