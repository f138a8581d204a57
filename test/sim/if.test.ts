// `if`: a command that depends on what an earlier run has logged.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startNight, type Night, type NightOptions } from "./night.ts";
import { untraced } from "../untraced.ts";

const MINUTE = 60_000;
const HEAD = "# A night\n\n## 2025-02-02\n\n";

const METRICS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  full: { "val/loss": "0.52", acc: "0.80" },
  base: { "val/loss": "0.60" },
  bad: { "val/loss": "nan" },
  "lr-0": { "val/loss": "0.9" },
  "lr-0.1": { "val/loss": "0.3" },
};

const calm: NightOptions = {
  text: HEAD,
  durationMs: () => MINUTE,
  exitCode: (name) => (name === "failing" ? 1 : 0),
  delayMs: () => 10,
  metrics: (name) => METRICS[name] ?? {},
};

/** The receipt of the last command of a journal, once all of it has settled and run. */
function receiptOf(text: string): readonly [night: Night, receipt: string] {
  const night = startNight(calm);
  night.save(`${HEAD}${text}\n`);
  night.pass(10 * MINUTE);
  const line = untraced(night.text())
    .split("\n")
    .findLast((one) => one.startsWith("> **"));
  return [night, (line ?? "").replace(/^> (\S+) `\w+` · /, "$1 ")];
}

const CASES: readonly (readonly [written: string, receipt: RegExp | string])[] = [
  ['run: full\n\nrun: next if="full.val/loss < 0.6"', /^\*\*done\*\* /],
  [
    'run: full\n\nrun: next if="full.val/loss < 0.4"',
    "**skipped** `full.val/loss < 0.4` is not so: 0.52 is not < 0.4",
  ],
  [
    'run: full\n\nrun: base\n\nrun: next if="full.val/loss <= 0.8 * base.val/loss"',
    "**skipped** `full.val/loss <= 0.8 * base.val/loss` is not so: 0.52 is not <= 0.48",
  ],
  [
    'run: full\n\nrun: next if="full.val/loss < 0.6 and full.acc > 0.9"',
    "**skipped** `full.val/loss < 0.6 and full.acc > 0.9` is not so: 0.8 is not > 0.9",
  ],
  ['run: lr-0.1\n\nrun: next if="lr-0.1.val/loss < 0.4"', /^\*\*done\*\* /],
  ['run: lr-0\n\nrun: lr-0.1\n\nrun: next if="lr-0.1.val/loss < lr-0.val/loss"', /^\*\*done\*\* /],
  ['run: full\n\nrun: next if="best(full.val/loss) < 0.6"', /^\*\*done\*\* /],
  [
    'run: bad\n\nrun: full\n\nrun: next if="2 * bad.val/loss < full.acc"',
    "**held** `bad.val/loss` gives NaN, which decides no `if`",
  ],
  ['run: full\n\nrun: next after=full if="val_loss < 0.6"', /^\*\*done\*\* /],
  [
    'run: full\n\nrun: next if="val/loss < 0.6"',
    "**held** `val/loss` names no run; write `if` as `full.val/loss < 0.4`",
  ],
  [
    'run: full\n\nrun: base\n\nrun: next after=full,base if="val/loss < 0.6"',
    /^\*\*held\*\* `val\/loss` names no run/,
  ],
  [
    'run: full\n\nrun: next if="ful.val/loss < 0.6"',
    "**held** no run is called `ful`; write `if` as `full.val/loss < 0.4`",
  ],
  [
    'run: full\n\nrun: next if="full.val/los < 0.6"',
    "**held** `val/los` of `full`, which its `if` is about, has no value: " +
      "it was never logged; the nearest name in the log is `val/loss`",
  ],
  [
    'run: bad\n\nrun: next if="bad.val/loss < 0.6"',
    "**held** `bad.val/loss` gives NaN, which decides no `if`",
  ],
  [
    'run: failing\n\nrun: next if="failing.val/loss < 0.6"',
    /^\*\*held\*\* `\w+` \(failing\), which its `if` is about, ended as failed$/,
  ],
  ['run: next if="next.val/loss < 0.6"', /^\*\*held\*\* /],
];

for (const [written, receipt] of CASES) {
  test(`${written.replaceAll(/\s+/g, " ")} ends in the receipt that says why`, () => {
    const [night, said] = receiptOf(written);
    if (typeof receipt === "string") assert.equal(said, receipt);
    else assert.match(said, receipt, night.text());
    const started = night.starts.some(({ name }) => name === "next");
    assert.equal(started, said.startsWith("**done**"));
  });
}

