// The members of a sweep: one run for every combination of values, with its name and arguments.
// When they are made is decided in scheduler/sweep.ts, the order of starts in scheduler/order.ts.
import { NAME_CHARS } from "../base/limits.ts";
import type { Swept } from "./command-state.ts";
import type { CommandSpec, SweptOption, SweptValue } from "./command.ts";
import { memberId, type CommandId } from "../base/ids.ts";

/** A run of a sweep, before it is a command. */
export interface Member {
  readonly id: CommandId;
  readonly spec: CommandSpec;
  readonly swept: readonly Swept[];
}

/**
 * The members of a sweep in the order of its grid, the last option changing fastest. Their names
 * are valid as folder names and unique whatever the values are, also where upper and lower case are
 * one; a name that shows a value as it was written belongs to the member that has it.
 */
export function membersOfSweep(head: CommandId, spec: CommandSpec): readonly Member[] {
  // `after`, `if` and a moment are met once for the whole sweep; a window applies to each run.
  const { sweep = [], after: _a, if: _i, because: _b, when, ...rest } = spec;
  const shared = when === undefined || when.kind === "moment" ? rest : { ...rest, when };
  const points = grid(sweep);
  const names = memberNames(spec.target, points);
  return points.map((point, i) => {
    const swept = point.map(({ key, text }) => ({ key, value: text }));
    const target = names[i] ?? `${spec.target}-${i + 1}`;
    const args = [...spec.args, ...point.flatMap((value) => value.args)];
    return { id: memberId(head, i + 1), spec: { ...shared, go: true, target, args }, swept };
  });
}

/** The number of runs in a sweep. */
export const membersIn = (sweep: readonly SweptOption[]): number =>
  sweep.reduce((count, { values }) => count * values.length, 1);

/** A value with its option. */
interface Point extends SweptValue {
  readonly key: string;
}

/** Every combination of one value of each option. */
function grid(sweep: readonly SweptOption[]): readonly (readonly Point[])[] {
  let points: readonly (readonly Point[])[] = [[]];
  for (const { key, values } of sweep) {
    points = points.flatMap((point) => values.map((value) => [...point, { key, ...value }]));
  }
  return points;
}

/**
 * `lr-sweep-lr-1e-4-seed-0`. A name that cannot show its values as they were written, or that
 * another member has, ends in the member's number.
 */
function memberNames(head: string, points: readonly (readonly Point[])[]): readonly string[] {
  const taken = new Set<string>();
  const names: string[] = [];
  // Those that show all of their values come first: no other may look like one of them.
  const whole = points.map((point) => [head, ...point.flatMap(({ key, text }) => [key, text])]);
  whole.forEach((parts, i) => {
    const name = parts.join("-");
    if (!parts.every(isPlain) || name.length > NAME_CHARS || taken.has(fold(name))) return;
    taken.add(fold(name));
    names[i] = name;
  });
  whole.forEach((parts, i) => {
    if (names[i] !== undefined) return;
    const replaced = parts.map((part) => (isPlain(part) ? part : replace(part))).join("-");
    let end = `-${i + 1}`;
    let name = cut(replaced, end);
    while (taken.has(fold(name))) {
      end = `-${end}`;
      name = cut(replaced, end);
    }
    taken.add(fold(name));
    names[i] = name;
  });
  return names;
}

const cut = (name: string, end: string): string =>
  `${name.slice(0, NAME_CHARS - end.length)}${end}`;

/** Some file systems take names that differ in case alone for one. */
const fold = (name: string): string => name.toLowerCase();

/** Whether a text can stand in a folder's name as it is, on every file system. */
const isPlain = (text: string): boolean => /^[A-Za-z0-9_.-]*[A-Za-z0-9_]$/.test(text);

/** A value with what cannot stand in a name replaced by `_`. */
const replace = (text: string): string =>
  text
    .slice(0, NAME_CHARS)
    .replaceAll(/[^A-Za-z0-9_.-]+/g, "_")
    .replace(/[.-]+$|^$/, "_");
