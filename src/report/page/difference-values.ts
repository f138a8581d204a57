// The numbers of a comparison with the baseline as values: each says what it follows from.
// The table of them is section-compare.ts.
import type { GroupComparison, Measurement } from "../../judge/comparisons.ts";
import { sourceOf } from "./sources.ts";
import type { Derived, Source } from "./values.ts";

/** The difference; where it is tested also its interval, its corrected p and what both say. */
export interface DifferenceValues {
  readonly difference: Derived;
  readonly interval?: Derived;
  readonly adjusted?: Derived;
  readonly direction?: Derived;
}

const DIRECTIONS = { [-1]: "lower", 0: "no difference shown", 1: "higher" } as const;

/** The values of each comparison; `all` are those whose p are corrected together. */
export function differenceValues(
  all: readonly GroupComparison[],
): (one: GroupComparison) => DifferenceValues {
  const tested = all.filter(({ difference }) => difference.kind !== "observed");
  const ps = tested.flatMap((one) => pOf(one) ?? []);
  return (one) => {
    const of = sidesOf(one);
    const { difference: found, adjusted: p, sign } = one;
    const difference = { kind: "derived", how: "difference", of, value: found.mean } as const;
    if (found.kind === "observed" || p === undefined) return { difference };
    const interval: Derived = {
      kind: "derived",
      how: "interval",
      test: found.kind,
      of,
      value: [found.low, found.high],
    };
    const index = tested.indexOf(one);
    const adjusted: Derived = { kind: "derived", how: "Holm", index, of: [ps], value: p };
    const direction: Derived = {
      kind: "derived",
      how: "direction",
      of: [[interval], [adjusted]],
      value: DIRECTIONS[sign],
    };
    return { difference, interval, adjusted, direction };
  };
}

function pOf(one: GroupComparison): Derived | undefined {
  const { difference } = one;
  if (difference.kind === "observed") return undefined;
  const { kind: test, p: value } = difference;
  return { kind: "derived", how: "p", test, of: sidesOf(one), value };
}

const sidesOf = ({ left, right }: GroupComparison): Derived["of"] => [
  sourcesOf(left),
  sourcesOf(right),
];

const sourcesOf = ({ operands }: Measurement): readonly Source[] =>
  operands.map(({ run, sample }) => sourceOf(run, sample));
