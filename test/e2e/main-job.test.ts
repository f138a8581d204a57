// The whole way on the real disk: a saved line, the real uv, and what stands in the journal after.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { JOURNAL, openLab, trainScript, type TestLab } from "./lab.ts";

const TRAIN = trainScript(`
for step in range(0, 200, 10):
    metric(step=step, **{"train/loss": 2.0 / (1 + step), "val/loss": 2.5 / (1 + step)})
    time.sleep(0.01)
print("trained")
`);

const open: TestLab[] = [];
after(async () => {
  for (const one of open) await one.close();
});
async function lab(options: Parameters<typeof openLab>[0]): Promise<TestLab> {
  const made = await openLab(options);
  open.push(made);
  return made;
}

test("a saved line becomes a run, and the receipt, plots and report stand there", async () => {
  const it = await lab({
    name: `a lab's "$(touch pwned)" ünï`,
    experiment: "exp $(touch pwned); echo 'x'",
    journal: JOURNAL,
    train: TRAIN,
  });
  await it.start();
  const typed = `${JOURNAL}run: de-risk\n\n14:45 [TODO] check the clipping value.\n`;
  await it.save(typed);
  await it.until("the receipt says done", () => it.journal().includes("> **done** `"), 60_000);
  const text = it.journal();
  const [folder] = it.runs();
  assert.equal(it.runs().length, 1);
  assert.match(String(folder), /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}-de-risk$/);
  const run = join(it.experiment, "runs", String(folder));
  assert.match(text, /val\/loss 0\.0130/);
  assert.ok(text.includes(`[de-risk](runs/${folder})`), text);
  assert.ok(text.includes(`plots/val-loss.webp`), text);
  assert.ok(existsSync(join(run, "plots", "val-loss.webp")));
  assert.equal(
    readFileSync(join(run, "plots", "val-loss.webp"))
      .subarray(8, 12)
      .toString(),
    "WEBP",
  );
  assert.ok(existsSync(join(run, "plots", "val-loss.vl.json")));
  assert.match(readFileSync(join(run, "logs", "console.log"), "utf8"), /^trained$/m);
  const record = JSON.parse(readFileSync(join(run, "run.json"), "utf8")) as Record<string, unknown>;
  assert.equal(record["ending"], "done");
  assert.equal(record["exitCode"], 0);
  assert.equal(record["said"], "run: de-risk");
  await it.until("the report is there", () => existsSync(join(it.experiment, "REPORT.md")));
  await it.until("the report shows the run", () =>
    readFileSync(join(it.experiment, "REPORT.md"), "utf8").includes("de-risk"),
  );
  assert.ok(!existsSync(join(it.path, "pwned")) && !existsSync(join(it.experiment, "pwned")));
  assert.ok(!existsSync("pwned"));
  // What the person typed stands there, byte for byte, around the receipt.
  assert.equal(
    text
      .split("\n")
      .filter((line) => !line.startsWith(">"))
      .join("\n")
      .replace(/\n{3,}/g, "\n\n"),
    typed,
  );
});

test("a journal saved 100 times without a change starts nothing new, and no byte differs", async () => {
  const odd = `\uFEFF${JOURNAL}run: de-risk\n\n\tcode 😀 é\n\nlast line without end`.replaceAll(
    "\n",
    "\r\n",
  );
  const it = await lab({ journal: odd.replace("run: de-risk\r\n\r\n", ""), train: TRAIN });
  await it.start();
  await it.save(odd);
  await it.until("the receipt says done", () => it.journal().includes("> **done** `"), 60_000);
  const text = it.journal();
  for (let i = 0; i < 100; i += 1) await it.save(text);
  // A new command proves that the saves have all been read.
  await it.save(`${text}\r\n\r\nqueue: resume\r\n`);
  await it.until("the marker is answered", () => it.journal().includes("the queue goes on"));
  assert.equal(it.runs().length, 1);
  const plain = it
    .journal()
    .split("\r\n")
    .filter((line) => !line.startsWith(">"));
  assert.equal(
    plain
      .join("\r\n")
      .replace(/(\r\n){3,}/g, "\r\n\r\n")
      .trimEnd(),
    `${odd}\r\n\r\nqueue: resume`,
  );
});

test("an evaluation works on an existing run, and its metrics stand in its receipt", async () => {
  const it = await lab({ journal: JOURNAL, train: TRAIN });
  await it.write(
    "eval.py",
    `import sys, json
from datetime import datetime
run = sys.argv[1]
with open(f"{run}/logs/eval.log", "a") as log:
    log.write(f'{datetime.now():%Y-%m-%d %H:%M:%S} | INFO | metric {json.dumps({"test/acc": 0.75})}\\n')
`,
  );
  await it.start();
  await it.save(`${JOURNAL}run: de-risk\n\neval: de-risk\n`);
  await it.until("both are done", () => it.journal().split("> **done** `").length === 3, 60_000);
  assert.equal(it.runs().length, 1);
  assert.match(it.journal(), /test\/acc 0\.75/);
});
