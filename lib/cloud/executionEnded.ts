import { type IRuleTarget, Rule } from "aws-cdk-lib/aws-events";
import type { StateMachine } from "aws-cdk-lib/aws-stepfunctions";
import type { Construct } from "constructs";

/** Calls a target whenever an execution of the state machine has ended, however it ended. */
export function onExecutionEnded(
  scope: Construct,
  description: string,
  stateMachine: StateMachine,
  target: IRuleTarget,
): void {
  new Rule(scope, "Ended", {
    description,
    eventPattern: {
      source: ["aws.states"],
      detailType: ["Step Functions Execution Status Change"],
      detail: {
        status: ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
        stateMachineArn: [stateMachine.stateMachineArn],
      },
    },
    targets: [target],
  });
}
