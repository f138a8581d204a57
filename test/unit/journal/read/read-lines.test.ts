import assert from "node:assert/strict";
import { test } from "node:test";
import { readJournal } from "../../../../src/journal/read/read.ts";
import type { CommandSpec } from "../../../../src/domain/command.ts";
import type { FoundCommand } from "../../../../src/domain/journal.ts";

const commands = (text: string): readonly FoundCommand[] =>
  readJournal(text).blocks.flatMap((block) => block.commands);

function only(text: string): FoundCommand {
  const found = commands(text);
  assert.equal(
    found.length,
    1,
    `${found.length} commands in ${JSON.stringify(text.slice(0, 200))}`,
  );
  const [command] = found;
  assert.ok(command !== undefined);
  return command;
}

function spec(text: string): CommandSpec {
  const found = only(text);
  assert.ok(found.spec !== undefined, found.problems.map(({ message }) => message).join("; "));
  return found.spec;
}

function problem(text: string): string {
  const found = only(text);
  assert.equal(found.spec, undefined, "it was understood");
  return found.problems.map(({ message, fix }) => `${message}; ${fix}`).join("\n");
}

const canonical = (text: string): string => {
  const found = only(text);
  assert.ok(found.spec !== undefined, `not understood: ${text}`);
  return found.canonical;
};

test("a verb and a name make a command with nothing else set", () => {
  assert.deepEqual(spec("run: de-risk\n"), { verb: "run", target: "de-risk", args: [], go: false });
});

test("options reach the script as written, nightlab's keys do not", () => {
  const text = 'run: full --epochs 20 --lr=1e-4 timeout=1h30m because="it fell" --flag\n';
  assert.deepEqual(spec(text), {
    verb: "run",
    target: "full",
    args: ["--epochs", "20", "--lr=1e-4", "--flag"],
    go: false,
    timeoutMs: 5_400_000,
    because: "it fell",
  });
});

test("values survive with stars, underscores, tildes and dollars", () => {
  assert.deepEqual(spec("run: a --glob *.py --k a_b_c --h ~/x --e $(rm)\n").args, [
    "--glob",
    "*.py",
    "--k",
    "a_b_c",
    "--h",
    "~/x",
    "--e",
    "$(rm)",
  ]);
});

test("backticks around an option or its value are no part of it", () => {
  assert.deepEqual(spec('run: a `--glob *.py` --k `a b` `--q "x y"`\n').args, [
    "--glob",
    "*.py",
    "--k",
    "a b",
    "--q",
    "x y",
  ]);
});

test("straight, curly and mixed quotes group, and an apostrophe does not", () => {
  assert.equal(spec("run: a because=“it fell”\n").because, "it fell");
  assert.equal(spec("run: a because=‘don’t know’\n").because, "don’t know");
  assert.equal(spec('run: a because="say \\"x\\""\n').because, 'say "x"');
  assert.deepEqual(spec("run: a --note don't --x 'a b' --y=\"c d\"\n").args, [
    "--note",
    "don't",
    "--x",
    "a b",
    "--y=c d",
  ]);
});

test("a dash that an editor made of two is corrected, and that is said", () => {
  for (const dash of ["–", "—", "–-"]) {
    const found = only(`run: a ${dash}epochs 3\n`);
    assert.deepEqual(found.spec?.args, ["--epochs", "3"]);
    assert.match(found.problems[0]?.message ?? "", /read as `--epochs`/);
  }
});

