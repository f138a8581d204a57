// The arguments of a retry: options get another value, divided, multiplied or as written.
// Whether there is a retry is decided in scheduler/retry.ts.
import type { OptionChange } from "./command.ts";

export interface ChangedArguments {
  readonly args: readonly string[];
  /** `--batch-size 64 → 32` for each option that changed. */
  readonly said: readonly string[];
}

/**
 * Applies all changes to `args`. An option that is missing is appended if its new value is written
 * out. Undefined where a change is impossible: `/2` or `*2` of a missing option or of no number, or
 * a whole number that would stay the same or fall below 1. Whole numbers stay whole, rounded down.
 */
export function changedArguments(
  args: readonly string[],
  changes: readonly OptionChange[],
): ChangedArguments | undefined {
  let changed: readonly string[] = args;
  const said: string[] = [];
  for (const { option, to } of changes) {
    const at = changed.findLastIndex((arg) => arg === option || arg.startsWith(`${option}=`));
    const joined = changed[at]?.startsWith(`${option}=`) === true;
    const before = joined ? changed[at]?.slice(option.length + 1) : changed[at + 1];
    const after = at === -1 || before === undefined ? literal(to) : newValue(before, to);
    if (after === undefined) return undefined;
    if (at === -1 || before === undefined) changed = [...changed, option, after];
    else if (joined) changed = changed.with(at, `${option}=${after}`);
    else changed = changed.with(at + 1, after);
    said.push(`${option} ${at === -1 || before === undefined ? "" : `${before} → `}${after}`);
  }
  return { args: changed, said };
}

const OPERATION = /^([/*])\s*(\d{1,6}(?:\.\d{1,6})?)$/;

/** The new value of an option that is missing: only one that needs no old value. */
const literal = (to: string): string | undefined => (OPERATION.test(to) ? undefined : to);

function newValue(before: string, to: string): string | undefined {
  const [, sign, written] = OPERATION.exec(to) ?? [];
  if (sign === undefined || written === undefined) return to;
  const by = Number(written);
  const value = sign === "/" ? Number(before) / by : Number(before) * by;
  if (before.trim() === "" || !Number.isFinite(value)) return undefined;
  if (!/^\d+$/.test(before)) return String(value);
  const whole = Math.floor(value);
  return whole < 1 || !Number.isSafeInteger(whole) || String(whole) === before
    ? undefined
    : String(whole);
}
