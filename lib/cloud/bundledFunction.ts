import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { RemovalPolicy } from "aws-cdk-lib";
import { ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, Code, type FunctionOptions, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { type ICommandHooks, NodejsFunction, OutputFormat } from "aws-cdk-lib/aws-lambda-nodejs";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { REDUCER_OPTIONS } from "../results/reduce.ts";
import { BESIDE, type BesideFile, BUNDLING } from "./bundling.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Whether this is a package's JavaScript, which comes with bundled functions, rather than the sources. */
export const IS_BUILT = import.meta.url.endsWith(".js");

/** The settings of one function. */
interface BundledFunctionProps extends Omit<FunctionOptions, "architecture" | "role" | "logGroup"> {
  /** What the ids of the function's log group and role begin with. */
  idPrefix: string;
  logRetention: RetentionDays;
  /** What the function may do besides writing its log. */
  statements: readonly PolicyStatement[];
}

/** A function with a separate log group, and a separate role that allows only what the function does. */
export function bundledFunction(
  scope: Construct,
  name: keyof typeof BESIDE,
  { idPrefix, logRetention, statements, ...options }: BundledFunctionProps,
): LambdaFunction {
  const logGroup = new LogGroup(scope, `${idPrefix}Log`, {
    retention: logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new Role(scope, `${idPrefix}Role`, { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  if (options.vpc) {
    role.addManagedPolicy(ManagedPolicy.fromAwsManagedPolicyName("service-role/AWSLambdaVPCAccessExecutionRole"));
  }
  const logWrites = new PolicyStatement({
    actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
    resources: [logGroup.logGroupArn],
  });
  for (const statement of [logWrites, ...statements]) role.addToPolicy(statement);
  return bundled(scope, name, { ...options, role, logGroup });
}

/**
 * A function whose handler is functions/<name>.ts, bundled into one file: by esbuild when the stack is synthesized from
 * the sources, or in advance in a package.
 */
function bundled(
  scope: Construct,
  name: keyof typeof BESIDE,
  props: Omit<FunctionOptions, "architecture">,
): LambdaFunction {
  // Errors in the log then name the sources' lines instead of the bundle's.
  const nodeOptions = ["--enable-source-maps", ...(name === "reduce" ? REDUCER_OPTIONS : [])].join(" ");
  const environment = { ...props.environment, NODE_OPTIONS: nodeOptions };
  const shared = { ...props, environment, runtime: Runtime.NODEJS_24_X, architecture: Architecture.ARM_64 };
  if (IS_BUILT) {
    return new LambdaFunction(scope, name, {
      ...shared,
      handler: "index.handler",
      code: Code.fromAsset(`${ROOT}bundles/${name}`),
    });
  }
  return new NodejsFunction(scope, name, {
    ...shared,
    entry: `${ROOT}functions/${name}.ts`,
    handler: "handler",
    projectRoot: ROOT,
    depsLockFilePath: `${ROOT}package-lock.json`,
    bundling: {
      ...BUNDLING,
      format: OutputFormat.ESM,
      minify: true,
      sourceMap: true,
      sourcesContent: false,
      bundleAwsSDK: true,
      commandHooks: copyBeside(BESIDE[name]),
    },
  });
}

/** Copies files next to a function's code. */
function copyBeside(files: readonly BesideFile[]): ICommandHooks {
  return {
    beforeBundling: () => [],
    beforeInstall: () => [],
    afterBundling: (inputDir, outputDir) =>
      files.flatMap(([from, to]) => [
        `mkdir -p ${dirname(`${outputDir}/${to}`)}`,
        `cp -p ${inputDir}/${from} ${outputDir}/${to}`,
      ]),
  };
}
