import { readFileSync } from "node:fs";
import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import type { Dashboard } from "aws-cdk-lib/aws-cloudwatch";
import { type IVpc, type SubnetSelection, SubnetType } from "aws-cdk-lib/aws-ec2";
import { Policy, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { DEFINITION_PATH } from "../local/functions.ts";
import { DEFAULT_SETTING } from "../plan/estimate.ts";
import { WRITES } from "../store/writes.ts";
import { obeyAccount } from "./account.ts";
import { Fleet } from "./fleet.ts";
import { Functions } from "./functions.ts";
import { guardsOf } from "./guards.ts";
import { type Home, homeWithRegions } from "./home.ts";
import { coresOf } from "./instanceType.ts";
import { watchOver } from "./monitoring.ts";
import { networkOf } from "./network.ts";
import { letDoctorLook, otherRegionFunction } from "./otherRegion.ts";
import { bucketKeyStatements, runsBucket } from "./runsBucket.ts";
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
  /** A worker's memory in MB, which also sets its share of a CPU; 1,024 by default. `volley plan` shows what a plan needs. */
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
  /** Allocation ids of your own elastic addresses for fixedEgress, one or two; a NAT gateway for each. New ones by default. */
  readonly egressAllocationIds?: string[];
  /**
   * Further regions whose workers plans may use, besides the stack's own: each needs a `RegionStack`. Not with fixedEgress
   * or vpc. The stack needs an account and a region.
   */
  readonly regions?: string[];
  /** An existing network, for gateways with private addresses; S3 and AWS's APIs must be reachable from it. Not with fixedEgress. */
  readonly vpc?: IVpc;
  /** Its subnets for workers and hosts; private ones with egress by default. */
  readonly vpcSubnets?: SubnetSelection;
  /** Functions in `vpc` use IPv6 too, in dual-stack subnets, and reach AWS by its dual-stack endpoints. */
  readonly ipv6?: boolean;
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
  /** ARNs of the KMS keys that these secrets are encrypted with, if they are not the account's default ones. */
  readonly secretKeyArns?: string[];
  /** ARN of a KMS key that encrypts the bucket's objects; by default S3's own keys do. */
  readonly bucketKeyArn?: string;
  /** An SNS topic for the alarms; without it, they appear only in CloudWatch. */
  readonly alarmTopicArn?: string;
  /** A policy for every role of the deployment as its permissions boundary, if the account requires one. */
  readonly permissionsBoundaryArn?: string;
  /** The path of every role and policy of the deployment, such as `/loadtest/`, if the account requires one. */
  readonly iamPath?: string;
  /** Tags for every resource of the deployment. */
  readonly tags?: Record<string, string>;
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
  /** Log groups that plans may search. */
  readonly logGroupArns: string[];
  /** Secrets and parameters that plans may refer to. */
  readonly secretArns: string[];
  /** The stand-in gateway, if the deployment has one. */
  readonly standIn: StandInGateway | undefined;
  /** EC2 hosts, if the deployment has them. */
  readonly fleet: Fleet | undefined;
  /** Runs, workers and what they send, in CloudWatch. */
  readonly dashboard: Dashboard;
  /** The function that calls workers in other regions, if there are any. */
  readonly otherRegion: LambdaFunction | undefined;
  /** Where the state machine is, if there are workers in other regions too. */
  readonly home: Home | undefined;
  /** The fixed addresses that the load comes from, if there are any. */
  readonly egressAddresses: string[];

  constructor(scope: Construct, id: string, props: LoadTestProps = {}) {
    super(scope, id);
    obeyAccount(this, props);
    const { logRetention = RetentionDays.TWO_WEEKS, tracing = false } = props;
    const { fleetMaxHosts = 20, fleetWorkersPerHost = 1 } = props;
    const { fleetInstanceType = "c7g.large" } = props;
    checkWorkersPerHost(fleetWorkersPerHost, fleetInstanceType);
    const home = homeWithRegions(this, props);
    this.home = home;
    this.bucket = runsBucket(this, { ...props, ...(home && { bucketName: home.bucket }) });
    const { vpc, addresses } = networkOf(this, props);
    const { vpcSubnets = { subnetType: SubnetType.PRIVATE_WITH_EGRESS } } = props;
    this.egressAddresses = addresses;
    this.logGroupArns = props.logGroupArns ?? [];
    this.secretArns = props.secretArns ?? [];
    const secretsKey = this.secretArns.length > 0 ? this.#secretsKey(home) : undefined;
    const guards = guardsOf(props, home);
    this.standIn = props.standInGateway ? new StandInGateway(this, "StandIn", logRetention) : undefined;
    // Its host is only known after deployment, so it is not among those checked above.
    if (this.standIn) guards.allowedHosts = [...guards.allowedHosts, this.standIn.host];
    this.functions = new Functions(this, "Functions", {
      bucket: this.bucket,
      workerMemoryMb: props.workerMemoryMb ?? DEFAULT_SETTING.workerMb,
      guards: JSON.stringify(guards),
      secretArns: this.secretArns,
      secretsKey,
      secretKeyArns: props.secretKeyArns ?? [],
      ipv6: props.ipv6 ?? false,
      logGroupArns: this.logGroupArns,
      logRetention,
      tracing,
      vpc,
      vpcSubnets,
    });
    const { regions = [] } = props;
    this.otherRegion = home && otherRegionFunction(this, { home, regions, logRetention, tracing });
    if (home) letDoctorLook(this.functions.doctor, home, regions);
    this.stateMachine = this.#stateMachine(logRetention, tracing);
    this.fleet = props.fleet
      ? new Fleet(this, "Fleet", {
          bucket: this.bucket,
          stateMachine: this.stateMachine,
          plan: this.functions.byName.plan,
          maxHosts: fleetMaxHosts,
          workersPerHost: fleetWorkersPerHost,
          instanceType: fleetInstanceType,
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
    this.dashboard = watchOver(this, this, {
      topicArn: props.alarmTopicArn,
      maxHours: guards.maxDurationMs / 3_600_000,
    });
  }

  /** The key that encrypts a run's secrets between Plan and its workers. Nothing that it encrypted outlives a run's use. */
  #secretsKey(home: Home | undefined): string {
    const key = new Key(this, "SecretsKey", {
      description: "Encrypts the secrets of Volley's runs, from Plan to the workers",
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY,
      pendingWindow: Duration.days(7),
    });
    if (home) key.addAlias(home.secretsAlias);
    return key.keyArn;
  }

  #stateMachine(retention: RetentionDays, tracing: boolean): StateMachine {
    const role = new Role(this, "StateMachineRole", { assumedBy: new ServicePrincipal("states.amazonaws.com") });
    const { byName } = this.functions;
    // Without other regions nothing has such an assignment, and the definition still needs a function there.
    const functions = Object.entries({ ...byName, otherRegion: this.otherRegion ?? byName.attack });
    const definition = readFileSync(DEFINITION_PATH, "utf8");
    const stateMachine = new StateMachine(this, "StateMachine", {
      // In China and GovCloud, Step Functions does not know its integrations by ARNs of other partitions.
      definitionBody: DefinitionBody.fromString(definition.replaceAll("arn:aws:states:", `arn:$\{partition}:states:`)),
      definitionSubstitutions: {
        partition: Stack.of(this).partition,
        bucket: this.bucket.bucketName,
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
          resources: [...new Set(functions.map(([, { functionArn }]) => functionArn))],
        }),
        new PolicyStatement({ actions: ["s3:GetObject"], resources: [this.bucket.arnForObjects("runs/*")] }),
        new PolicyStatement({
          actions: ["s3:PutObject"],
          resources: WRITES.stateMachine.map((pattern) => this.bucket.arnForObjects(pattern)),
        }),
        ...bucketKeyStatements(this.bucket),
        new PolicyStatement({ actions: ["states:StartExecution"], resources: [stateMachine.stateMachineArn] }),
        new PolicyStatement({
          actions: ["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"],
          resources: [executions(":"), executions("/")],
        }),
      ],
    });
    return stateMachine;
  }
}

/** Throws if an instance type has too few cores for the workers of each host. */
function checkWorkersPerHost(workers: number, instanceType: string): void {
  if (!Number.isInteger(workers) || workers < 1) throw new Error("fleetWorkersPerHost is a whole number of workers");
  const cores = coresOf(instanceType);
  if (cores === undefined || workers <= cores) return;
  throw new Error(
    `fleetWorkersPerHost is ${workers}, but a ${instanceType} has ${cores} cores, and each worker needs one: ` +
      "choose a larger fleetInstanceType, or fewer workers",
  );
}
