import { fileURLToPath } from "node:url";
import { Duration, Stack } from "aws-cdk-lib";
import {
  AutoScalingGroup,
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  GroupMetric,
  GroupMetrics,
} from "aws-cdk-lib/aws-autoscaling";
import {
  AmazonLinuxCpuType,
  InstanceType,
  IpAddresses,
  type IVpc,
  LaunchTemplate,
  MachineImage,
  SecurityGroup,
  SpotRequestType,
  type SubnetSelection,
  SubnetType,
  UserData,
  Vpc,
} from "aws-cdk-lib/aws-ec2";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Function as HandlerFunction } from "aws-cdk-lib/aws-lambda";
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import type { StateMachine } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { WRITES } from "../store/writes.ts";
import { bundledFunction, IS_BUILT } from "./bundledFunction.ts";
import { onExecutionEnded } from "./executionEnded.ts";
import { isArm } from "./instanceType.ts";
import { bucketKeyStatements } from "./runsBucket.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Exclusion patterns for everything in the repository, or the package, that a host does not need. */
const NOT_NEEDED = ["*", "!bin", "!bin/**", "!lib", "!lib/**", "!functions", "!functions/**", "!fleet", "!fleet/**"];
const FILES = ["!package.json", "!package-lock.json", "!tsconfig.json", "!statemachines", "!statemachines/**"];
const NODE_24 = ["!tools", "!tools/**"];

/** How a host installs the dependencies: a package has no lock file, but its versions are exact. */
const INSTALL = IS_BUILT ? "npm install --omit=dev --no-package-lock" : "npm ci --omit=dev";

/** The properties of a fleet. */
export interface FleetProps {
  bucket: Bucket;
  stateMachine: StateMachine;
  /** Plan, which starts the fleet's hosts for a run. */
  plan: HandlerFunction;
  /** Maximum number of concurrent hosts. */
  maxHosts: number;
  /** How many workers each host runs, one to a core. */
  workersPerHost: number;
  /** Choose it by the network baseline that the load needs: a c7g.large has 0.94 Gbit/s. */
  instanceType: string;
  spot: boolean;
  /** ARN of the key that decrypts a run's secrets, if the deployment has any. */
  secretsKey: string | undefined;
  /** The deployment's guards, as JSON: its hosts check each plan against them. */
  guards: string;
  logRetention: RetentionDays;
  /** The network with fixed egress addresses, or an existing one, if the deployment has either. */
  vpc: IVpc | undefined;
  /** The network's subnets. */
  vpcSubnets: SubnetSelection;
}

/** EC2 hosts that are started for a run and released when it ends, however it ends. When idle, there are none. */
export class Fleet extends Construct {
  readonly group: AutoScalingGroup;
  /** Gives the hosts back when no run is in progress. */
  readonly release: HandlerFunction;

  constructor(scope: Construct, id: string, props: FleetProps) {
    super(scope, id);
    const vpc = props.vpc ?? this.#publicNetwork();
    const role = this.#role(props);
    const code = new Asset(this, "Code", { path: ROOT, exclude: [...NOT_NEEDED, ...FILES, ...NODE_24] });
    // Only this object: grantRead would open the bucket with all deployments' assets.
    const codeObject = code.bucket.arnForObjects(code.s3ObjectKey);
    role.addToPolicy(new PolicyStatement({ actions: ["s3:GetObject"], resources: [codeObject] }));
    const securityGroup = new SecurityGroup(this, "Hosts", {
      vpc: vpc as IVpc,
      description: "Hosts of Volley: nothing comes in",
      allowAllOutbound: true,
    });
    const launchTemplate = new LaunchTemplate(this, "Template", {
      instanceType: new InstanceType(props.instanceType),
      machineImage: MachineImage.latestAmazonLinux2023({
        cpuType: isArm(props.instanceType) ? AmazonLinuxCpuType.ARM_64 : AmazonLinuxCpuType.X86_64,
      }),
      role,
      securityGroup,
      requireImdsv2: true,
      httpPutResponseHopLimit: 1,
      associatePublicIpAddress: props.vpc === undefined,
      userData: this.#userData(code, props),
      blockDevices: [
        {
          deviceName: "/dev/xvda",
          volume: BlockDeviceVolume.ebs(16, { encrypted: true, volumeType: EbsDeviceVolumeType.GP3 }),
        },
      ],
      ...(props.spot && { spotOptions: { requestType: SpotRequestType.ONE_TIME } }),
    });
    this.group = new AutoScalingGroup(this, "Group", {
      vpc: vpc as IVpc,
      vpcSubnets: props.vpc ? props.vpcSubnets : { subnetType: SubnetType.PUBLIC },
      launchTemplate,
      // Without a desired capacity, a deployment keeps what a run has set.
      minCapacity: 0,
      maxCapacity: props.maxHosts,
      // For the alarm about hosts that were not given back.
      groupMetrics: [new GroupMetrics(GroupMetric.IN_SERVICE_INSTANCES)],
    });
    this.#raise(props);
    this.release = this.#release(props);
  }

