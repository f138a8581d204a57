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
