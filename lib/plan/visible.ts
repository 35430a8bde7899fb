/**
 * Characters that are not shown but change what is: control characters, those that change the direction of what follows,
 * those without a width, and surrogates without a partner. A terminal obeys them, or shows two different names alike.
 */
export const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115F\u1160\u3164\uFFA0]/gu;

/** A text on one line: line breaks and tabs become blanks, other characters that are not shown question marks. */
export function visible(text: string): string {
  return text.replace(/[\t\n\r\u2028\u2029]+/g, " ").replace(UNPRINTABLE, "?");
}
