import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { arch, platform, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Report } from "../../lib/report/schema.ts";
import { ROOT } from "../support/volley.ts";

/* The package as its users meet it: packed, installed in a project without the sources, and used there. */

const manifest = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as {
  version: string;
  devDependencies: Record<string, string>;
};

/** What a project has besides Volley: the CDK for the construct, TypeScript to check the types. */
const BESIDE = ["aws-cdk-lib", "constructs", "typescript", "@types/node"].map(
  (name) => `${name}@${manifest.devDependencies[name]}`,
);

const PLAN = {
  name: "small",
  chains: [{ name: "kava", rps: 50, targets: "targets.txt" }],
  duration: "2s",
  gateway: {},
};

const TARGETS = `POST http://127.0.0.1:8545/api/gateway?endpoint=KAVA_ENDPOINT_ID
Content-Type: application/json

{"jsonrpc":"2.0","method":"eth_blockNumber","params":[],"id":1}
`;

const PROGRAM = `import { compare, InputError, loadPlan, type Report, run } from "volley";

try {
  loadPlan("missing.json");
} catch (error) {
  if (!(error instanceof InputError)) throw error;
}
const report: Report = await run(loadPlan("plan.json", { duration: "1s" }), { folder: "programs" });
const p99: number | undefined = report.total.responseTimeMs?.p99;
const isWorse = compare(report, report).differences.some((difference) => difference.isWorse);
console.log(JSON.stringify({ p99, scheduled: report.total.ledger.scheduled, isWorse }));
`;

const STACK = `import { App, Stack } from "aws-cdk-lib";
import { LoadTest, type LoadTestProps } from "volley/cdk";

const app = new App();
const props: LoadTestProps = { allowedHosts: ["gateway.example"], fleet: true };
new LoadTest(new Stack(app, "mine"), "LoadTest", props);
`;

const TSCONFIG = {
  compilerOptions: { strict: true, module: "nodenext", target: "es2023", noEmit: true, types: ["node"] },
  include: ["*.ts"],
};

interface Done {
  code: number;
  stdout: string;
  stderr: string;
}

const folder = mkdtempSync(join(tmpdir(), "volley-package-"));
const project = join(folder, "project");

