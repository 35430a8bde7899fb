import { Duration, Fn } from "aws-cdk-lib";
import { FunctionUrlAuthType } from "aws-cdk-lib/aws-lambda";
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { bundledFunction } from "./bundledFunction.ts";

/** A stand-in gateway behind its own function URL, for `volley verify`. It counts nothing. */
export class StandInGateway extends Construct {
  /** Its URL, with a slash at the end. */
  readonly url: string;
  /** Its host, which the deployment's guards then allow. */
  readonly host: string;

  constructor(scope: Construct, id: string, logRetention: RetentionDays) {
    super(scope, id);
    const gateway = bundledFunction(this, "gateway", {
      description: "A stand-in gateway for volley verify",
      memorySize: 512,
      timeout: Duration.seconds(5),
      idPrefix: "",
      logRetention,
      statements: [],
    });
    this.url = gateway.addFunctionUrl({ authType: FunctionUrlAuthType.NONE }).url;
    this.host = Fn.select(2, Fn.split("/", this.url));
  }
}
