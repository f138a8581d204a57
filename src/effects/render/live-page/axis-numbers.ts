// Tick labels of a numeric axis. Vega's own labels are rounded to the precision of the step, and
// show -100 as -1e+2.

const SIZED = "abs(datum.value) >= 1e6 ? format(datum.value, '~e') : format(datum.value, '.10~g')";

/** Vega's `encode` of an axis of any numbers; labels that Vega leaves blank stay blank. */
export const NUMBERS = {
  labels: { update: { text: { signal: `datum.label === '' ? '' : ${SIZED}` } } },
};
