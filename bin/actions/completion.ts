import type { Command, Option } from "commander";
import { makeProgram } from "../program.ts";
import type { Shell } from "../shells.ts";

/** Prints a shell's completion script. */
export function printCompletion(shell: Shell): void {
  process.stdout.write(SCRIPTS[shell](makeProgram().commands));
}

const SCRIPTS: Record<Shell, (commands: readonly Command[]) => string> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** Completes commands and options, and files if neither matches. */
function bashScript(commands: readonly Command[]): string {
  const options = commands.map((command) => `    ${command.name()}) words="${names(command).join(" ")}" ;;`);
  const choices = choicesOf(commands).map(({ command, option, values }) => {
    return `    "${command} ${option}") COMPREPLY=($(compgen -W "${values.join(" ")}" -- "$word")); return ;;`;
  });
  return `_volley() {
  local word=\${COMP_WORDS[COMP_CWORD]} words=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map((command) => command.name()).join(" ")}" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]} \${COMP_WORDS[COMP_CWORD-1]}" in
${choices.join("\n")}
  esac
  case \${COMP_WORDS[1]} in
${options.join("\n")}
  esac
  case $word in -*) COMPREPLY=($(compgen -W "$words" -- "$word")) ;; esac
}
complete -o default -F _volley volley
`;
}

function zshScript(commands: readonly Command[]): string {
  const described = (name: string, text: string): string => quoted(`${name.replaceAll(":", "\\:")}:${text}`);
  const options = commands.map((command) => {
    const each = visible(command).map((option) => described(option.long ?? "", option.description));
    return `    ${command.name()}) options=(${each.join(" ")}) ;;`;
  });
  return `#compdef volley
_volley() {
  local -a commands options
  commands=(${commands.map((command) => described(command.name(), command.description())).join(" ")})
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
${options.join("\n")}
  esac
  if [[ $PREFIX == -* ]]; then _describe -o option options; else _files; fi
}
compdef _volley volley
`;
}

function fishScript(commands: readonly Command[]): string {
  const lines = commands.flatMap((command) => [
    `complete -c volley -n __fish_use_subcommand -f -a ${command.name()} -d ${quoted(command.description())}`,
    ...visible(command).map((option) => {
      const values = option.argChoices ? ` -x -a ${quoted(option.argChoices.join(" "))}` : option.required ? " -r" : "";
      const seen = quoted(`__fish_seen_subcommand_from ${command.name()}`);
      return `complete -c volley -n ${seen} -l ${option.long?.slice(2)}${values} -d ${quoted(option.description)}`;
    }),
  ]);
  return `${lines.join("\n")}\n`;
}

function visible(command: Command): Option[] {
  return command.options.filter(({ hidden, long }) => !hidden && long !== undefined);
}

function names(command: Command): string[] {
  return [...visible(command).flatMap(({ long }) => long ?? []), "--help"];
}

/** The options with a fixed set of values. */
function choicesOf(commands: readonly Command[]): { command: string; option: string; values: string[] }[] {
  return commands.flatMap((command) =>
    visible(command).flatMap(({ long, argChoices }) =>
      long && argChoices ? [{ command: command.name(), option: long, values: argChoices }] : [],
    ),
  );
}

/**
 * Quotes text as one word of a shell, without quotes and backslashes: a quote ends the word in fish and zsh, and fish
 * also interprets backslashes.
 */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "").replaceAll("'", "’")}'`;
}
