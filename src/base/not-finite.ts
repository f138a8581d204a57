// How programs write the values that are no numbers: NaN and the infinities.

/** The value of `nan`, `inf`, `-Infinity`…, in any case and with or without a sign; else undefined. */
export function notFinite(text: string): number | undefined {
  const [, sign, word] = /^([+-]?)(nan|inf(?:inity)?)$/i.exec(text) ?? [];
  if (word === undefined) return undefined;
  if (/^nan$/i.test(word)) return Number.NaN;
  return sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
