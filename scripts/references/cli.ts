import { hostname } from "node:os";
import type { Command } from "commander";
import { makeProgram } from "../../bin/program.ts";

/** The width of the help in the reference, independent of the terminal. */
const COLUMNS = 100;

/** docs/reference/cli.md: the help of each command. */
export function cliReference(): string {
  const program = makeProgram();
  const commands = program.commands.toSorted((a, b) => (a.name() < b.name() ? -1 : 1));
  const parts = commands.map((command) => `## volley ${command.name()}\n\n${helpOf(command)}`);
  return `# The command line

What \`volley --help\` and each command's \`--help\` print.

${helpOf(program)}
${parts.join("\n")}`;
}

/** A command's help, without wrapping the examples' indentation, and without this machine's name. */
function helpOf(command: Command): string {
  let text = "";
  command
    .configureHelp({ helpWidth: COLUMNS })
    .configureOutput({ writeOut: (written) => (text += written), getOutHasColors: () => false })
    .outputHelp();
  return `\`\`\`\n${text.replaceAll(JSON.stringify(hostname()), '"<this host>"').trim()}\n\`\`\`\n`;
}
