/** Formats a time in ms for a sentence, to a tenth. */
export function ms(value: number): string {
  return `${Number(value.toFixed(1))} ms`;
}

/** Formats a share for a sentence, in percent to three decimal places. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(3))} %`;
}

/** Formats a rate for a table or a sentence: two decimal places, and more if it is so small that they would be zeros. */
export function rateText(rps: number): string {
  const digits = rps < 0.1 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 2 };
  return rps.toLocaleString("en-US", digits);
}

/** Rounds a price in dollars to cents; below ten cents to two significant digits: a million units may cost less than a cent. */
export function roundUsd(usd: number): number {
  return Number(usd >= 0.1 ? usd.toFixed(2) : usd.toPrecision(2));
}

/** Formats a price in dollars, rounded as above, with its cents. */
export function usdText(usd: number): string {
  const rounded = roundUsd(usd);
  return `$${rounded === 0 || rounded >= 0.1 ? rounded.toFixed(2) : rounded}`;
}
