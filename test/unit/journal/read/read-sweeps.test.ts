// `sweep`, `seeds` and `retry` as a person writes them, and what is said of what cannot be meant.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readJournal } from "../../../../src/journal/read/read.ts";
import type { FoundCommand } from "../../../../src/domain/journal.ts";
import type { CommandSpec, Retry } from "../../../../src/domain/command.ts";
import { commandId } from "../../../../src/base/ids.ts";
import { membersOfSweep } from "../../../../src/domain/grid.ts";

function found(text: string): FoundCommand {
  const [command] = readJournal(text).blocks.flatMap((block) => block.commands);
  assert.ok(command !== undefined, "no command was found");
  return command;
}

const inFence = (yaml: string): string => `\`\`\`yaml\nrun: full\n${yaml}\n\`\`\`\n`;

function spec(text: string): CommandSpec {
  const command = found(text);
  assert.ok(command.spec !== undefined, command.problems.map((one) => one.message).join("; "));
  return command.spec;
}

/** What is said, each problem as `message; fix`. */
function said(text: string): string {
  const command = found(text);
  assert.equal(command.spec, undefined, "it was understood");
  return command.problems.map(({ message, fix }) => `${message}; ${fix}`).join("\n");
}

/** `name: arguments` of each run. */
const runs = (text: string): readonly string[] =>
  membersOfSweep(commandId("k7f3"), spec(text)).map(
    (member) => `${member.spec.target}: ${member.spec.args.join(" ")}`,
  );

test("a sweep is every combination, the last option quickest, its values as written", () => {
  assert.deepEqual(
    runs("```yaml\nrun: lr-sweep --deep\nsweep: { lr: [1e-4, 3e-4], seed: [0, 1, 2] }\n```\n"),
    [
      "lr-sweep-lr-1e-4-seed-0: --deep --lr 1e-4 --seed 0",
      "lr-sweep-lr-1e-4-seed-1: --deep --lr 1e-4 --seed 1",
      "lr-sweep-lr-1e-4-seed-2: --deep --lr 1e-4 --seed 2",
      "lr-sweep-lr-3e-4-seed-0: --deep --lr 3e-4 --seed 0",
      "lr-sweep-lr-3e-4-seed-1: --deep --lr 3e-4 --seed 1",
      "lr-sweep-lr-3e-4-seed-2: --deep --lr 3e-4 --seed 2",
    ],
  );
});

test("a sweep stands on a line too, and means the same", () => {
  const line = 'run: full sweep="lr=1e-4,3e-4 seed=0,1"\n';
  const fence = inFence("sweep: { lr: [1e-4, 3e-4], seed: [0, 1] }");
  assert.deepEqual(spec(line).sweep, spec(fence).sweep);
  assert.equal(found(line).canonical, found(fence).canonical);
  assert.notEqual(found(line).canonical, found("run: full\n").canonical);
  const other = inFence("sweep: { lr: [1e-4, 3e-4], seed: [0, 2] }");
  assert.notEqual(found(fence).canonical, found(other).canonical);
});

test("seeds are a number of them, or those that are written", () => {
  const three = ["full-seed-0: --seed 0", "full-seed-1: --seed 1", "full-seed-2: --seed 2"];
  assert.deepEqual(runs("run: full seeds=3\n"), three);
  assert.deepEqual(runs(inFence("seeds: 3")), three);
  assert.deepEqual(runs(inFence("seeds: [7, 42]")), [
    "full-seed-7: --seed 7",
    "full-seed-42: --seed 42",
  ]);
  assert.deepEqual(runs("run: full seeds=7,42\n"), runs(inFence("seeds: [7, 42]")));
  assert.deepEqual(runs(inFence("sweep: { lr: [1, 2] }\nseeds: 2")), [
    "full-lr-1-seed-0: --lr 1 --seed 0",
    "full-lr-1-seed-1: --lr 1 --seed 1",
    "full-lr-2-seed-0: --lr 2 --seed 0",
    "full-lr-2-seed-1: --lr 2 --seed 1",
  ]);
});

test("a value that is no name reaches the script as it is, and every run has a name of its own", () => {
  assert.deepEqual(runs(inFence('sweep: { data: ["a b/$(c)", "a b/$[c]", -1, "1"] }')), [
    "full-data-a_b_c_-1: --data a b/$(c)",
    "full-data-a_b_c_-2: --data a b/$[c]",
    "full-data--1: --data -1",
    "full-data-1: --data 1",
  ]);
  assert.deepEqual(runs(inFence("sweep: { augment: [true, false], --opt.name: [adam] }")), [
    "full-augment-true-opt.name-adam: --augment --opt.name adam",
    "full-augment-false-opt.name-adam: --no-augment --opt.name adam",
  ]);
  const long = runs(inFence(`sweep: { a: [${"x".repeat(200)}, ${"x".repeat(201)}] }`));
  assert.deepEqual(
    long.map((line) => line.slice(0, line.indexOf(":")).length),
    [100, 100],
  );
  assert.equal(new Set(long.map((line) => line.slice(0, line.indexOf(":")))).size, 2);
});

