// What is written at the ticks of an axis of numbers. The drawing library rounds to the digits of
// its step, and writes -100 as -1e+2.

const SIZED = "abs(datum.value) >= 1e6 ? format(datum.value, '~e') : format(datum.value, '.10~g')";

/** For an axis of any numbers; ticks that the library leaves blank stay blank. */
export const NUMBERS = {
  labels: { update: { text: { signal: `datum.label === '' ? '' : ${SIZED}` } } },
};
