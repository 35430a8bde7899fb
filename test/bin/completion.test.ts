import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { makeProgram } from "../../bin/program.ts";
import { volley } from "../support/volley.ts";

/** What bash would offer after a command line; the last word may be empty. */
function offered(script: string, line: string): string[] {
  const words = line.split(" ");
  const asked = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _volley; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", `${script}\n${asked}`], { encoding: "utf8" })
    .split("\n")
    .filter(Boolean);
}

test("bash completes commands, a command's options and an option's values, and leaves files to the shell", async () => {
  const { stdout: script } = await volley(["completion", "bash"]);
  assert.deepEqual(offered(script, "volley re"), ["report", "resume"]);
  assert.deepEqual(offered(script, "volley run --da"), ["--dashboard"]);
  assert.deepEqual(offered(script, "volley export run --format vegeta"), ["vegeta", "vegeta-json"]);
  assert.deepEqual(offered(script, "volley run pl"), []);
  assert.deepEqual(offered(script, "volley run "), [], "options are offered after a dash only");
  assert.deepEqual(offered(script, "volley host --life"), [], "hidden options stay hidden");
});

test("zsh and fish are given each command with its description", async () => {
  const [zsh, fish] = await Promise.all(["zsh", "fish"].map((shell) => volley(["completion", shell])));
  for (const command of makeProgram().commands) {
    const description = command.description().replaceAll("'", "’");
    assert.ok(zsh?.stdout.includes(`'${command.name()}:${description}'`), command.name());
    assert.ok(fish?.stdout.includes(` -a ${command.name()} -d '${description}'`), command.name());
  }
});

test("zsh and fish are given each command's options, and fish an option's values", async () => {
  const [zsh = "", fish = ""] = await Promise.all(
    ["zsh", "fish"].map(async (shell) => (await volley(["completion", shell])).stdout),
  );
  for (const command of makeProgram().commands) {
    const inZsh = zsh.split("\n").find((line) => line.startsWith(`    ${command.name()}) options=(`)) ?? "";
    const inFish = fish.split("\n").filter((line) => line.includes(`__fish_seen_subcommand_from ${command.name()}'`));
    for (const { long = "", hidden } of command.options) {
      const places = [inZsh.includes(`'${long}:`), inFish.some((line) => line.includes(` -l ${long.slice(2)} `))];
      assert.deepEqual(places, [!hidden, !hidden], `${command.name()} ${long}`);
    }
  }
  assert.match(fish, /-l format -x -a '[^']*vegeta vegeta-json[^']*'/);
  assert.match(zsh, /_describe -o option options/, "without -o, zsh offers options in the place of files");
});
