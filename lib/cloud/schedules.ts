import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { Policy, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import { CfnSchedule, ScheduleGroup } from "aws-cdk-lib/aws-scheduler";
import type { StateMachine } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { checkPlan } from "../plan/load.ts";
import { WRITES } from "../store/writes.ts";
import { bundledFunction } from "./bundledFunction.ts";
import { onExecutionEnded } from "./executionEnded.ts";
import { addAlarm, topicOf } from "./monitoring.ts";
import { bucketKeyStatements } from "./runsBucket.ts";

/** A plan that runs on a schedule. */
export interface ScheduledPlan {
  /** Letters, digits, dashes; the prefix of the runs' ids. */
  readonly name: string;
  /** In EventBridge Scheduler's syntax: `rate(1 day)`, `cron(0 2 * * ? *)`. */
  readonly expression: string;
  /** The expression's time zone, such as Europe/Berlin; UTC by default. */
  readonly timezone?: string;
  /** The plan, as a person writes it, with its targets inline. */
  readonly plan: Record<string, unknown>;
  /** The baseline that each run is compared with; set it with `volley baseline NAME RUN --stack STACK`. */
  readonly baseline?: string;
}

/** What schedules need from the deployment. */
export interface SchedulesProps {
  schedules: readonly ScheduledPlan[];
  bucket: Bucket;
  stateMachine: StateMachine;
  allowedHosts: readonly string[];
  /** A topic to notify of regressions. */
  topicArn: string | undefined;
  logRetention: RetentionDays;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9-]{0,39}$/;
const EXPRESSION = /^(rate|cron|at)\(.+\)$/;

/** Maximum size of a schedule's input in bytes. */
const MAX_INPUT_BYTES = 256 * 1_024;

/** Scheduled runs: each schedule starts the state machine, and finished runs are compared with a baseline. */
export class Schedules extends Construct {
  constructor(scope: Construct, id: string, props: SchedulesProps) {
    super(scope, id);
    const { stateMachine } = props;
    const role = new Role(this, "Role", { assumedBy: new ServicePrincipal("scheduler.amazonaws.com") });
    const policy = new Policy(this, "Policy", {
      roles: [role],
      statements: [
        new PolicyStatement({ actions: ["states:StartExecution"], resources: [stateMachine.stateMachineArn] }),
      ],
    });
    const group = new ScheduleGroup(this, "Group", { removalPolicy: RemovalPolicy.DESTROY });
    for (const each of props.schedules) {
      const schedule = new CfnSchedule(this, each.name, {
        name: `${Stack.of(this).stackName}-${each.name}`,
        groupName: group.scheduleGroupName,
        scheduleExpression: each.expression,
        scheduleExpressionTimezone: each.timezone ?? "UTC",
        flexibleTimeWindow: { mode: "OFF" },
        target: {
          arn: `arn:${Stack.of(this).partition}:scheduler:::aws-sdk:sfn:startExecution`,
          roleArn: role.roleArn,
          input: this.#input(each, props),
          // If the response to a start were lost, a retry would send the load twice.
          retryPolicy: { maximumRetryAttempts: 0 },
        },
      });
      schedule.node.addDependency(policy);
    }
    this.#compare(props);
    // A start that failed leaves no execution, and so nothing that could be compared.
    addAlarm(this, "RunsNotStarted", {
      metric: group.metricDropped(),
      description: "Scheduled runs did not start: see the errors of StartExecution in CloudTrail",
      topic: topicOf(this, props.topicArn),
    });
  }

  /** The input of StartExecution. Throws if the schedule or its plan is invalid. */
  #input(schedule: ScheduledPlan, { allowedHosts, stateMachine }: SchedulesProps): string {
    const { name, expression, plan, baseline } = schedule;
    if (!NAME.test(name)) throw new Error(`schedules: ${name} is no name of letters, digits and dashes`);
    if (!EXPRESSION.test(expression))
      throw new Error(`schedules.${name}: ${expression} is no rate(…), cron(…) or at(…)`);
    checkPlan(plan, undefined, `schedules.${name}.plan`, { allowHosts: [...allowedHosts] });
    const scheduled = { schedule: name, ...(baseline !== undefined && { baseline }) };
    const input = JSON.stringify({
      StateMachineArn: stateMachine.stateMachineArn,
      // The scheduler replaces this: each start gets a unique id.
      Name: `${name}-<aws.scheduler.execution-id>`,
      Input: JSON.stringify({ plan, scheduled }),
    });
    if (Buffer.byteLength(input) > MAX_INPUT_BYTES) throw new Error(`schedules.${name}: its plan is above 256 KB`);
    return input;
  }

  #compare({ bucket, stateMachine, topicArn, logRetention }: SchedulesProps): void {
    const statements: [actions: string[], resources: string[]][] = [
      [["s3:GetObject"], [bucket.arnForObjects("runs/*"), bucket.arnForObjects("baselines/*")]],
      [["s3:ListBucket"], [bucket.bucketArn]],
      [["s3:PutObject"], WRITES.compare.map((pattern) => bucket.arnForObjects(pattern))],
      ...(topicArn === undefined ? [] : [[["sns:Publish"], [topicArn]] as [string[], string[]]]),
    ];
    const compare = bundledFunction(this, "compare", {
      description: "Compares a scheduled run with its baseline",
      memorySize: 512,
      timeout: Duration.minutes(2),
      idPrefix: "Compare",
      logRetention,
      statements: [
        ...statements.map(([actions, resources]) => new PolicyStatement({ actions, resources })),
        ...bucketKeyStatements(bucket),
      ],
      environment: {
        VOLLEY_STORE: `s3:${bucket.bucketName}`,
        ...(topicArn !== undefined && { VOLLEY_TOPIC: topicArn }),
      },
    });
    onExecutionEnded(this, "A run has ended, perhaps a scheduled one", stateMachine, new LambdaFunction(compare));
  }
}
