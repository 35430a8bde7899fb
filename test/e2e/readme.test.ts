import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { startGateway } from "../../lib/gateway/gateway.ts";
import { gatewaySchema } from "../../lib/plan/gatewaySchema.ts";
import { temporaryFolder } from "../support/folder.ts";
import { type Ended, ROOT, volley } from "../support/volley.ts";

const README = readFileSync(`${ROOT}README.md`, "utf8");

/** The README's blocks of a language, in order. */
function blocks(language: string): string[] {
  return [...README.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map(([, text = ""]) => text);
}

/** The arguments of every `npx volley` line, without the comment behind it. */
const COMMANDS = blocks("sh")
  .flatMap((block) => block.split("\n"))
  .flatMap((line) => /^npx volley (.*?)(\s+#.*)?$/.exec(line)?.[1] ?? []);

/** What each command prints; those that are not here need AWS, minutes, or a browser, and their options are checked. */
const SHAPES: [command: RegExp, shape: RegExp][] = [
  [/^ping /, /\b200\b[\s\S]*"result"/],
  [/^attack /, /attack: [\s\S]*requests in 1s[\s\S]*report\.html/],
  [/^init /, /plan\.json/],
  [/^lint /, /can be run, \d+ warnings/],
  [/^plan /, /kava[\s\S]*Estimate in AWS/],
  [/^run plans\/evening\.json$/, /evening: [\s\S]*ethereum[\s\S]*kava[\s\S]*report\.json/],
  [/^report /, /evening: [\s\S]*SLO/],
  [/^runs/, /^evening-\S+ +(passed|SLO missed|invalid)/m],
  [/^export /, /^chain,|^second,|,/],
];

interface Place {
  folder: string;
  origin: string;
}

/** A folder with the README's own plan, and a server where its plan says that one is. */
async function place(t: TestContext): Promise<Place> {
  const folder = temporaryFolder(t);
  const gateway = await startGateway(gatewaySchema.parse({ port: 0 }));
  t.after(() => gateway.close());
  mkdirSync(`${folder}/plans`);
  cpSync(`${ROOT}plans/targets`, `${folder}/plans/targets`, { recursive: true });
  const plan = blocks("json").find((block) => block.includes('"chains"')) ?? assert.fail("the README shows a plan");
  writeFileSync(`${folder}/plans/evening.json`, plan);
  const [, call] = /^echo '(.*)' > call\.json$/m.exec(README) ?? assert.fail("the README shows a call");
  writeFileSync(`${folder}/call.json`, call ?? "");
  return { folder, origin: `${gateway.origin}/api/gateway?endpoint=ETH_ENDPOINT_ID` };
}

/** Runs a command of the README with its places and times changed to the test's. */
async function ran(command: string, { folder, origin }: Place): Promise<Ended> {
  const [run = ""] = command.includes("runs/<")
    ? readdirSync(`${folder}/runs`).filter((id) => /^evening/.test(id))
    : [];
  const args = command
    .replace("http://127.0.0.1:8545", origin)
    .replace("--rps 500 --duration 30s", "--rps 20 --duration 1s")
    .replace("@call.json", `@${folder}/call.json`)
    .replace("plans/evening.json", `${folder}/plans/evening.json`)
    .replace(/runs\/<\w+>/g, `${folder}/runs/${run}`)
    .split(" ");
  const isRun = args[0] === "run";
  const own = isRun ? ["--origin", new URL(origin).origin, "--duration", "2s", "--target-rps", "40"] : [];
  const out = /^(run|attack|runs)$/.test(args[0] ?? "") ? ["--out", folder] : [];
  const file = args[0] === "init" ? ["--out", `${folder}/plan.json`] : [];
  return volley([...args, ...own, ...out, ...file]);
}

test("the README's commands print what it says, in its order, with its own plan", { timeout: 170_000 }, async (t) => {
  const own = await place(t);
  const told: string[] = [];
  for (const command of COMMANDS) {
    const shape = SHAPES.find(([pattern]) => pattern.test(command))?.[1];
    if (!shape) continue;
    told.push(command.split(" ")[0] ?? "");
    const { stdout, stderr, code } = await ran(command, own);
    assert.match(stdout + stderr, shape, command);
    assert.ok(code === 0 || /^(run|attack|report)/.test(command), `${command}: ${code} ${stderr}`);
  }
  assert.deepEqual(told, ["ping", "attack", "init", "lint", "plan", "run", "report", "runs", "export"]);
});

test("every command and option that the README names is there", async () => {
  for (const command of COMMANDS) {
    const [name = "", ...rest] = command.split(" ");
    const help = (await volley([name, "--help"])).stdout;
    assert.match(help, new RegExp(`^Usage: volley ${name} `), command);
    for (const option of rest.filter((each) => /^--\w/.test(each))) {
      assert.ok(help.includes(`${option} `), `${command}: ${option}`);
    }
  }
});
