import { Alarm, Dashboard, GraphWidget, type IMetric, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import type { LoadTest } from "./loadTest.ts";

/** Alarms for what a person must look at, and a small dashboard. */
export function watchOver(
  scope: Construct,
  { functions, stateMachine }: Pick<LoadTest, "functions" | "stateMachine">,
  topicArn: string | undefined,
): void {
  const topic = topicArn === undefined ? undefined : Topic.fromTopicArn(scope, "AlarmTopic", topicArn);
  const { attack, plan } = functions.byName;
  const alarm = (id: string, metric: IMetric, description: string): void => {
    const made = new Alarm(scope, id, {
      metric,
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: description,
    });
    if (topic) made.addAlarmAction(new SnsAction(topic));
  };
  alarm(
    "WorkersThrottled",
    attack.metricThrottles(),
    "Workers were throttled: the account's concurrency is too low for this load",
  );
  alarm("WorkersFailed", attack.metricErrors(), "Workers failed: the report names what is missing");
  alarm("PlansRefused", plan.metricErrors(), "Plans were refused, or Plan failed: the execution's cause says why");
  alarm("RunsTimedOut", stateMachine.metricTimedOut(), "Runs did not end in their time");
  new Dashboard(scope, "Dashboard", {
    widgets: [
      [
        new GraphWidget({
          title: "Runs",
          left: [stateMachine.metricStarted(), stateMachine.metricSucceeded(), stateMachine.metricFailed()],
        }),
        new GraphWidget({
          title: "Workers",
          left: [attack.metricInvocations(), attack.metricErrors(), attack.metricThrottles()],
          right: [attack.metricDuration()],
        }),
      ],
    ],
  });
}