test("a sweep that cannot be meant is told, at its place", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      inFence("sweep: { lr: [] }"),
      /`lr` in `sweep` has no values; write its values: `lr: \[1, 2\]`/,
    ],
    [inFence("sweep: { lr: [1, 1] }"), /`lr` has `1` twice; keep one of the two/],
    [inFence("sweep: { lr: { a: 1 } }"), /a value of `lr` in `sweep` is no single one/],
    [inFence("sweep:\n  lr: 1e-4, 3e-4"), /is one value with commas; write `lr: \[1e-4, 3e-4\]`/],
    [inFence("sweep: [1, 2]"), /`sweep` takes options, each with its values/],
    [inFence("sweep: { 1r: [1] }"), /`1r` in `sweep` names no option/],
    ['run: full sweep="lr 1,2"\n', /`sweep` finds no values in `lr`; write `sweep="lr=1e-4,3e-4/],
    [inFence("sweep: { seed: [1] }\nseeds: 2"), /`seed` is swept twice; keep `seeds`, or `seed`/],
    [inFence("args: --lr 3\nsweep: { lr: [1] }"), /`--lr` is an argument and swept as well/],
    ["run: full --seed=1 seeds=2\n", /`--seed` is an argument and swept as well/],
    [inFence("seeds: 0"), /`seeds` cannot be `0`; write a number from 1 to 1000/],
    ["run: full seeds=a\n", /`seeds` cannot be `a`; write how many, as in `seeds: 3`, or which/],
    [inFence("seeds: [a]"), /`seeds` takes whole numbers/],
    [inFence("seeds: 5000"), /`seeds` cannot be `5000`; write a number from 1 to 1000/],
    [inFence("seeds: 100\nsweep: { lr: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] }"), /has 1100 runs/],
    ["eval: full seeds=2\n", /only `run:` takes `sweep` and `seeds`/],
    ["stop: full seeds=2\n", /`stop:` takes nothing but its target/],
  ];
  for (const [text, wanted] of cases) assert.match(said(text), wanted, text);
});

const retry = (text: string): Retry | undefined => spec(text).retry;

test("retry is a number of further tries, or says for what, when and with what changed", () => {
  assert.deepEqual(retry("run: full retry=2\n"), { times: 2, on: ["oom", "restart"] });
  assert.deepEqual(
    retry(inFence("args: --batch-size 64\nretry: { on: oom, set: { batch-size: /2 } }")),
    { times: 1, on: ["oom"], set: [{ option: "--batch-size", to: "/2" }] },
  );
  assert.deepEqual(retry(inFence("retry: { on: [restart, oom], times: 3, delay: 30s }")), {
    times: 3,
    on: ["oom", "restart"],
    delayMs: 30_000,
  });
  const other = found("run: full retry=3\n").canonical;
  assert.notEqual(found("run: full retry=2\n").canonical, other);
});

test("a retry that cannot be meant is told", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["run: full retry=0\n", /`retry` cannot be `0`; write a number from 1 to 10/],
    ["run: full retry=oom\n", /`retry` cannot be `oom`/],
    [inFence("retry: { on: crash }"), /`on` in `retry` cannot be `crash`; write `oom`, `restart`/],
    [inFence("retry: { delya: 1m }"), /`delya` is no key of `retry`; did you mean `delay`\?/],
    [inFence("retry: { delay: 5 }"), /the delay `5` is no span of time; write it as `30s`/],
    [
      inFence("retry: { set: { batch-size: /2 } }"),
      /`retry` has `\/2` for `--batch-size`, which is no number here/,
    ],
    [inFence("args: --opt adam\nretry: { set: { opt: /2 } }"), /`retry` has `\/2` for `--opt`/],
    [inFence("args: --b 1\nretry: { set: { b: /0 } }"), /`set` in `retry` cannot change `b` so/],
    [inFence("retry: [2]"), /`retry` takes a number of tries/],
  ];
  for (const [text, wanted] of cases) assert.match(said(text), wanted, text);
  assert.ok(spec(inFence("sweep: { b: [8, 16] }\nretry: { set: { b: /2 } }")).retry !== undefined);
});

test("commas inside brackets belong to the value, on a line too", () => {
  const [option] = spec('run: a sweep="layers=[64,64],[128] act=f(1,2)"\n').sweep ?? [];
  assert.deepEqual(
    option?.values.map(({ args }) => args),
    [
      ["--layers", "[64,64]"],
      ["--layers", "[128]"],
    ],
  );
});
