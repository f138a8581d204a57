// The runs of a sweep: one for every combination of its values, with names and arguments of its own.
// When they are made, and in which order they start, is decided in sweep.ts and order.ts.
import { NAME_CHARS } from "../base/limits.ts";
import type { Swept } from "./command-state.ts";
import type { CommandSpec, SweptOption, SweptValue } from "./command.ts";
import { memberId, type CommandId } from "../base/ids.ts";

export interface Member {
  readonly id: CommandId;
  readonly spec: CommandSpec;
  readonly swept: readonly Swept[];
}

/**
 * The members of a sweep in the order of its grid, the last option changing quickest. Their names
 * differ from one another whatever the values are, and can stand below runs/.
 */
export function membersOfSweep(head: CommandId, spec: CommandSpec): readonly Member[] {
  // What the sweep waited for has come for all of it; a window is asked again for each run.
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

/** How many runs a sweep has. */
export const membersIn = (sweep: readonly SweptOption[]): number =>
  sweep.reduce((count, { values }) => count * values.length, 1);

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

/** `lr-sweep-lr-1e-4-seed-0`; with its number where that is too long or another has it. */
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

/** What of a value can stand in a folder's name. */
const plain = (text: string): string =>
  text
    .slice(0, NAME_CHARS)
    .replaceAll(/[^A-Za-z0-9_.+-]+/g, "-")
    .replaceAll("+", "")
    .replaceAll(/^[-.]+|[-.]+$/g, "");