  /** Public subnets only: hosts have their own addresses, so there is no NAT gateway to pay for by the hour. */
  #publicNetwork(): Vpc {
    return new Vpc(this, "Network", {
      ipAddresses: IpAddresses.cidr("10.84.16.0/22"),
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: "hosts", subnetType: SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false }],
    });
  }

  #role({ bucket, secretsKey }: FleetProps): Role {
    const role = new Role(this, "HostRole", {
      assumedBy: new ServicePrincipal("ec2.amazonaws.com"),
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName("AmazonSSMManagedInstanceCore")],
    });
    const writes = WRITES.host.map((pattern) => bucket.arnForObjects(pattern));
    const reads = ["runs/*", "tasks/*", "reservations/*"].map((pattern) => bucket.arnForObjects(pattern));
    const statements: [actions: string[], resources: string[]][] = [
      // A task is identified by its token, which only the bucket's readers have.
      [["states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"], ["*"]],
      [["s3:GetObject"], reads],
      [["s3:ListBucket"], [bucket.bucketArn]],
      [["s3:PutObject", "s3:PutObjectTagging"], writes],
    ];
    if (secretsKey !== undefined) statements.push([["kms:Decrypt"], [secretsKey]]);
    for (const [actions, resources] of statements) role.addToPolicy(new PolicyStatement({ actions, resources }));
    for (const statement of bucketKeyStatements(bucket)) role.addToPolicy(statement);
    return role;
  }

  /** Installs Volley with dependencies from npm's registry, tunes the host, and starts the service. */
  #userData(code: Asset, { bucket, workersPerHost, guards, spot }: FleetProps): UserData {
    const userData = UserData.forLinux();
    // If anything fails, Plan reports the end of the log to whoever is waiting for this host.
    const failed = `s3://${bucket.bucketName}/hosts-failed/$(date +%s)-$(hostname).txt`;
    userData.addCommands(
      "set -eu",
      // The service's user must be able to read what root unpacks here.
      "umask 022",
      `trap 'tail -c 2000 /var/log/cloud-init-output.log | aws s3 cp - ${failed}' ERR`,
      "dnf install -y -q nodejs24 nodejs24-npm unzip",
    );
    const zip = userData.addS3DownloadCommand({ bucket: code.bucket, bucketKey: code.s3ObjectKey });
    userData.addCommands(
      `mkdir -p /opt/volley /etc/volley && unzip -q ${zip} -d /opt/volley`,
      "cd /opt/volley",
      INSTALL,
      "chmod -R a+rX /opt/volley && chmod 755 bin/volley fleet/tune-system-limits.sh",
      "fleet/tune-system-limits.sh",
      `printf 'VOLLEY_STORE=%s\\nAWS_REGION=%s\\n' s3:${bucket.bucketName} ` +
        `${Stack.of(this).region} > /etc/volley/host.env`,
      `echo VOLLEY_WORKERS=${workersPerHost} >> /etc/volley/host.env`,
      ...(spot ? ["echo VOLLEY_METADATA=http://169.254.169.254 >> /etc/volley/host.env"] : []),
      // Host names contain no quotes: the JSON is in single quotes, for the shell and for systemd.
      `printf "VOLLEY_GUARDS='%s'\\n" '${guards}' >> /etc/volley/host.env`,
      "cp fleet/volley-host.service /etc/systemd/system/ && systemctl enable --now volley-host",
    );
    return userData;
  }

  /** Lets Plan set the number of hosts that the run needs; Plan then waits for them. */
  #raise({ plan, maxHosts, workersPerHost }: FleetProps): void {
    plan.addEnvironment("VOLLEY_FLEET_GROUP", this.group.autoScalingGroupName);
    plan.addEnvironment("VOLLEY_FLEET_MAX_HOSTS", String(maxHosts));
    plan.addEnvironment("VOLLEY_FLEET_WORKERS_PER_HOST", String(workersPerHost));
    plan.addToRolePolicy(
      new PolicyStatement({
        actions: ["autoscaling:SetDesiredCapacity", "autoscaling:SuspendProcesses"],
        resources: [this.group.autoScalingGroupArn],
      }),
    );
    // This action knows no resources.
    plan.addToRolePolicy(new PolicyStatement({ actions: ["autoscaling:DescribeAutoScalingGroups"], resources: ["*"] }));
  }

  /** Releases the hosts however an execution ends: an aborted state machine could not do it itself. */
  #release({ stateMachine, logRetention }: FleetProps): HandlerFunction {
    const statements: [actions: string[], resources: string[]][] = [
      [["states:ListExecutions"], [stateMachine.stateMachineArn]],
      [["autoscaling:SetDesiredCapacity"], [this.group.autoScalingGroupArn]],
    ];
    const release = bundledFunction(this, "release", {
      description: "Releases the fleet's hosts when no run is in progress",
      memorySize: 256,
      timeout: Duration.minutes(1),
      idPrefix: "Release",
      logRetention,
      statements: statements.map(([actions, resources]) => new PolicyStatement({ actions, resources })),
      environment: {
        VOLLEY_STATE_MACHINE: stateMachine.stateMachineArn,
        VOLLEY_FLEET_GROUP: this.group.autoScalingGroupName,
      },
    });
    onExecutionEnded(this, "A run has ended", stateMachine, new LambdaFunction(release));
    // An event may be lost, or the list of executions may lag; unneeded hosts would then cost money until the next run
    // ends.
    new Rule(this, "Backstop", {
      description: "Releases hosts that the end of an execution did not",
      schedule: Schedule.rate(Duration.minutes(15)),
      targets: [new LambdaFunction(release)],
    });
    return release;
  }
}
