// The ticks of an axis and their labels, for values of any size.
// Colours, lengths and titles of an axis are plot-layers.ts and plot-theme.ts.

export interface Ticks {
  /** In ascending order. */
  readonly values: readonly number[];
  /** A label for each value; "" at a minor tick. */
  readonly labels: readonly string[];
}

/**
 * About `about` ticks at round values in [`low`, `high`]. `whole`: only whole numbers. `short`:
 * large values are labelled with k, M or G.
 */
export function linearTicks(
  low: number,
  high: number,
  about: number,
  { whole = false, short = false }: { whole?: boolean; short?: boolean } = {},
): Ticks {
  const { exponent, factor } = niceStep(low, high, about, whole);
  const unit = (k: number): number => Number(`${k * factor}e${exponent}`);
  const values: number[] = [];
  const first = Math.ceil(low / unit(1) - 1e-9);
  for (let k = first; unit(k) <= high + unit(1) * 1e-9 && values.length <= 3 * about; k += 1) {
    values.push(unit(k) === 0 ? 0 : unit(k));
  }
  return { values, labels: linearLabels(values, exponent, short) };
}

/** The step between ticks, 1, 2 or 5 times a power of ten, that gives about `about` ticks. */
function niceStep(
  low: number,
  high: number,
  about: number,
  whole: boolean,
): { exponent: number; factor: number } {
  const rough = Math.max((high - low) / about, Number.MIN_VALUE);
  let exponent = Math.floor(Math.log10(rough));
  const error = rough / Number(`1e${exponent}`);
  let factor = 1;
  if (error >= Math.sqrt(50)) exponent += 1;
  else if (error >= Math.sqrt(10)) factor = 5;
  else if (error >= Math.sqrt(2)) factor = 2;
  return whole && exponent < 0 ? { exponent: 0, factor: 1 } : { exponent, factor };
}

function linearLabels(
  values: readonly number[],
  stepExponent: number,
  short: boolean,
): readonly string[] {
  const largest = Math.max(...values.map(Math.abs), 0);
  if (largest === 0) return values.map(() => "0");
  const exponent = Math.floor(Math.log10(largest));
  const digits = exponent - stepExponent;
  if (short && largest >= 10_000 && digits <= 6 && exponent < 15) {
    const [size, letter] = shortUnit(exponent);
    const decimals = Math.max(0, size - stepExponent);
    return values.map((v) => (v === 0 ? "0" : `${plain(v / 10 ** size, decimals)}${letter}`));
  }
  if ((exponent >= -3 && exponent < 6) || (digits > 4 && exponent < 15 && stepExponent > -12)) {
    return values.map((v) => plain(v, Math.max(0, -stepExponent)));
  }
  return values.map((v) => (v === 0 ? "0" : scientific(v, exponent, Math.max(0, digits))));
}

function shortUnit(exponent: number): readonly [number, string] {
  if (exponent >= 9) return [9, "G"];
  if (exponent >= 6) return [6, "M"];
  return [3, "k"];
}

/** Decades from one label to the next. */
const STRIDES = [1, 2, 5, 10, 20, 50];

/** Ticks of a log axis, labelled at decades, or at 1, 2 and 5 over few; `low` is above 0. */
export function logTicks(low: number, high: number, about: number): Ticks {
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  const decades = Math.log10(high) - Math.log10(low);
  const marked = decades < 3 ? [1, 2, 5] : [1];
  const stride = STRIDES.find((every) => decades / every <= about) ?? 100;
  const values: number[] = [];
  const named: boolean[] = [];
  for (let exponent = from; exponent <= to; exponent += 1) {
    for (let factor = 1; factor <= (decades <= 6 ? 9 : 1); factor += 1) {
      const value = Number(`${factor}e${exponent}`);
      const name = marked.includes(factor) && exponent % stride === 0;
      if (value < low || value > high || value === 0) continue;
      if (!name && decades > 40) continue;
      values.push(value);
      named.push(name);
    }
  }
  const powers = values.some((v, i) => named[i] === true && (v < 9.99e-4 || v >= 1e5));
  const labels = values.map((value, i) => {
    if (named[i] !== true) return "";
    if (!powers) return plain(value, Math.max(0, -Math.floor(Math.log10(value) + 1e-9)));
    return scientific(value, Number(value.toExponential().split("e")[1]), 0);
  });
  return { values, labels };
}

/** A number with a typographic minus sign and commas between thousands. */
function plain(value: number, decimals: number): string {
  const [whole = "", fraction] = Math.abs(value).toFixed(Math.min(decimals, 20)).split(".");
  const grouped = whole.length > 4 ? whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ",") : whole;
  const sign = value < 0 ? "\u2212" : "";
  return sign + grouped + (fraction === undefined ? "" : `.${fraction}`);
}

function scientific(value: number, exponent: number, digits: number): string {
  // From the shortest decimal text, because 10 ** -320 is not exact enough to divide by.
  const [mantissa = "0", own = "0"] = value.toExponential().split("e");
  const shown = (Number(mantissa) * 10 ** (Number(own) - exponent)).toFixed(Math.min(digits, 15));
  const power = `10${superscript(exponent)}`;
  if (digits === 0 && shown === "1") return power;
  return `${shown.replace("-", "\u2212")}\u00D7${power}`;
}

const RAISED = "\u2070\u00B9\u00B2\u00B3\u2074\u2075\u2076\u2077\u2078\u2079";

function superscript(exponent: number): string {
  const digits = Array.from(String(Math.abs(exponent)), (digit) => RAISED.charAt(Number(digit)));
  return (exponent < 0 ? "\u207B" : "") + digits.join("");
}