/** Runs a program in the project, where `path` comes first on the PATH. */
async function inProject(command: string, args: readonly string[], path = ""): Promise<Done> {
  // Where the CDK's command would say that a stack is to be written.
  const env = { ...process.env, CDK_OUTDIR: "cdk.out", PATH: `${path}${path && ":"}${process.env.PATH}` };
  return new Promise((done) => {
    execFile(command, args, { cwd: project, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

async function succeed(command: string, args: readonly string[], path?: string): Promise<Done> {
  const result = await inProject(command, args, path);
  assert.equal(result.code, 0, `${command} ${args.join(" ")}\n${result.stdout}${result.stderr}`);
  return result;
}

/** Runs the plan by the installed command; `path` comes first on the PATH. Returns where its report is, without its ending. */
async function runPlan(out: string, path?: string): Promise<string> {
  const { code, stdout, stderr } = await inProject(volley, ["run", "plan.json", "--quiet", "--out", out], path);
  const [file] = globSync(`${out}/runs/*/report.json`, { cwd: project });
  assert.ok(file !== undefined, `${code}: ${stdout}${stderr}`);
  const { total } = JSON.parse(readFileSync(join(project, file), "utf8")) as Report;
  // On a busy machine some are missed: no request that was sent failed.
  const { scheduled, missed, valid } = total.ledger;
  assert.deepEqual([scheduled, valid], [100, 100 - missed]);
  return join(project, file.replace(".json", ""));
}

const volley = join(project, "node_modules/.bin/volley");
const npmInstall = ["install", "--prefer-offline", "--no-audit", "--no-fund"];

before(async () => {
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  writeFileSync(join(project, "plan.json"), JSON.stringify(PLAN));
  writeFileSync(join(project, "targets.txt"), TARGETS);
  writeFileSync(join(project, "program.ts"), PROGRAM);
  writeFileSync(join(project, "stack.ts"), STACK);
  cpSync(`${ROOT}examples/cdk/app.ts`, join(project, "example.ts"));
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(TSCONFIG));
  await succeed("npm", ["pack", ROOT, "--pack-destination", folder]);
  const { stderr } = await succeed("npm", [...npmInstall, join(folder, `volley-${manifest.version}.tgz`), ...BESIDE]);
  assert.doesNotMatch(stderr, /EBADENGINE/);
});

after(() => rmSync(folder, { recursive: true, force: true }));

test("the installed command runs a plan from its own folder, and its page is whole", async () => {
  const { stdout } = await succeed(volley, ["--version"]);
  assert.equal(stdout.trim(), manifest.version);
  const report = await runPlan("first");
  const page = readFileSync(`${report}.html`, "utf8");
  assert.match(page, /uPlot/);
});

test("it brings no Node of its own, which would take the place of the project's", () => {
  assert.deepEqual(globSync("node_modules/{.bin/node,node-*,@foundry-rs}", { cwd: project }), []);
});

test("TypeScript checks programs that import volley and volley/cdk, and the one that runs a plan works", async () => {
  await succeed(join(project, "node_modules/.bin/tsc"), ["-p", "."]);
  const { stdout } = await succeed("node", ["--disable-warning=ExperimentalWarning", "program.ts"]);
  const { p99, scheduled, isWorse } = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual([typeof p99, scheduled, isWorse], ["number", 50, false]);
});

/** Plan, Attack, Watch, Reduce, Next, the doctor, and what gives a fleet back. */
const FUNCTIONS = 7;

test("a stack around the construct is synthesized without the sources, its functions whole", async () => {
  await succeed("node", ["--disable-warning=ExperimentalWarning", "example.ts"]);
  assert.match(readFileSync(join(project, "cdk.out/load-test.template.json"), "utf8"), /gateway\.example/);
  await succeed("node", ["--disable-warning=ExperimentalWarning", "stack.ts"]);
  const template = readFileSync(join(project, "cdk.out/mine.template.json"), "utf8");
  const { Resources } = JSON.parse(template) as { Resources: Record<string, { Type: string; Properties: object }> };
  const handlers = Object.values(Resources).flatMap(({ Type, Properties }) => {
    const { Handler, Runtime } = Properties as Record<string, unknown>;
    return Type === "AWS::Lambda::Function" && Runtime === "nodejs24.x" ? [Handler] : [];
  });
  assert.deepEqual(handlers, Array(FUNCTIONS).fill("index.handler"));
  const page = globSync("cdk.out/asset.*/{index.mjs,page/page.js,node_modules/uplot/dist/uPlot.iife.min.js}", {
    cwd: project,
  });
  assert.equal(page.filter((path) => path.endsWith("index.mjs")).length, FUNCTIONS);
  assert.equal(page.filter((path) => path.endsWith("page.js")).length, 2);
  assert.equal(page.filter((path) => path.endsWith("uPlot.iife.min.js")).length, 2);
});

test("it runs a plan on Node 22, and on a Node beside it where the PATH's is older", async (t) => {
  if (platform() !== "linux") return t.skip("the packages of Node are for Linux");
  const node22 = `node-linux-${arch()}`;
  await succeed("npm", [...npmInstall, `${node22}@22`]);
  const bin = join(project, "node_modules", node22, "bin");
  const { stdout } = await succeed("node", ["--version"], bin);
  assert.match(stdout, /^v22\./);
  await runPlan("on-22", bin);

  const old = join(folder, "old");
  mkdirSync(old);
  writeFileSync(join(old, "node"), "#!/bin/sh\necho v20.20.2\n", { mode: 0o755 });
  await runPlan("on-old", old);
});
