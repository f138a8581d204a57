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
 * are unique whatever the values are, and valid as folder names.
 */
export function membersOfSweep(head: CommandId, spec: CommandSpec): readonly Member[] {
  // `after`, `if` and a moment are met once for the whole sweep; a window applies to each run.
  const { sweep = [], after: _a, if: _i, because: _b, when, ...rest } = spec;
  const shared = when === undefined || when.kind === "moment" ? rest : { ...rest, when };
  const names = new Set<string>();
  return grid(sweep).map((point, i) => {
    const swept = point.map(({ key, text }) => ({ key, value: text }));
    const target = freeName(spec.target, swept, i + 1, names);
    names.add(target);
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

/** `lr-sweep-lr-1e-4-seed-0`; ends in its number where that is too long or taken. */
function freeName(
  head: string,
  swept: readonly Swept[],
  number: number,
  taken: ReadonlySet<string>,
): string {
  const parts = swept.flatMap(({ key, value }) => [plain(key), plain(value)]);
  const name = [head, ...parts].filter((part) => part !== "").join("-");
  if (name.length <= NAME_CHARS && !taken.has(name)) return name;
  const end = `-${number}`;
  return `${name.slice(0, NAME_CHARS - end.length)}${end}`;
}

/** A value reduced to characters that are valid in a folder name. */
const plain = (text: string): string =>
  text
    .slice(0, NAME_CHARS)
    .replaceAll(/[^A-Za-z0-9_.+-]+/g, "-")
    .replaceAll("+", "")
    .replaceAll(/^[-.]+|[-.]+$/g, "");
