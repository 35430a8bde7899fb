/** Formats a time in ms for a sentence, to a tenth. */
export function ms(value: number): string {
  return `${Number(value.toFixed(1))} ms`;
}

/** Formats a share for a sentence, in percent to three decimal places. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(3))} %`;
}
