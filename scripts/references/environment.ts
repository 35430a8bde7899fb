import { code, table } from "./markdown.ts";

/** An environment variable that Volley reads. */
interface Variable {
  name: string;
  meaning: string;
}

/** Variables that a person sets. */
const YOURS: readonly Variable[] = [
  { name: "VOLLEY_STORE", meaning: "`volley host`: where runs are kept, instead of `--store`" },
  { name: "VOLLEY_ENDPOINT", meaning: "`volley host`: the endpoint of Step Functions, instead of `--endpoint`" },
  {
    name: "VOLLEY_METADATA",
    meaning:
      "`volley host`: where a Spot instance asks for its interruption notice, `http://169.254.169.254`; nobody asks without it",
  },
  { name: "VOLLEY_WORKERS", meaning: "`volley host`: how many assignments it runs at once, instead of `--workers`" },
  { name: "VOLLEY_SECRET_…", meaning: "in a deployment, the secrets that plans name by `env://`" },
  { name: "COLUMNS", meaning: "how wide text is printed if the output is not a terminal" },
  { name: "NO_COLOR", meaning: "no colours (https://no-color.org)" },
  { name: "FORCE_COLOR", meaning: "colours even if the output is not a terminal (https://force-color.org)" },
  { name: "TERM", meaning: "`dumb`: no colours, and nothing is redrawn" },
  { name: "CI", meaning: "progress is printed in lines and never redrawn" },
];

/** Variables that a deployment, a fleet or the local runner sets for the processes it starts. */
const INTERNAL: readonly Variable[] = [
  { name: "AWS_LAMBDA_FUNCTION_NAME", meaning: "set by Lambda: a function without guards then allows nothing" },
  { name: "VOLLEY_CORES", meaning: "how many cores the workers share, which sets how early they are started" },
  { name: "VOLLEY_FLEET_GROUP", meaning: "the Auto Scaling group of the fleet's hosts" },
  { name: "VOLLEY_FLEET_MAX_HOSTS", meaning: "the maximum number of hosts in the fleet" },
  { name: "VOLLEY_FLEET_WAIT_MS", meaning: "how long a run waits for its hosts, in ms" },
  { name: "VOLLEY_FLEET_WORKERS_PER_HOST", meaning: "how many workers each host of the fleet runs" },
  { name: "VOLLEY_GUARDS", meaning: "what the deployment allows, as JSON" },
  { name: "VOLLEY_HOST", meaning: "the host that a worker runs on" },
  { name: "VOLLEY_HOST_SETUP", meaning: "tests: a command that is run in each host's network before it starts" },
  { name: "VOLLEY_LEAD_MS", meaning: "how long before their first request workers are started, in ms" },
  { name: "VOLLEY_LEAD_PER_MB_MS", meaning: "how much earlier for each MB of the plan, in ms" },
  { name: "VOLLEY_LEAD_PER_WORKER_MS", meaning: "how much earlier for each worker, in ms" },
  { name: "VOLLEY_LIST_LAG_MS", meaning: "how long Step Functions may list an execution that has ended, in ms" },
  {
    name: "VOLLEY_METRICS_STACK",
    meaning: "the stack's name, under which workers and Reduce log metrics for CloudWatch",
  },
  { name: "VOLLEY_SEALING_KEY", meaning: "the KMS key by which Plan encrypts the secrets of a run" },
  { name: "VOLLEY_STATE_MACHINE", meaning: "the state machine whose executions need the fleet" },
  { name: "VOLLEY_TOPIC", meaning: "the topic for messages about scheduled runs" },
  { name: "VOLLEY_HOME_REGION", meaning: "the region of the bucket and the keys, if the worker is in another one" },
  { name: "VOLLEY_REGION_WORKER", meaning: "the name of the workers' function in other regions" },
  { name: "VOLLEY_WAKES", meaning: "functions that Plan wakes after weeks without a call" },
  { name: "VOLLEY_WORKERS_PER_REDUCER", meaning: "how many workers' results one reducer merges" },
];

/** The names of all environment variables that the sources read. */
export const VARIABLES: readonly string[] = [...YOURS, ...INTERNAL].map(({ name }) => name);

/** docs/reference/environment.md: every environment variable. */
export function environmentReference(): string {
  const rows = (variables: readonly Variable[]): string[][] =>
    variables.map(({ name, meaning }) => [code(name), meaning]);
  return `# Environment variables

A plan may use any variable: \`\${NAME}\` in its text, \`env://NAME\` as a secret. The AWS SDK reads its own, such as
\`AWS_PROFILE\` and \`AWS_REGION\`.

## Yours to set

${table(["variable", "meaning"], rows(YOURS))}
## Set by Volley for what it starts

${table(["variable", "meaning"], rows(INTERNAL))}`;
}
