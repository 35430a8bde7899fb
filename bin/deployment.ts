import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { InputError } from "../lib/plan/problems.ts";
import { S3Store } from "../lib/store/s3Store.ts";
import { isCredentialsError } from "./following.ts";

/** A run in a deployment, as listed by Step Functions. */
export interface DeployedRun {
  runId: string;
  status: string;
  startedAt: Date | undefined;
}

/** A stack's status and outputs. */
export interface StackFacts {
  status: string;
  outputs: ReadonlyMap<string, string>;
}

/** A stack deployed by `cdk deploy`, with the operations that a person needs. */
export class Deployment {
  /** The stack's name. */
  readonly stack: string;
  readonly store: S3Store;
  readonly facts: StackFacts;
  readonly stateMachineArn: string;
  readonly #states = new SFNClient({ requestHandler: { connectionTimeout: 5_000, socketTimeout: 20_000 } });

  constructor(
    stack: string,
    bucket: string,
    stateMachineArn: string,
    facts: StackFacts = { status: "", outputs: new Map() },
  ) {
    this.stack = stack;
    this.facts = facts;
    this.store = new S3Store(bucket);
    this.stateMachineArn = stateMachineArn;
  }

  /** Starts a run of a plan stored under this key. Can be called again if the response was lost. */
  async start(runId: string, planKey: string): Promise<void> {
    const input = JSON.stringify({ planKey });
    const command = new StartExecutionCommand({ stateMachineArn: this.stateMachineArn, name: runId, input });
    await this.#states.send(command).catch((error: Error) => {
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
    });
  }

  /** The status of a run's execution, with its error if it failed; undefined if there is none with this id. */
  async status(runId: string): Promise<{ status: string; error: string } | undefined> {
    const executionArn = `${this.stateMachineArn.replace(":stateMachine:", ":execution:")}:${runId}`;
    try {
      const {
        status = "",
        error = "",
        cause = "",
      } = await this.#states.send(new DescribeExecutionCommand({ executionArn }));
      return { status, error: [error, cause].filter(Boolean).join(": ") };
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return undefined;
      throw error;
    }
  }

  /** The newest runs, latest first. */
  async list(): Promise<DeployedRun[]> {
    const { executions = [] } = await this.#states.send(
      new ListExecutionsCommand({ stateMachineArn: this.stateMachineArn, maxResults: 50 }),
    );
    return executions.map(({ name = "", status = "", startDate }) => ({ runId: name, status, startedAt: startDate }));
  }
}

/**
 * Finds a stack's bucket and state machine by its outputs. Throws an InputError if there is no such stack, or AWS does not
 * accept who asks; rejects with AWS's error if AWS does not answer.
 */
export async function openDeployment(stack: string): Promise<Deployment> {
  const refused = (found: string, expected: string): InputError =>
    new InputError(`--stack ${stack}`, [{ where: "AWS", found, expected }]);
  const found = await new CloudFormationClient({ maxAttempts: MAX_ATTEMPTS })
    .send(new DescribeStacksCommand({ StackName: stack }))
    .catch((error: Error) => {
      const expected = expectedInstead(error);
      throw expected === undefined ? error : refused(error.message, expected);
    });
  const [described] = found.Stacks ?? [];
  const outputs = new Map(described?.Outputs?.map(({ OutputKey = "", OutputValue = "" }) => [OutputKey, OutputValue]));
  const bucket = outputs.get("Bucket");
  const stateMachineArn = outputs.get("StateMachineArn");
  if (bucket === undefined || stateMachineArn === undefined) throw refused("a stack without Volley's outputs", A_STACK);
  return new Deployment(stack, bucket, stateMachineArn, { status: described?.StackStatus ?? "", outputs });
}

/** How often a call that opens a deployment is tried, with the SDK's growing pauses: some seconds in all. */
const MAX_ATTEMPTS = 6;

const A_STACK = "the name of a stack that `cdk deploy` has put up in this account and region";

/** What a person has to give instead of what AWS refused; undefined if the error has another cause. */
function expectedInstead(error: Error): string | undefined {
  if (isCredentialsError(error)) return "credentials that AWS accepts: aws sso login, or new keys in the environment";
  if (/^AccessDenied/.test(error.name))
    return "a person who has the stack's operator policy (output OperatorPolicyArn)";
  if (/\bregion\b/i.test(error.message)) return "a region: AWS_REGION, or one in the profile";
  return error.name === "ValidationError" ? A_STACK : undefined;
}
