import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandSpec } from "../../../src/domain/command.ts";
import { commandId } from "../../../src/base/ids.ts";
import { membersOfSweep } from "../../../src/domain/grid.ts";

const SHARED = {
  verb: "run",
  timeoutMs: 5_400_000,
  script: "train2.py",
  runner: "pixi",
  stopOn: ["not-finite"],
  env: { A: "1" },
  gpus: 2,
  priority: 5,
  snapshot: true,
  retry: { times: 2, on: ["oom"] },
} as const satisfies Partial<CommandSpec>;
const SWEPT: CommandSpec = {
  ...SHARED,
  target: "full",
  args: ["--deep"],
  go: false,
  because: "it fell",
  after: [{ target: "de-risk", any: false }],
  if: "de-risk.val/loss < 1",
  sweep: [{ key: "seed", values: [{ text: "7", args: ["--seed", "7"] }] }],
};

test("a member has all that its sweep asks for, but not what the sweep has waited for", () => {
  const [only] = membersOfSweep(commandId("k7f3"), SWEPT);
  assert.deepEqual(only?.spec, {
    ...SHARED,
    target: "full-seed-7",
    args: ["--deep", "--seed", "7"],
    go: true,
  });
});

/** The window of the first member. */
const windowOf = (when: NonNullable<CommandSpec["when"]>): CommandSpec["when"] =>
  membersOfSweep(commandId("k7f3"), { ...SWEPT, when })[0]?.spec.when;

test("a window holds for each member, a moment only for the first", () => {
  const window = { kind: "window", name: "tonight" } as const;
  assert.deepEqual(windowOf(window), window);
  assert.equal(windowOf({ kind: "moment", minute: 60 }), undefined);
});

/** The names of a sweep `s` over an option `x`. */
const named = (...texts: readonly string[]): readonly string[] => {
  const values = texts.map((text) => ({ text, args: ["--x", text] }));
  const spec = { ...SWEPT, target: "s", sweep: [{ key: "x", values }] };
  return membersOfSweep(commandId("k7f3"), spec).map((member) => member.spec.target);
};

test("names tell the values: a sign and a point stay, what cannot stand in a name has a number", () => {
  assert.deepEqual(named("1", "-1", "5", ".5", "1e-4", "1e+4"), [
    "s-x-1",
    "s-x--1",
    "s-x-5",
    "s-x-.5",
    "s-x-1e-4",
    "s-x-1e+4".replace("+", "_") + "-6",
  ]);
  assert.deepEqual(named("a b", "a_b", "A_B", ""), [
    "s-x-a_b-1",
    "s-x-a_b",
    "s-x-A_B-3",
    "s-x-_-4",
  ]);
});
