import { CfnOutput, Stack, type StackProps, Tags } from "aws-cdk-lib";
import { ManagedPolicy, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { VERSION } from "../report/version.ts";
import { killKey, VERIFY_PREFIX } from "../store/keys.ts";
import { WRITES } from "../store/writes.ts";
import { setPath } from "./account.ts";
import { contextProps } from "./context.ts";
import { LoadTest, type LoadTestProps } from "./loadTest.ts";
import { bucketKeyStatements } from "./runsBucket.ts";

/** A stack around a LoadTest, whose properties come from the CDK's context. */
export class VolleyStack extends Stack {
  readonly loadTest: LoadTest;
  readonly settings: LoadTestProps;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, { description: "Volley: distributed load test for JSON-RPC gateways", ...props });
    const settings = contextProps(this);
    this.settings = settings;
    this.loadTest = new LoadTest(this, "LoadTest", settings);
    const { bucket, stateMachine, egressAddresses, functions, fleet, standIn } = this.loadTest;
    new CfnOutput(this, "Version", { value: VERSION });
    const names = Object.entries(functions.byName).map(([name, { functionName }]) => `${name}=${functionName}`);
    new CfnOutput(this, "Functions", { value: [...names, `doctor=${functions.doctor.functionName}`].join(",") });
    new CfnOutput(this, "WorkerLog", { value: functions.workerLog });
    if (standIn) new CfnOutput(this, "StandInGateway", { value: standIn.url });
    if (fleet) new CfnOutput(this, "FleetGroup", { value: fleet.group.autoScalingGroupName });
    new CfnOutput(this, "Bucket", { value: bucket.bucketName });
    new CfnOutput(this, "StateMachineArn", { value: stateMachine.stateMachineArn });
    if (egressAddresses.length > 0) new CfnOutput(this, "EgressAddresses", { value: egressAddresses.join(", ") });
    const operator = this.#operatorPolicy();
    if (settings.iamPath !== undefined) setPath(operator, settings.iamPath);
    new CfnOutput(this, "OperatorPolicyArn", { value: operator.managedPolicyArn });
    Tags.of(this).add("application", "volley");
  }

  /** The permissions that a person needs to run plans, follow and stop them, and read their reports. */
  #operatorPolicy(): ManagedPolicy {
    const { bucket, stateMachine, functions, fleet, dashboard } = this.loadTest;
    const all = [...Object.values(functions.byName), functions.doctor];
    const ofMachine = (kind: string, rest: string): string =>
      this.formatArn({ service: "states", resource: `${kind}:${stateMachine.stateMachineName}${rest}` });
    // The construct's own ARN lacks a name that CloudFormation chooses.
    const dashboardArn = this.formatArn({
      service: "cloudwatch",
      region: "",
      resource: "dashboard",
      resourceName: dashboard.dashboardName,
    });
    const shows = ["DescribeExecution", "GetExecutionHistory", "DescribeStateMachineForExecution"];
    return new ManagedPolicy(this, "Operator", {
      description: "Run Volley's plans, follow and stop them, read their reports",
      statements: [
        new PolicyStatement({
          actions: ["states:StartExecution", "states:ListExecutions", "states:DescribeStateMachine"],
          resources: [stateMachine.stateMachineArn],
        }),
        // The console shows an execution by its history; a redrive rebuilds a report.
        new PolicyStatement({
          actions: [...shows, "StopExecution", "RedriveExecution", "ListMapRuns"].map((action) => `states:${action}`),
          resources: [ofMachine("execution", ":*")],
        }),
        // The console shows workers as child executions of a Map Run, and why one of them was lost.
        new PolicyStatement({
          actions: ["states:DescribeMapRun", "states:ListExecutions"],
          resources: [ofMachine("mapRun", "/*")],
        }),
        new PolicyStatement({
          actions: shows.map((action) => `states:${action}`),
          resources: [ofMachine("execution", "/*")],
        }),
        new PolicyStatement({ actions: ["s3:ListBucket"], resources: [bucket.bucketArn] }),
        new PolicyStatement({
          actions: ["s3:GetObject"],
          resources: [bucket.arnForObjects("runs/*"), bucket.arnForObjects("baselines/*")],
        }),
        new PolicyStatement({
          actions: ["s3:PutObject"],
          resources: [...WRITES.operator, "baselines/*"].map((pattern) => bucket.arnForObjects(pattern)),
        }),
        // The lease that kills a worker of the acceptance test is tagged, as every lease.
        new PolicyStatement({
          actions: ["s3:PutObjectTagging"],
          resources: [bucket.arnForObjects(killKey(`${VERIFY_PREFIX}*`))],
        }),
        ...bucketKeyStatements(bucket),
        new PolicyStatement({ actions: ["cloudformation:DescribeStacks"], resources: [this.stackId] }),
        // What volley doctor reads.
        new PolicyStatement({
          actions: ["lambda:GetFunctionConfiguration"],
          resources: all.map(({ functionArn }) => functionArn),
        }),
        new PolicyStatement({ actions: ["lambda:InvokeFunction"], resources: [functions.doctor.functionArn] }),
        // Errors, and for volley verify what Lambda billed.
        new PolicyStatement({
          actions: ["logs:FilterLogEvents", "logs:DescribeLogStreams", "logs:GetLogEvents"],
          resources: all.map(({ logGroup }) => logGroup.logGroupArn),
        }),
        new PolicyStatement({ actions: ["cloudwatch:GetDashboard"], resources: [dashboardArn] }),
        new PolicyStatement({ actions: ["cloudwatch:GetMetricData"], resources: ["*"] }),
        ...(fleet
          ? [new PolicyStatement({ actions: ["autoscaling:DescribeAutoScalingGroups"], resources: ["*"] })]
          : []),
      ],
    });
  }
}
