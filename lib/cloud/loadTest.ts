import { readFileSync } from "node:fs";
import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Alarm, Dashboard, GraphWidget, type IMetric, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import {
  CfnEIP,
  GatewayVpcEndpointAwsService,
  IpAddresses,
  type IVpc,
  type SubnetSelection,
  SubnetType,
  Vpc,
} from "aws-cdk-lib/aws-ec2";
import {
  ManagedPolicy,
  PermissionsBoundary,
  Policy,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { BlockPublicAccess, Bucket, BucketEncryption } from "aws-cdk-lib/aws-s3";
import { Topic } from "aws-cdk-lib/aws-sns";
import { Activity, DefinitionBody, LogLevel, StateMachine, StateMachineType } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { isHostEntry } from "../guard/hostGuard.ts";
import { DEFINITION_PATH } from "../local/functions.ts";
import { DEFAULT_SETTING } from "../plan/estimate.ts";
import type { Guards } from "../plan/guards.ts";
import { Fleet } from "./fleet.ts";
import { Functions } from "./functions.ts";
import { type ScheduledPlan, Schedules } from "./schedules.ts";
import { StandInGateway } from "./standInGateway.ts";

/** The settings of a deployment. */
export interface LoadTestProps {
  /**
   * Hosts that may be loaded: names, `*.example.com`, addresses, blocks such as `10.0.0.0/8`. None by default. A name that
   * resolves to a private address also needs that address or its block.
   */
  readonly allowedHosts?: string[];
  /** Further hosts whose metrics and logs plans may read, besides those that may be loaded. */
  readonly observeHosts?: string[];
  /** A worker's memory in MB, which also sets its share of a CPU; 256 is enough for 500 requests per second. */
  readonly workerMemoryMb?: number;
  /** Maximum number of workers of a run; 200 by default. */
  readonly maxWorkers?: number;
  /** Maximum requests per second of a run, over all chains; 50,000 by default. */
  readonly maxRps?: number;
  /** Maximum duration of a run; 6 hours by default. */
  readonly maxDuration?: Duration;
  /** Maximum estimated price of a run, in US dollars; 10 by default. */
  readonly maxUsdPerRun?: number;
  /**
   * How long what workers and Watch wrote is kept: leases, chunks, summaries, scrapes, logs; 14 days by default. Plans and
   * reports are kept until they are deleted.
   */
  readonly chunkRetention?: Duration;
  /** How long logs are kept; two weeks by default. */
  readonly logRetention?: RetentionDays;
  /** Send the load from fixed addresses: workers run in a new VPC, behind NAT gateways with elastic addresses. */
  readonly fixedEgress?: boolean;
  /** An existing network, for gateways with private addresses; S3 and AWS's APIs must be reachable from it. Not with fixedEgress. */
  readonly vpc?: IVpc;
  /** Its subnets for workers and hosts; private ones with egress by default. */
  readonly vpcSubnets?: SubnetSelection;
  /** A fleet of EC2 hosts for plans in fleet mode; without it, such plans wait for hosts that you start. */
  readonly fleet?: boolean;
  /** Maximum number of the fleet's hosts; 20 by default. */
  readonly fleetMaxHosts?: number;
  /** How many workers each of them runs, at most one to a core of the instance type; 1 by default. */
  readonly fleetWorkersPerHost?: number;
  /** Their instance type: its baseline bandwidth must carry its workers' load; c7g.large by default. */
  readonly fleetInstanceType?: string;
  /** Spot instances: cheaper, and a run may lose some. */
  readonly fleetSpot?: boolean;
  /** Trace the functions and the state machine with X-Ray. */
  readonly tracing?: boolean;
  /** ARNs of secrets and parameters that plans may refer to as secret:// and ssm://. */
  readonly secretArns?: string[];
  /** An SNS topic for the alarms; without it, they appear only in CloudWatch. */
  readonly alarmTopicArn?: string;
  /** A policy for every role of the deployment as its permissions boundary, if the account requires one. */
  readonly permissionsBoundaryArn?: string;
  /** Plans that run on a schedule and are compared with a baseline; the alarms' topic gets a message if a run is worse. */
  readonly schedules?: ScheduledPlan[];
  /**
   * Deploy a stand-in gateway behind a public function URL, for `volley verify`. Anyone who knows the URL can call it;
   * deploy without it once the deployment is verified.
   */
  readonly standInGateway?: boolean;
  /** ARNs of CloudWatch log groups, each ending in `:*`, that plans may search for errors. */
  readonly logGroupArns?: string[];
}

/** A distributed load test for JSON-RPC gateways: a state machine, its functions, and the bucket that they share. */
export class LoadTest extends Construct {
  readonly bucket: Bucket;
  readonly stateMachine: StateMachine;
  readonly functions: Functions;
  /** The activity that a fleet's hosts poll for assignments. */
  readonly activity: Activity;
  /** Log groups that plans may search. */
  readonly logGroupArns: string[];
  /** Secrets and parameters that plans may refer to. */
  readonly secretArns: string[];
  /** The stand-in gateway, if the deployment has one. */
  readonly standIn: StandInGateway | undefined;
  /** EC2 hosts, if the deployment has them. */
  readonly fleet: Fleet | undefined;
  /** The fixed addresses that the load comes from, if there are any. */
  readonly egressAddresses: string[];

  constructor(scope: Construct, id: string, props: LoadTestProps = {}) {
    super(scope, id);
    if (props.permissionsBoundaryArn !== undefined) {
      const boundary = ManagedPolicy.fromManagedPolicyArn(this, "Boundary", props.permissionsBoundaryArn);
      PermissionsBoundary.of(this).apply(boundary);
    }
    const { logRetention = RetentionDays.TWO_WEEKS, tracing = false } = props;
    const { fleetMaxHosts = 20, fleetWorkersPerHost = 1 } = props;
    if (!Number.isInteger(fleetWorkersPerHost)) throw new Error("fleetWorkersPerHost is a whole number of workers");
    this.bucket = new Bucket(this, "Runs", {
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        {
          id: "intermediate",
          tagFilters: { kind: "intermediate" },
          expiration: props.chunkRetention ?? Duration.days(14),
        },
        // Hosts announce themselves every few seconds; announcements of hosts that are gone are useless.
        { id: "hosts", prefix: "hosts/", expiration: Duration.days(1) },
        { id: "failed hosts", prefix: "hosts-failed/", expiration: Duration.days(1) },
        { id: "unfinished uploads", abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    });
    if (props.fixedEgress && props.vpc)
      throw new Error("vpc and fixedEgress exclude each other: an existing network, or a new one");
    const { vpc, addresses } = props.fixedEgress ? this.#network() : { vpc: props.vpc, addresses: [] };
    const { vpcSubnets = { subnetType: SubnetType.PRIVATE_WITH_EGRESS } } = props;
    this.egressAddresses = addresses;
    this.logGroupArns = props.logGroupArns ?? [];
    this.secretArns = props.secretArns ?? [];
    const secretsKey = this.secretArns.length > 0 ? this.#secretsKey() : undefined;
    const guards = guardsOf(props, fleetMaxHosts, fleetWorkersPerHost);
    this.standIn = props.standInGateway ? new StandInGateway(this, "StandIn", logRetention) : undefined;
    // Its host is only known after deployment, so it is not among those checked above.
    if (this.standIn) guards.allowedHosts = [...guards.allowedHosts, this.standIn.host];
    this.functions = new Functions(this, "Functions", {
      bucket: this.bucket,
      workerMemoryMb: props.workerMemoryMb ?? DEFAULT_SETTING.workerMb,
      guards: JSON.stringify(guards),
      secretArns: this.secretArns,
      secretsKey,
      logGroupArns: this.logGroupArns,
      logRetention,
      tracing,
      vpc,
      vpcSubnets,
    });
    this.activity = new Activity(this, "Hosts");
    this.stateMachine = this.#stateMachine(logRetention, tracing);
    this.fleet = props.fleet
      ? new Fleet(this, "Fleet", {
          bucket: this.bucket,
          activity: this.activity,
          stateMachine: this.stateMachine,
          plan: this.functions.byName.plan,
          maxHosts: fleetMaxHosts,
          workersPerHost: fleetWorkersPerHost,
          instanceType: props.fleetInstanceType ?? "c7g.large",
          spot: props.fleetSpot ?? false,
          secretsKey,
          guards: JSON.stringify(guards),
          logRetention,
          vpc,
          vpcSubnets,
        })
      : undefined;
    if (props.schedules) {
      new Schedules(this, "Schedules", {
        schedules: props.schedules,
        bucket: this.bucket,
        stateMachine: this.stateMachine,
        allowedHosts: guards.allowedHosts,
        topicArn: props.alarmTopicArn,
        logRetention,
      });
    }
    this.#watchOver(props.alarmTopicArn);
  }

  /** The key that encrypts a run's secrets between Plan and its workers. Nothing that it encrypted outlives a run's use. */
  #secretsKey(): string {
    const key = new Key(this, "SecretsKey", {
      description: "Encrypts the secrets of Volley's runs, from Plan to the workers",
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY,
      pendingWindow: Duration.days(7),
    });
    return key.keyArn;
  }

  #network(): { vpc: IVpc; addresses: string[] } {
    const vpc = new Vpc(this, "Network", {
      ipAddresses: IpAddresses.cidr("10.84.0.0/20"),
      maxAzs: 2,
      natGateways: 2,
      subnetConfiguration: [
        { name: "public", subnetType: SubnetType.PUBLIC, cidrMask: 26 },
        { name: "workers", subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 22 },
      ],
    });
    // Chunks and polls reach S3 without a NAT gateway's price per GB.
    vpc.addGatewayEndpoint("S3", { service: GatewayVpcEndpointAwsService.S3 });
    const addresses = vpc.node
      .findAll()
      .filter((each) => each instanceof CfnEIP)
      .map((address) => address.attrPublicIp);
    // The CDK's types conflict under exactOptionalPropertyTypes.
    return { vpc: vpc as IVpc, addresses };
  }

  #stateMachine(retention: RetentionDays, tracing: boolean): StateMachine {
    const role = new Role(this, "StateMachineRole", { assumedBy: new ServicePrincipal("states.amazonaws.com") });
    const functions = Object.entries(this.functions.byName);
    const stateMachine = new StateMachine(this, "StateMachine", {
      definitionBody: DefinitionBody.fromString(readFileSync(DEFINITION_PATH, "utf8")),
      definitionSubstitutions: {
        bucket: this.bucket.bucketName,
        activity: this.activity.activityArn,
        ...Object.fromEntries(functions.map(([name, { functionArn }]) => [name, functionArn])),
      },
      stateMachineType: StateMachineType.STANDARD,
      role,
      tracingEnabled: tracing,
      logs: {
        destination: new LogGroup(this, "StateMachineLog", {
          logGroupName: `/aws/vendedlogs/states/${Stack.of(this).stackName}`,
          retention,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
        level: LogLevel.ALL,
        includeExecutionData: false,
      },
    });
    // The definition is a file, so the CDK grants nothing for it. This needs a separate policy, because it contains the
    // machine's ARN.
    const executions = (separator: ":" | "/"): string =>
      Stack.of(this).formatArn({
        service: "states",
        resource: `execution:${stateMachine.stateMachineName}${separator}*`,
      });
    new Policy(this, "StateMachinePolicy", {
      roles: [role],
      statements: [
        new PolicyStatement({
          actions: ["lambda:InvokeFunction"],
          resources: functions.map(([, { functionArn }]) => functionArn),
        }),
        new PolicyStatement({ actions: ["s3:GetObject"], resources: [this.bucket.arnForObjects("runs/*")] }),
        new PolicyStatement({ actions: ["states:StartExecution"], resources: [stateMachine.stateMachineArn] }),
        new PolicyStatement({
          actions: ["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"],
          resources: [executions(":"), executions("/")],
        }),
      ],
    });
    return stateMachine;
  }

  /** Alarms for what a person must look at, and a small dashboard. */
  #watchOver(topicArn: string | undefined): void {
    const topic = topicArn === undefined ? undefined : Topic.fromTopicArn(this, "AlarmTopic", topicArn);
    const { attack, plan } = this.functions.byName;
    const alarm = (id: string, metric: IMetric, description: string): void => {
      const made = new Alarm(this, id, {
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
    alarm("RunsTimedOut", this.stateMachine.metricTimedOut(), "Runs did not end in their time");
    new Dashboard(this, "Dashboard", {
      widgets: [
        [
          new GraphWidget({
            title: "Runs",
            left: [
              this.stateMachine.metricStarted(),
              this.stateMachine.metricSucceeded(),
              this.stateMachine.metricFailed(),
            ],
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
}

/** A deployment's guards. Throws if a host is malformed. */
function guardsOf(props: LoadTestProps, maxHosts: number, workersPerHost: number): Guards {
  const { allowedHosts = [], observeHosts = [], maxDuration = Duration.hours(6) } = props;
  const wrong = [...allowedHosts, ...observeHosts].filter((each) => !isHostEntry(each));
  if (wrong.length > 0)
    throw new Error(`allowedHosts and observeHosts: no host, address or block: ${wrong.join(", ")}`);
  return {
    allowedHosts,
    observeHosts,
    maxRps: props.maxRps ?? 50_000,
    maxDurationMs: maxDuration.toMilliseconds(),
    maxWorkers: props.maxWorkers ?? 200,
    maxUsd: props.maxUsdPerRun ?? 10,
    ...(props.fleet && { maxHosts }),
    setting: {
      workerMb: props.workerMemoryMb ?? DEFAULT_SETTING.workerMb,
      isBehindNat: props.fixedEgress === true,
      ...(props.fleet && { workersPerHost }),
    },
  };
}
