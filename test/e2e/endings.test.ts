// Every way in which a script goes wrong ends with a receipt that tells a person what happened.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { JOURNAL, openLab, trainScript, type TestLab } from "./lab.ts";

let it: TestLab;
before(async () => {
  it = await openLab({ journal: JOURNAL, train: trainScript("") });
  await it.start();
});
after(() => it.close());

/** Writes the script, adds the command, and gives the receipt that comes below it. */
async function receiptOf(command: string, script: string): Promise<string> {
  await it.write("train.py", script);
  await it.save(`${it.journal().trimEnd()}\n\n${command}\n`);
  const below = (): string => it.journal().slice(it.journal().lastIndexOf(command));
  return it.until(
    `a receipt below ${command}`,
    () => {
      const text = below();
      return /^> \*\*(done|failed|stopped|lost|problem|held)\*\*/m.test(text) && text;
    },
    60_000,
  );
}

test("a script that exits with 3: the code, and the traceback's last line with its place", async () => {
  const text = await receiptOf(
    "run: three",
    trainScript(`metric(step=1, **{"val/loss": 0.5})
try:
    raise ValueError("bad learning rate")
except ValueError:
    import traceback; traceback.print_exc(); sys.exit(3)`),
  );
  assert.match(text, /\*\*failed\*\*/);
  assert.match(text, /exit code 3|code 3/);
  assert.match(text, /ValueError: bad learning rate/);
  assert.match(text, /\[console\.log:\d+\]\(runs\/[^)]*-three\/logs\/console\.log\)/);
  assert.match(text, /\[WEIRD\]/);
});

test("a metric that becomes NaN: flagged with its step and line", async () => {
  const text = await receiptOf(
    "run: nan",
    trainScript(`for step in range(3): metric(step=step, **{"val/loss": 0.5})
metric(step=3, **{"val/loss": float("nan")})`),
  );
  assert.match(text, /\*\*done\*\*/);
  assert.match(text, /\[WEIRD\] .*val\/loss .*NaN.*step 3.*\[train\.log:4\]/);
});

test("a syntax error: told with its line", async () => {
  const text = await receiptOf("run: syntax", "def f(:\n    pass\n");
  assert.match(text, /\*\*failed\*\*/);
  assert.match(text, /SyntaxError/);
});

test("a dependency that does not exist: the environment could not be built", async () => {
  const text = await receiptOf(
    "run: nodep",
    `# /// script
# dependencies = ["nightlab-no-such-package-zzz"]
# ///
print("never")
`,
  );
  assert.match(text, /\*\*failed\*\*/);
  assert.match(text, /environment/);
  assert.match(text, /nightlab-no-such-package-zzz/);
});

test("a script that never logs: done, and the missing metrics are flagged", async () => {
  const text = await receiptOf("run: silent", trainScript("pass"));
  assert.match(text, /\*\*done\*\*/);
  assert.match(text, /\[WEIRD\] .*no metric/i);
});

test("a script that sleeps past its limit: ended there, and how to give it longer", async () => {
  const text = await receiptOf(
    "run: sleepy timeout=2s",
    trainScript(`metric(step=1, **{"val/loss": 0.5})
time.sleep(60)`),
  );
  assert.match(text, /\*\*failed\*\*/);
  assert.match(text, /limit/);
  assert.match(text, /timeout=/);
});

test("an option that the script does not take: said, with the line that would take it", async () => {
  const text = await receiptOf(
    "run: epochs --epochs 20",
    `import argparse
p = argparse.ArgumentParser()
p.add_argument("name")
p.parse_args()
`,
  );
  assert.match(text, /\*\*failed\*\*/);
  assert.match(text, /--epochs/);
});

test("a script that does not exist: held, with the nearest name", async () => {
  const text = await receiptOf("run: typo script=trian.py", trainScript("pass"));
  assert.match(text, /trian\.py/);
  assert.match(text, /train\.py/);
});

test("a name that is a path, and an unknown key: a problem that starts nothing", async () => {
  const count = it.runs().length;
  const text = await receiptOf("run: ../../etc/passwd", trainScript("pass"));
  assert.match(text, /\*\*problem\*\*/);
  assert.equal(it.runs().length, count);
});
