import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { temporaryFolder } from "../support/folder.ts";
import { requireProgram } from "../support/programs.ts";
import { answeringServer, jsonResponse, RELAY } from "../support/servers.ts";
import { ROOT } from "../support/volley.ts";

const ESC = "\u001b";
/** A colour that is switched on. */
const COLOUR = new RegExp(`${ESC}\\[(3[0-7]|1|9[0-7])m`);
/** The line before is written anew. */
const UP = new RegExp(`${ESC}\\[1A|${ESC}\\[\\d*A`);

/** A terminal's rows, and variables of the environment. */
type Env = { rows?: number } & Record<string, string | number>;

/** What a run prints in a terminal of its own, by util-linux' script. */
async function inTerminal(t: TestContext, more: string, { rows = 40, ...env }: Env = {}): Promise<string | undefined> {
  const script = requireProgram(t, "script", "bsdutils");
  if (script === undefined) return undefined;
  const { origin } = await answeringServer(t, () => jsonResponse(RELAY));
  const body = '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}';
  const command = `stty cols 100 rows ${rows}; ${ROOT}bin/volley attack ${origin} --rps 20 --duration 2s --body '${body}' --out ${temporaryFolder(t)} ${more}`;
  const { CI: _, NO_COLOR: _none, FORCE_COLOR: _forced, ...rest } = process.env;
  const child = spawn(script, ["-qfec", command, "/dev/null"], {
    env: { ...rest, TERM: "xterm-256color", ...(env as Record<string, string>) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  await once(child, "close");
  return printed;
}

test("in a terminal progress is redrawn in place, in colours, and what Ctrl-C does is said first", async (t) => {
  const printed = await inTerminal(t, "");
  if (printed === undefined) return;
  assert.match(printed, /Ctrl-C +stops the workers and reports what was measured/);
  assert.ok(printed.indexOf("Ctrl-C") < printed.indexOf("achieved/s"));
  assert.match(printed, UP);
  assert.match(printed, COLOUR);
  assert.match(printed, /results +\S+\/runs\/attack-/);
  for (const line of printed.split("\n")) assert.ok(stripVTControlCharacters(line).trimEnd().length <= 100, line);
});

test("NO_COLOR and --no-color leave a terminal's colours out, and CI its redrawing", async (t) => {
  const [plain, inCi] = await Promise.all([
    inTerminal(t, "--no-color"),
    inTerminal(t, "", { CI: "true", NO_COLOR: "1" }),
  ]);
  if (plain === undefined) return;
  assert.doesNotMatch(plain, COLOUR);
  assert.doesNotMatch(inCi ?? "", COLOUR);
  assert.doesNotMatch(inCi ?? "", UP);
});

test("in a terminal without rows progress is printed in lines", async (t) => {
  const printed = await inTerminal(t, "", { rows: 0 });
  if (printed === undefined) return;
  assert.match(printed, /attack \d+\/\d+ rps, \d+ % ok/);
  assert.doesNotMatch(printed, UP);
});
