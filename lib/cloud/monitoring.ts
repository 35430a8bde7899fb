import { Duration, Stack } from "aws-cdk-lib";
import {
  Alarm,
  Dashboard,
  GraphWidget,
  type IMetric,
  Metric,
  Stats,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { type ITopic, Topic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { EMF_DIMENSION, type EMF_METRICS, EMF_NAMESPACE } from "../live/outputs/emf.ts";
import type { LoadTest } from "./loadTest.ts";

/** Alarms for what a person must look at, and a small dashboard, which it returns. */
export function watchOver(
  scope: Construct,
  { functions, stateMachine, fleet }: Pick<LoadTest, "functions" | "stateMachine" | "fleet">,
  { topicArn, maxHours }: { topicArn: string | undefined; maxHours: number },
): Dashboard {
  const topic = topicOf(scope, topicArn);
  const { attack, plan } = functions.byName;
  const alarm = (id: string, metric: IMetric, description: string, periods = 1): void =>
    addAlarm(scope, id, { metric, description, periods, topic });
  alarm(
    "WorkersThrottled",
    attack.metricThrottles(),
    "Workers were throttled: the account's concurrency is too low for this load",
  );
  alarm("WorkersFailed", attack.metricErrors(), "Workers failed: the report names what is missing");
  alarm("PlansRefused", plan.metricErrors(), "Plans were refused, or Plan failed: the execution's cause says why");
  alarm("RunsTimedOut", stateMachine.metricTimedOut(), "Runs did not end in their time");
  if (fleet) {
    alarm(
      "ReleaseFailed",
      fleet.release.metricErrors(),
      "The fleet's hosts could not be given back: they go on costing",
    );
    alarm(
      "HostsStay",
      new Metric({
        namespace: "AWS/AutoScaling",
        metricName: "GroupInServiceInstances",
        dimensionsMap: { AutoScalingGroupName: fleet.group.autoScalingGroupName },
        statistic: Stats.MINIMUM,
        period: Duration.hours(1),
      }),
      "The fleet has had hosts for longer than a run may last: no run gave them back, or one followed the other",
      Math.ceil(maxHours) + 1,
    );
  }
  const figure = (metricName: keyof typeof EMF_METRICS, statistic: string): Metric => {
    const dimensionsMap = { [EMF_DIMENSION]: Stack.of(scope).stackName };
    return new Metric({ namespace: EMF_NAMESPACE, metricName, dimensionsMap, statistic });
  };
  return new Dashboard(scope, "Dashboard", {
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
      [
        new GraphWidget({
          title: "Requests of the workers in Lambda",
          left: (["Sent", "Relays", "Failed", "Missed"] as const).map((name) => figure(name, "Sum")),
        }),
        new GraphWidget({ title: "Response time p99 of each run", left: [figure("ResponseTimeP99", "Maximum")] }),
      ],
    ],
  });
}

/** The topic that receives alarms, if there is one. */
export function topicOf(scope: Construct, topicArn: string | undefined): ITopic | undefined {
  return topicArn === undefined ? undefined : Topic.fromTopicArn(scope, "AlarmTopic", topicArn);
}

/** An alarm at the first event that a metric counts, or after this many periods with one each. */
export function addAlarm(
  scope: Construct,
  id: string,
  {
    metric,
    description,
    topic,
    periods = 1,
  }: { metric: IMetric; description: string; topic: ITopic | undefined; periods?: number },
): void {
  const made = new Alarm(scope, id, {
    metric,
    threshold: 1,
    evaluationPeriods: periods,
    treatMissingData: TreatMissingData.NOT_BREACHING,
    alarmDescription: description,
  });
  if (topic) made.addAlarmAction(new SnsAction(topic));
}
