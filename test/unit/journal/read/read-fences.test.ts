import assert from "node:assert/strict";
import { test } from "node:test";
import { readJournal } from "../../../../src/journal/read/read.ts";
import type { CommandSpec } from "../../../../src/domain/command.ts";
import type { CommandBlock } from "../../../../src/domain/journal.ts";

function only(text: string): CommandBlock {
  const { blocks } = readJournal(text);
  assert.equal(
    blocks.length,
    1,
    `${blocks.length} blocks in ${JSON.stringify(text.slice(0, 200))}`,
  );
  const [block] = blocks;
  assert.ok(block !== undefined);
  return block;
}

const fence = (yaml: string, info = "yaml"): string => `\`\`\`${info}\n${yaml}\n\`\`\`\n`;

function spec(yaml: string): CommandSpec {
  const command = only(fence(yaml)).commands[0];
  assert.ok(command?.spec !== undefined, command?.problems.map((one) => one.message).join("; "));
  return command.spec;
}

function problem(yaml: string, info?: string): string {
  const command = only(fence(yaml, info)).commands[0];
  assert.equal(command?.spec, undefined, "it was understood");
  return (command?.problems ?? []).map(({ message, fix }) => `${message}; ${fix}`).join("\n");
}

test("a fence whose first key is a verb is a command with all its keys", () => {
  const read = spec(
    [
      "# the first comment",
      "run: lr-sweep",
      "after: full      # waits for it",
      "gpus: 1",
      "timeout: 90m",
      "because: it fell",
      "script: train2.py",
      "runner: pixi",
      "env: { B: 2, A: 1e-4 }",
      "sweep: { lr: [1e-4, 3e-4] }",
      "go: true",
    ].join("\n"),
  );
  assert.deepEqual(read, {
    verb: "run",
    target: "lr-sweep",
    args: [],
    go: true,
    timeoutMs: 5_400_000,
    because: "it fell",
    after: [{ target: "full", any: false }],
    script: "train2.py",
    runner: "pixi",
    env: { A: "1e-4", B: "2" },
    gpus: 1,
    sweep: [
      {
        key: "lr",
        values: [
          { text: "1e-4", args: ["--lr", "1e-4"] },
          { text: "3e-4", args: ["--lr", "3e-4"] },
        ],
      },
    ],
  });
});

const argsOf = (yaml: string): readonly string[] => spec(`run: a\nargs: ${yaml}`).args;

test("arguments come as a string, a list or a map, values as they were written", () => {
  assert.deepEqual(argsOf('--lr 1e-4 --note "a b"'), ["--lr", "1e-4", "--note", "a b"]);
  assert.deepEqual(argsOf("[--lr, 1e-4, 007, 0x1F, yes]"), ["--lr", "1e-4", "007", "0x1F", "yes"]);
  assert.deepEqual(argsOf('["--note x", --epochs 20]'), ["--note x", "--epochs", "20"]);
  assert.deepEqual(argsOf("{ lr: 1e-4, --seed: 0, tag: [a, b] }"), [
    "--lr",
    "1e-4",
    "--seed",
    "0",
    "--tag",
    "a",
    "--tag",
    "b",
  ]);
  assert.deepEqual(argsOf('{ resume: , fast: true, log: false, name: "true" }'), [
    "--resume",
    "--fast",
    "--no-log",
    "--name",
    "true",
  ]);
  assert.deepEqual(argsOf("\n  - --glob\n  - '*.py'"), ["--glob", "*.py"]);
});

test("the verb's value may be a whole command line", () => {
  const read = spec("run: full --epochs 20 !\ntimeout: 2h");
  assert.deepEqual([read.args, read.go, read.timeoutMs], [["--epochs", "20"], true, 7_200_000]);
});

test("other code and other YAML are a person's", () => {
  for (const text of [
    fence("name: x\nrun: a"),
    fence("run: a", "python"),
    fence("run: a", ""),
    fence("runs: 3"),
    fence("", "yaml"),
    `> ${fence("run: a").replaceAll("\n", "\n> ")}\n`,
  ]) {
    assert.deepEqual(readJournal(text).blocks, [], text);
  }
});

test("a run fence without a verb is told what it needs", () => {
  assert.match(problem("rnu: a", "run"), /cannot begin with `rnu:`; begin it with `run:`/);
  assert.match(problem("de-risk", "run"), /needs a verb/);
});

test("problems of a fence stand at their line and column, in a list item too", () => {
  const text = "- item\n\n  ```yaml\n  run: a\n  timout: 2h\n  ```\n";
  const block = only(text);
  assert.deepEqual(block.commands[0]?.problems[0]?.place, {
    line: 5,
    column: 3,
    offset: text.indexOf("timout"),
  });
  assert.equal(block.indent, "  ");
  assert.equal(text.slice(block.span.start, block.span.end), text.slice(text.indexOf("  ```")));
});

test("what YAML refuses is told with the form that works", () => {
  assert.match(
    problem("run: a\nbecause: it fell: twice"),
    /value of `because` without quotes; write `because: "it fell: twice"`/,
  );
  assert.match(problem("run: a\n  timeout: 2h: x\n\t- z"), /YAML/);
  assert.match(problem("run: a\ntimeout: 2h\ntimeout: 3h"), /`timeout` is written twice/);
  assert.match(problem("run: a\nargs: [--glob, *.py]"), /YAML|quotes/);
  assert.match(problem("run: a\nrun: b"), /written twice/);
  assert.match(problem("run: a\neval: b"), /second command/);
  assert.match(problem("run:\ntimeout: 2h"), /needs a name/);
  assert.match(problem("run: ../x"), /is a path/);
  assert.match(problem("run: [a]"), /needs a name/);
});

test("a fence is closed by its closing line", () => {
  assert.equal(only("```yaml\nrun: a\n").closed, false);
  assert.equal(only("```yaml\nrun: a\n```").closed, false);
  assert.equal(only("```yaml\nrun: a\n```\n").closed, true);
  assert.equal(only("````yaml\nrun: a\n```\n").closed, false);
  const [problemOfFile] = readJournal("text\n\n```yaml\nrun: a\n\nrun: b\n").problems;
  assert.match(problemOfFile?.message ?? "", /nothing closes the fence/);
  assert.equal(problemOfFile?.place.line, 3);
});

test("hostile YAML is a problem and no crash", () => {
  for (const yaml of [
    `run: a\nargs: ${"[".repeat(1_900)}`,
    `run: a\nargs: ${"[".repeat(500)}${"]".repeat(500)}`,
    `run: a\nx: &a [1]\nargs: [*a, *a]`,
    `run: a\n${"k: v\n".repeat(300)}`,
    "run: a\n? [x]\n: y",
    "run: a\n--- \nrun: b",
    "run: !!binary x\nargs: !x y\nzz: 1",
  ]) {
    assert.notEqual(problem(yaml), "");
  }
});
