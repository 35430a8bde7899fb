import { Argument, Command } from "commander";
import { SHELLS, type Shell } from "../shells.ts";

/** `volley completion SHELL`. */
export function completionCommand(): Command {
  return new Command("completion")
    .description("Print a script that completes Volley's commands and options in a shell.")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .addHelpText(
      "after",
      `
Examples:
  source <(volley completion bash)                                     in ~/.bashrc
  source <(volley completion zsh)                                      in ~/.zshrc
  volley completion fish > ~/.config/fish/completions/volley.fish`,
    )
    .action(async (shell: Shell) => {
      const { printCompletion } = await import("../actions/completion.ts");
      printCompletion(shell);
    });
}