test("a run above that is taken up later than it is waited for", () => {
  for (const keys of ['if: "full.val/loss < 0.6"', 'after: full\nif: "val/loss < 0.6"']) {
    const night = startNight(calm);
    night.save(`${HEAD}run: full\n\n\`\`\`yaml\nrun: next\n${keys}\ngo: true\n\`\`\`\n`);
    night.pass(8_000);
    assert.match(
      untraced(night.text()),
      /```\n\n> \*\*waiting\*\* `\w+` · until `full` has been taken up\n/,
    );
    night.pass(10 * MINUTE);
    assert.deepEqual(
      night.starts.map(({ name }) => name),
      ["full", "next"],
    );
  }
});

test("it waits for the run that it is about, and a go starts what was held", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: bad\n\nrun: next if="bad.val/loss < 0.6"\n`);
  night.pass(30_000);
  assert.match(untraced(night.text()), /run: next .*\n\n> \*\*waiting\*\* `\w+` · after `\w+`\n/);
  night.pass(5 * MINUTE);
  night.save(night.text().replace("- [ ] start", "- [x] start"));
  night.pass(2 * MINUTE);
  assert.deepEqual(
    night.starts.map(({ name }) => name),
    ["bad", "next"],
  );
});

test("what comes after a skipped run is held, and runs after `(any)`", () => {
  const night = startNight(calm);
  night.save(
    `${HEAD}run: full\n\nrun: next if="full.val/loss < 0.4"\n\nrun: then after=next\n\n` +
      "run: anyway after=next (any)\n",
  );
  night.pass(10 * MINUTE);
  assert.match(
    untraced(night.text()),
    /run: then .*\n\n> \*\*held\*\* `\w+` · `\w+` \(next\) ended as skipped\n/,
  );
  assert.deepEqual(
    night.starts.map(({ name }) => name),
    ["full", "anyway"],
  );
});

test("a sweep is asked once, before its first run", () => {
  const night = startNight(calm);
  night.save(
    `${HEAD}run: full\n\nrun: yes if="full.val/loss < 0.6" seeds=2\n\n` +
      'run: no if="full.val/loss < 0.4" seeds=2\n',
  );
  night.pass(10 * MINUTE);
  assert.equal(night.starts.filter(({ name }) => name.startsWith("yes")).length, 2);
  assert.match(
    untraced(night.text()),
    /run: no .*\n\n> \*\*skipped\*\* `\w+` · .*is not so: 0\.52 is not < 0\.4/,
  );
});

test("one run of a sweep is named by its id, the sweep alone is held", () => {
  const night = startNight({ ...calm, metrics: () => ({ "val/loss": "0.5" }) });
  night.save(`${HEAD}run: s seeds=2\n`);
  night.pass(3 * MINUTE);
  const [head] = [...night.world().commands.values()];
  assert.ok(head !== undefined);
  night.save(
    `${night.text()}\nrun: one if="${head.id}.2.val/loss < 0.6"\n\nrun: all if="s.val/loss < 0.6"\n`,
  );
  night.pass(3 * MINUTE);
  assert.ok(night.starts.some(({ name }) => name === "one"));
  assert.match(
    untraced(night.text()),
    /run: all .*\n\n> \*\*held\*\* .* is a sweep: name one of its runs/,
  );
});

test("what is missing or wrong in `if` is a mistake of the line", () => {
  const night = startNight(calm);
  night.save(
    [
      'run: a if="full.val/loss 0.4"',
      'run: b if="1 < 2"',
      'run: c if="full.val/loss < baseline.val/loss"',
      'run: d if="mean(full.val/loss) < 0.4"',
      "queue: pause when=tonight",
      "",
    ].join("\n\n"),
  );
  night.pass(2 * MINUTE);
  assert.deepEqual(night.text().match(/^> .*$/gm), [
    "> **problem** `if`: `0.4` is not expected here; write it like `val/loss <= 0.5` or `acc >= 1.02 * baseline.acc`",
    "> **problem** `if`: no metric of a run is in it; write it like `if: full.val/loss < 0.4`",
    "> **problem** `if`: `baseline.` means no run here; name the run: `full.val/loss < 0.4`",
    "> **problem** `if`: `mean(…)` is over several runs; name one: `full.val/loss < 0.4`",
    "> **problem** `queue:` takes nothing but its target; leave only the word after the colon",
  ]);
  assert.equal(night.starts.length, 0);
});
