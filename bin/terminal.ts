import { TEXT_COLUMNS } from "../lib/report/table.ts";

/** How text is printed: with or without colours, and in how many columns. */
export interface TextStyle {
  colour: boolean;
  columns: number;
}

/** Narrower widths are treated as this many columns: no table fits in fewer. */
const MIN_COLUMNS = 40;

/** The options that control a command's output. */
export interface OutputOptions {
  /** False if `--no-color` was given. */
  color?: boolean;
  quiet?: boolean;
  json?: boolean;
}

/**
 * How to print text to a stream. Colours: not with `--no-color` or NO_COLOR, always with FORCE_COLOR, otherwise only in
 * a terminal (https://no-color.org, https://force-color.org). Columns: the terminal's, COLUMNS, or 120.
 */
export function textStyle(
  stream: NodeJS.WriteStream,
  { color = true }: OutputOptions,
  env: NodeJS.ProcessEnv = process.env,
): TextStyle {
  const isForced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "" && env.FORCE_COLOR !== "0";
  const isTerminal = stream.isTTY === true && env.TERM !== "dumb";
  const named = Number(env.COLUMNS);
  const columns = stream.columns ?? (Number.isInteger(named) && named > 0 ? named : TEXT_COLUMNS);
  return {
    colour: color && !env.NO_COLOR && (isForced || isTerminal),
    columns: Math.max(MIN_COLUMNS, columns),
  };
}
