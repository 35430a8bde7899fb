import { fileURLToPath } from "node:url";
import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { AutoScalingGroup, BlockDeviceVolume, EbsDeviceVolumeType } from "aws-cdk-lib/aws-autoscaling";
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
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import type { Activity, StateMachine } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { WRITES } from "../store/writes.ts";
import { bundledFunction, IS_BUILT } from "./functions.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What of the repository, or of a package, a host needs. */
const NOT_NEEDED = ["*", "!bin", "!bin/**", "!lib", "!lib/**", "!functions", "!functions/**", "!fleet", "!fleet/**"];
const FILES = ["!package.json", "!package-lock.json", "!tsconfig.json", "!statemachines", "!statemachines/**"];
const NODE_24 = ["!tools", "!tools/**"];

/** How a host gets the dependencies: a package brings no lock file, and its versions are exact. */
const INSTALL = IS_BUILT ? "npm install --omit=dev --no-package-lock" : "npm ci --omit=dev";

/** What a fleet is made of. */
export interface FleetProps {
  bucket: Bucket;
  activity: Activity;
  stateMachine: StateMachine;
  /** Plan, which raises the fleet for a run. */
  plan: HandlerFunction;
  /** Most hosts at once. */
  maxHosts: number;
  /** By the network's baseline that the load needs: a c7g.large has 0.94 Gbit/s of it. */
  instanceType: string;
  spot: boolean;
  secretArns: string[];
  /** What the deployment allows, as JSON: its hosts hold each plan against it. */
  guards: string;
  logRetention: RetentionDays;
  /** The network with fixed egress addresses, or one that was there, where the deployment has either. */
  vpc: IVpc | undefined;
  /** Its subnets. */
  vpcSubnets: SubnetSelection;
}

/** EC2 hosts that a run raises and that are given back when it has ended, however it ended. At rest there are none. */
export class Fleet extends Construct {
  readonly group: AutoScalingGroup;

  constructor(scope: Construct, id: string, props: FleetProps) {
    super(scope, id);
    const vpc = props.vpc ?? this.#publicNetwork();
    const role = this.#role(props);
    const code = new Asset(this, "Code", { path: ROOT, exclude: [...NOT_NEEDED, ...FILES, ...NODE_24] });
    // Just this object: grantRead would open the bucket of all deployments' assets.
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
      // Without a desired number a deployment leaves what a run has set.
      minCapacity: 0,
      maxCapacity: props.maxHosts,
    });
    this.#raise(props);
    this.#release(props);
  }

  /** Public subnets alone: hosts have addresses of their own, and no NAT gateway costs by the hour. */
  #publicNetwork(): Vpc {
    return new Vpc(this, "Network", {
      ipAddresses: IpAddresses.cidr("10.84.16.0/22"),
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: "hosts", subnetType: SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false }],
    });
  }

  #role({ bucket, activity, secretArns }: FleetProps): Role {
    const role = new Role(this, "HostRole", {
      assumedBy: new ServicePrincipal("ec2.amazonaws.com"),
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName("AmazonSSMManagedInstanceCore")],
    });
    const writes = WRITES.attack.map((pattern) => bucket.arnForObjects(pattern));
    const statements: [actions: string[], resources: string[]][] = [
      [["states:GetActivityTask"], [activity.activityArn]],
      // A task is named by its token, which only who was given it has.
      [["states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"], ["*"]],
      [["s3:GetObject"], [bucket.arnForObjects("runs/*")]],
      [["s3:ListBucket"], [bucket.bucketArn]],
      [
        ["s3:PutObject", "s3:PutObjectTagging"],
        [...writes, bucket.arnForObjects("hosts/*"), bucket.arnForObjects("hosts-failed/*")],
      ],
    ];
    if (secretArns.length > 0) statements.push([["secretsmanager:GetSecretValue", "ssm:GetParameter"], secretArns]);
    for (const [actions, resources] of statements) role.addToPolicy(new PolicyStatement({ actions, resources }));
    return role;
  }

  /** Installs Volley with what npm's registry gives, tunes the host, starts the service. */
  #userData(code: Asset, { bucket, activity, guards }: FleetProps): UserData {
    const userData = UserData.forLinux();
    // Whatever fails, Plan tells the end of the log to whoever waits for this host.
    const failed = `s3://${bucket.bucketName}/hosts-failed/$(hostname).txt`;
    userData.addCommands(
      "set -eu",
      // The service's user reads what root unpacks here.
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
      `printf 'VOLLEY_ACTIVITY=%s\\nVOLLEY_STORE=%s\\nAWS_REGION=%s\\n' ${activity.activityArn} s3:${bucket.bucketName} ` +
        `${Stack.of(this).region} > /etc/volley/host.env`,
      // Hosts hold no quotes: the JSON stands in single ones, for the shell and for systemd.
      `printf "VOLLEY_GUARDS='%s'\\n" '${guards}' >> /etc/volley/host.env`,
      "cp fleet/volley-host.service /etc/systemd/system/ && systemctl enable --now volley-host",
    );
    return userData;
  }

  /** Plan sets how many hosts the run needs, and waits for them. */
  #raise({ plan, maxHosts }: FleetProps): void {
    plan.addEnvironment("VOLLEY_FLEET_GROUP", this.group.autoScalingGroupName);
    plan.addEnvironment("VOLLEY_FLEET_MAX_HOSTS", String(maxHosts));
    plan.addToRolePolicy(
      new PolicyStatement({
        actions: ["autoscaling:SetDesiredCapacity", "autoscaling:SuspendProcesses"],
        resources: [this.group.autoScalingGroupArn],
      }),
    );
  }

  /** However an execution ends: the state machine itself could not do it when it is aborted. */
  #release({ stateMachine, logRetention }: FleetProps): void {
    const logGroup = new LogGroup(this, "ReleaseLog", {
      retention: logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, "ReleaseRole", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    const statements: [actions: string[], resources: string[]][] = [
      [["logs:CreateLogStream", "logs:PutLogEvents"], [logGroup.logGroupArn]],
      [["states:ListExecutions"], [stateMachine.stateMachineArn]],
      [["autoscaling:SetDesiredCapacity"], [this.group.autoScalingGroupArn]],
    ];
    for (const [actions, resources] of statements) role.addToPolicy(new PolicyStatement({ actions, resources }));
    const release = bundledFunction(this, "release", {
      description: "Gives the fleet's hosts back when no run is on",
      memorySize: 256,
      timeout: Duration.minutes(1),
      role,
      logGroup,
      environment: {
        VOLLEY_STATE_MACHINE: stateMachine.stateMachineArn,
        VOLLEY_FLEET_GROUP: this.group.autoScalingGroupName,
      },
    });
    new Rule(this, "Ended", {
      description: "A run has ended",
      eventPattern: {
        source: ["aws.states"],
        detailType: ["Step Functions Execution Status Change"],
        detail: {
          status: ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
          stateMachineArn: [stateMachine.stateMachineArn],
        },
      },
      targets: [new LambdaFunction(release)],
    });
    // An event may be lost, and the list that it meets may lag: hosts that nobody needs would cost until the next run ends.
    new Rule(this, "Backstop", {
      description: "Gives hosts back that an execution's end did not",
      schedule: Schedule.rate(Duration.minutes(15)),
      targets: [new LambdaFunction(release)],
    });
  }
}

/** Whether an instance type is one of Graviton's: a g behind its generation. */
function isArm(instanceType: string): boolean {
  return /^[a-z]+\d+g/.test(instanceType);
}