test("a space and an exclamation mark at the end is the go", () => {
  assert.equal(spec("run: a !\n").go, true);
  assert.equal(spec("run: a --x 1 !\n").go, true);
  assert.equal(spec("run: a --x 1\n  --y 2 !\n").go, true);
  assert.match(problem("run: a!\n"), /cannot be a run's name/);
  assert.match(problem("run: a ! --x 1\n"), /must be the last word/);
});

test("the box of a task item is the go, and an empty one waits", () => {
  assert.deepEqual(
    ["- [ ] run: a\n", "- [x] run: a\n", "1. [X] run: a\n"].map((text) => {
      const { form, ticked, spec: read } = only(text);
      return { form, ticked, go: read?.go };
    }),
    [
      { form: "task", ticked: false, go: false },
      { form: "task", ticked: true, go: true },
      { form: "task", ticked: true, go: true },
    ],
  );
});

test("a soft break is a space where the next line begins with an option or a key", () => {
  const read = spec("run: full\n  --epochs 20\n  timeout=2h \\\n--x 1\n");
  assert.deepEqual([read.args, read.timeoutMs], [["--epochs", "20", "--x", "1"], 7_200_000]);
  assert.equal(spec('run: a because="a long\n  reason"\n').because, "a long reason");
});

test("lines that each begin with a verb are each a command of one block", () => {
  const { blocks } = readJournal("run: a\nrun: b --x 1\n  --y 2\neval: a\n\nrun: c\n");
  assert.deepEqual(
    blocks.map((block) => block.commands.map(({ source, line }) => [source, line])),
    [
      [
        ["run: a", 1],
        ["run: b --x 1\n  --y 2", 2],
        ["eval: a", 4],
      ],
      [["run: c", 6]],
    ],
  );
});

test("an open quote takes no command below it along", () => {
  const found = commands('run: a because="oops\nrun: b\n');
  assert.deepEqual(
    found.map((one) => one.spec?.target),
    [undefined, "b"],
  );
  assert.match(found[0]?.problems[0]?.message ?? "", /nothing closes the quote/);
});

test("text right below a command is told to stand apart", () => {
  assert.match(problem("run: a\nThis should be quick.\n"), /`This` runs into the command/);
  assert.match(problem("run: a --flag\nNote\n"), /runs into the command/);
  assert.match(problem("run:\nthe first of three\n"), /needs a name/);
});

test("a command inside prose or above a line of dashes is told at its place", () => {
  const prose = only("First we look:\nrun: de-risk --x 1\nand then go on.\n");
  assert.equal(prose.spec, undefined);
  assert.match(prose.problems[0]?.message ?? "", /inside a paragraph/);
  assert.deepEqual(prose.problems[0]?.place, { line: 2, column: 1, offset: 15 });
  assert.match(problem("text\n\nrun: de-risk\n---\n"), /makes this command a heading/);
  assert.equal(only("run: de-risk\n\n---\n").spec?.target, "de-risk");
});

test("a slip in the verb is told only where a whole command is clearly meant", () => {
  assert.match(problem("Run: de-risk\n"), /write `run: de-risk`/);
  assert.match(problem("run:de-risk\n"), /write `run: de-risk`/);
  assert.match(problem("STOP : k7f3\n"), /write `stop: k7f3`/);
  assert.match(problem("rnu: x\n"), /write `run: x`/);
  assert.match(problem("- [] run: x\n"), /write `- \[ \] run: x`/);
  for (const text of [
    "fun: x\n",
    "step: 5\n",
    "runs: 5\n",
    "Run: three seeds tonight\n",
    "Stop: this was too slow.\n",
    "run://host/path\n",
    "# run: x\n",
    "the run: x\n",
    "Status: done\n",
    "`run: x`\n",
    "**run: x**\n",
  ]) {
    assert.deepEqual(commands(text), [], text);
  }
});

test("quotes, code, HTML, tables and comments hold no command", () => {
  for (const text of [
    "> run: a\n",
    "> - [ ] run: a\n",
    "    def f():\n        run: a\n",
    "```\nrun: a\n```\n",
    "```python\nrun: a\n```\n",
    "<!--\nrun: a\n-->\n",
    "<div>\nrun: a\n</div>\n",
    "| run: a |\n| - |\n| run: b |\n",
    "[^1]: run: a\n",
    "---\nrun: a\n---\n",
  ]) {
    assert.deepEqual(commands(text), [], text);
  }
});

test("a command that is indented so far that it is code is told, and starts nothing", () => {
  for (const text of ["    run: a\n", "\trun: a\n", "text\n\n     run: a\n"]) {
    assert.match(problem(text), /is code, and no command; take the spaces or tabs/);
    assert.equal(commands(text)[0]?.spec, undefined);
  }
});

const indents = (text: string): unknown =>
  readJournal(text).blocks.map(({ indent, span }) => [
    indent.length,
    text.slice(span.start, span.end),
  ]);

test("nested items hold commands, and say how far a receipt is indented", () => {
  assert.deepEqual(indents("- a\n  - [ ] run: b\n\n  run: c\n"), [
    [4, "  - [ ] run: b\n"],
    [2, "  run: c\n"],
  ]);
  assert.deepEqual(indents("10. run: a\n\t- run: b\n"), [
    [4, "10. run: a\n"],
    [6, "\t- run: b\n"],
  ]);
});

test("a name that is a path is refused with one that works", () => {
  assert.match(problem("run: ../x\n"), /`..\/x` is a path.*: `x`$/s);
  assert.match(problem("run: runs/a/b c\n"), /is a path/);
  assert.match(problem("run: /etc/passwd\n"), /is a path.*`passwd`/s);
  assert.match(problem("run: ..\n"), /is a path/);
  assert.match(problem('run: "a b"\n'), /`a-b`/);
  assert.match(problem(`run: ${"a".repeat(101)}\n`), /longer than 100/);
  assert.match(problem("run: naïve\n"), /`na-ve`/);
});

test("an unknown key is answered with the nearest known one", () => {
  assert.match(problem("run: a timout=2h\n"), /`timout` is no key.*did you mean `timeout`/);
  assert.match(problem("run: a epochs=20\n"), /write `--epochs`/);
  assert.match(problem("run: a timeout=2\n"), /write the unit: `2m`/);
  assert.match(problem("run: a timeout=soon\n"), /`90s`/);
  assert.match(problem("run: a timeout=1h timeout=2h\n"), /written twice/);
  assert.match(problem("run: a timeout=9999999d\n"), /longer than a year/);
  assert.match(problem("run: a runner=uvx\n"), /did you mean `uv`/);
  assert.match(problem("run: a env=NIGHTLAB_RUN_ID=x\n"), /belongs to nightlab/);
});

test("a word after an option is its value, but not where it is a key of nightlab's", () => {
  assert.deepEqual(spec("run: a --set seed=3\n").args, ["--set", "seed=3"]);
  const read = spec("run: a --flag timeout=2h --lr -1\n");
  assert.deepEqual([read.args, read.timeoutMs], [["--flag", "--lr", "-1"], 7_200_000]);
  assert.match(problem("run: a --flag timout=2h\n"), /did you mean `timeout`/);
  assert.match(problem("run: a --layers 64 64\n"), /`64` belongs to no option/);
});

test("everything after a double dash is handed on", () => {
  const read = spec("run: a -- x timeout=2h --y !\n");
  assert.deepEqual([read.args, read.go], [["--", "x", "timeout=2h", "--y"], true]);
});

test("after names runs, each with success or with any end", () => {
  assert.deepEqual(spec("run: a after=full,k7f3 after=b (any)\n").after, [
    { target: "full", any: false },
    { target: "k7f3", any: false },
    { target: "b", any: true },
  ]);
  const mixed = spec("run: a after=b (Any) --lr 2 !\n");
  assert.deepEqual(mixed.after, [{ target: "b", any: true }]);
  assert.deepEqual([mixed.args, mixed.go], [["--lr", "2"], true], "the words behind are its own");
  const plain = spec("run: a after=b --any (any)\n");
  assert.deepEqual([plain.after, plain.args], [[{ target: "b", any: false }], ["--any", "(any)"]]);
  for (const value of ["b (any)", '"b (any)"', "[b (any)]", "\n  - b (any)"]) {
    const fenced = spec(`\`\`\`yaml\nrun: a\nafter: ${value}\n\`\`\`\n`);
    assert.deepEqual(fenced.after, [{ target: "b", any: true }], value);
  }
  assert.match(problem("run: a after=../x\n"), /`after` names no run/);
});

test("environment variables come one by one", () => {
  assert.deepEqual(spec('run: a env=B=2 env="A=1 C=x=y"\n').env, { A: "1", B: "2", C: "x=y" });
  assert.match(problem("run: a env=1A=2\n"), /cannot name an environment variable/);
});

test("keys of an earlier version's plans are told as any unknown one, and start nothing", () => {
  assert.match(problem("run: a executor=slurm !\n"), /`executor` is no key of a command/);
  assert.match(problem("```yaml\nrun: a\nhost: { name: box }\n```\n"), /`host` is no key/);
});

test("a place and a priority are numbers in their bounds, and `share` is a part of one GPU", () => {
  const { gpus, share, priority } = spec("run: a gpus=2 priority=-3\n");
  assert.deepEqual([gpus, share, priority], [2, undefined, -3]);
  assert.equal(spec("run: a gpus=0\n").gpus, 0);
  assert.equal(spec("run: a share=2\n").share, 2);
  assert.match(problem("run: a gpus=two\n"), /`gpus` cannot be `two`; write a number from 0 to 64/);
  assert.match(problem("run: a gpus=1.5\n"), /`gpus` cannot be/);
  assert.match(problem("run: a share=0\n"), /`share` cannot be/);
  assert.match(problem("run: a share=2 gpus=2\n"), /part of one GPU/);
  assert.match(problem("run: a priority=high\n"), /`priority` cannot be/);
  assert.match(problem("run: a env=CUDA_VISIBLE_DEVICES=1\n"), /set by the GPUs .*gpus: 0/);
  assert.match(problem("run: a env=ROCR_VISIBLE_DEVICES=1\n"), /set by the GPUs .*gpus: 0/);
});

test("script takes a file of the experiment and words", () => {
  const read = spec("script: plots/curves.py full --dpi 200\n");
  assert.deepEqual([read.target, read.args], ["plots/curves.py", ["full", "--dpi", "200"]]);
  for (const path of ["../x.py", "/x.py", "a/../../x.py", "rm", "-x.py", "a\\b.py", "~/x.py"]) {
    assert.match(problem(`script: ${path} full\n`), /the script `/, path);
  }
});

test("eval and stop take an id, a name or a run's folder", () => {
  for (const [written, read] of [
    ["k7f3.2-1", "k7f3.2-1"],
    ["2025-02-02T14-30-00-de-risk", "2025-02-02T14-30-00-de-risk"],
    ["runs/2025-02-02T14-30-00-de-risk/", "2025-02-02T14-30-00-de-risk"],
  ]) {
    assert.equal(spec(`eval: ${written} --split test\n`).target, read);
    assert.equal(spec(`stop: ${written}\n`).target, read);
  }
  assert.match(problem("eval: ../other/runs/x\n"), /is a path/);
  assert.match(problem("stop: k7f3 --now\n"), /takes nothing but its target/);
});

test("queue knows two words", () => {
  assert.equal(spec("queue: pause\n").target, "pause");
  assert.equal(spec("queue: resume !\n").target, "resume");
  assert.match(problem("queue: resmue\n"), /write `queue: resume`/);
});

test("layout and consent are no part of what a command is", () => {
  const same = [
    'run: full --epochs 20 timeout=2h because="x"\n',
    "run:   full timeout=120m   --epochs\t20 !\n",
    '- [x] run: "full" `--epochs 20` timeout=2h\n',
    "run: full\n  --epochs 20\n  timeout=2h\n",
    "```yaml\nrun: full\nargs: --epochs 20\ntimeout: 2h\n```\n",
    "~~~run\nrun: full\ntimeout: 2h\nargs: { epochs: 20 }\ngo: true\n~~~\n",
  ];
  assert.equal(new Set(same.map(canonical)).size, 1);
});

test("a different meaning is a different command", () => {
  const different = [
    "run: full\n",
    "run: full2\n",
    "eval: full\n",
    "run: full --epochs 20\n",
    "run: full --epochs=20\n",
    "run: full --epochs 20 timeout=2h\n",
    "run: full after=a\n",
    "run: full after=a (any)\n",
    "run: full env=A=1\n",
    "run: full gpus=1\n",
    "run: full gpus=2\n",
    "run: full script=b.py\n",
    "run: full runner=uv\n",
  ];
  assert.equal(new Set(different.map(canonical)).size, different.length);
});

test("places count behind a byte order mark, CRLF and CR", () => {
  const text = "\uFEFFrun: a\r\n\r\nrun: b\r\r- [ ] run: ../c";
  const { blocks } = readJournal(text);
  assert.deepEqual(
    blocks.map(({ span, closed, lineEnded, commands: [command] }) => [
      text.slice(span.start, span.end),
      closed,
      lineEnded,
      command?.line,
    ]),
    [
      ["run: a\r\n", true, true, 1],
      ["run: b\r", true, true, 3],
      ["- [ ] run: ../c", false, false, 5],
    ],
  );
  assert.deepEqual(blocks[2]?.commands[0]?.problems[0]?.place, { line: 5, column: 12, offset: 30 });
});

test("emoji, NUL and very long lines keep their offsets", () => {
  const long = "é".repeat(2_000);
  const text = `😀 text\n\nrun: a --x ${long}\n\nrun: b\0c\n\nrun: d\n`;
  const found = commands(text);
  assert.deepEqual(
    found.map((one) => one.spec?.target),
    ["a", undefined, "d"],
  );
  assert.equal(found[0]?.spec?.args[1], long);
  const [, , last] = readJournal(text).blocks;
  assert.equal(text.slice(last?.span.start, last?.span.end), "run: d\n");
  assert.match(problem('run: a --x "b\0"\n'), /NUL/);
});

test("a block knows the heading above it", () => {
  const text = "run: a\n\n# Title *x*\n\nrun: b\n\nSub\n---\n\n- run: c\n";
  assert.deepEqual(
    readJournal(text).blocks.map(({ heading }) => heading),
    ["", "Title x", "Sub"],
  );
});
