// A frontmatter that cannot be read, or that is wrong about what runs and for how long, starts
// nothing: what it was to say is not known, and the defaults would be another run.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startNight } from "./night.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const journal = (frontmatter: string, closing = "---\n"): string =>
  `---\n${frontmatter}${closing}\n# A night\n\n## 2025-02-02\n\nrun: a !\n`;

const nightWith = (text: string) =>
  startNight({ text, durationMs: () => MINUTE, exitCode: () => 0, delayMs: () => 10 });

const BROKEN: Readonly<Record<string, string>> = {
  "a script that is no path": "script: [a.py, b.py]\n",
  "a timeout that is no time": "timeout: soon\n",
  "a runner that is none": "runner: poetry2\n",
  "a rule that is none in `stop on`": "stop on: [not-finit]\n",
  "a key that is nearly one of these": "scrpt: other.py\n",
  "a key that is written twice": "script: other.py\nscript: train.py\n",
  "no YAML": "script: other.py\nmetrics: [a\n",
  "a bare word": "script other.py\n",
  "a tab": "script: other.py\nrules:\n\tstalled: off\n",
};

for (const [what, frontmatter] of Object.entries(BROKEN)) {
  test(`nothing starts with ${what} in the frontmatter, until it is mended`, () => {
    const night = nightWith(journal(frontmatter));
    night.pass(2 * MINUTE);
    assert.equal(night.starts.length, 0);
    assert.match(night.text(), /> \*\*problem\*\*/);
    assert.match(night.text(), /> \*\*waiting\*\* .* until the frontmatter's `.*` can be used/);
    const head = night.text().indexOf("# A night");
    night.save(`---\nscript: other.py\n---\n\n${night.text().slice(head)}`);
    night.pass(20 * SECOND);
    assert.equal(night.starts.length, 1);
  });
}

test("a frontmatter that nothing closes starts nothing, and is told once and for good", () => {
  for (const keys of [
    "timeout: 3h\n",
    "script: other.py\ntimeout: 3h\n",
    "script: a.py\nrules:\n",
  ]) {
    const night = nightWith(journal(keys, ""));
    night.pass(2 * MINUTE);
    assert.equal(night.starts.length, 0, keys);
    assert.match(night.text(), /> \*\*problem\*\* nothing closes the frontmatter/, keys);
    const writes = night.writes();
    night.pass(10 * MINUTE);
    assert.equal(night.writes(), writes, keys);
  }
});

test("what says nothing of how a run starts holds nothing up", () => {
  const night = nightWith(
    journal(
      "hypothesis: If A: b\nsuccess: val/loss <\nmetrics: { a: up }\nsucess: a > 1\nstop on: over-limit\n",
    ),
  );
  night.pass(2 * MINUTE);
  assert.equal(night.starts.length, 1);
});
