// Logs with names, keys and contents that a page or a picture could stumble over: the report is
// written and every metric drawn, and what a viewer would obey is shown.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { auditFiles } from "../../src/effects/pages/audit-files.ts";
import { OBEYED } from "../property/mutated-lab.ts";
import { rebuild } from "../../src/cli/rebuild.ts";

const RUN = "2025-02-02T14-30-00-a";

interface Rebuilt {
  readonly page: string;
  readonly text: string;
  /** Names of the run's pictures. */
  readonly plots: readonly string[];
}

/** An experiment with one run of these files, rebuilt; its report passes an audit of its own. */
async function rebuilt(
  files: Readonly<Record<string, string>>,
  journal = "# Strange\n",
): Promise<Rebuilt> {
  const lab = mkdtempSync(join(tmpdir(), "nightlab-strange-"));
  const experiment = join(lab, "exp");
  const run = join(experiment, "runs", RUN);
  try {
    writeFileSync(join(lab, "nightlab.yaml"), "");
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(run, name)), { recursive: true });
      writeFileSync(join(run, name), text);
    }
    writeFileSync(join(experiment, "JOURNAL.md"), journal);
    const { text, exitCode } = await rebuild(experiment);
    assert.equal(exitCode, 0, text);
    const path = join(experiment, "REPORT.md");
    const page = readFileSync(path, "utf8");
    assert.doesNotMatch(page, OBEYED);
    assert.doesNotMatch(readFileSync(join(experiment, "plots", "index.html"), "utf8"), OBEYED);
    const [audited] = await auditFiles(experiment, [path], { labDir: lab });
    assert.ok(audited?.kind === "audited");
    assert.deepEqual(audited.result.findings, []);
    return { page, text, plots: readdirSync(join(run, "plots")) };
  } finally {
    rmSync(lab, { recursive: true });
  }
}

const rows = (...keys: readonly string[]): string =>
  Array.from({ length: 12 }, (_, step) => {
    const values = keys.map((key, i) => `${JSON.stringify(key)}: ${step}.${i}5`);
    return `{"step": ${step}, ${values.join(", ")}}\n`;
  }).join("");

const NAMES = [
  "a\tb",
  "a\nb",
  "a\rb",
  "a\u2028b",
  "a\u202Eb",
  "a\u001B[31mb",
  "a  b",
  "#L3",
  "a%20b",
  "`a`",
];
for (const name of NAMES) {
  test(`a log called ${JSON.stringify(name)} is reported`, async () => {
    const { page } = await rebuilt({ [`logs/${name}.jsonl`]: rows("loss") });
    assert.match(page, /\| loss +\| 12 /);
  });
}

test("metrics called as what every object has are reported and drawn", async () => {
  const keys = [
    "constructor",
    "toString",
    "hasOwnProperty",
    "__proto__",
    "valueOf",
    "constructor/loss",
  ];
  const files = { "logs/x.jsonl": rows(...keys), "logs/constructor.jsonl": rows("val/__proto__") };
  const { page, text, plots } = await rebuilt(
    files,
    "---\nmetrics: [constructor, toString]\n---\n",
  );
  assert.doesNotMatch(text, /No (?:new plot|picture)/);
  for (const key of keys) {
    assert.ok(plots.includes(`${key.replaceAll("/", "-")}.webp`), `${key}: ${plots.join(" ")}`);
  }
  assert.match(page, /\| constructor +\| 12 /);
});

test("what a terminal obeys in a metric's name is shown, not obeyed", async () => {
  const keys = ["a\0b", "a\u001B[2Jb", "a\u0007b", "a\u009Bb", "a\u202Eb", "a\u2028b", "a b"];
  const { page } = await rebuilt({ "logs/x.jsonl": rows(...keys) });
  assert.match(page, /a\u{FFFD}b/u);
});

test("values between colours, redraws and the words of wrappers are found again", async () => {
  const log = [
    'step 1 {"loss": 0.2\u001B[2J87}',
    "\u001B[32mstep 2 loss=0.5\u001B[0m val_loss=0.25",
    "step 3 loss=tensor(0.5) val_loss=0.7",
    "step 4 loss=0.4\rstep 5 loss=0.3\rstep 6 loss=0.2",
    "step 7 loss=0.886 val_loss=0.6 loss=[1]",
  ].join("\n");
  const table = [
    "\u001B[1m Epoch    loss   acc\u001B[0m",
    "\u001B[36m     1  \u001B[31m0.5\u001B[0m    0.25",
    "     2  \u001B[32m0.4\u001B[0m    0.35",
  ].join("\n");
  const { page } = await rebuilt({
    "logs/train.log": `${log}\n`,
    "logs/console.log": `${table}\n`,
  });
  assert.match(page, /loss/);
});

test("a trainer_state.json that somebody damaged costs the damaged steps, not the report", async () => {
  const state = `{"log_history": [
    {"step": 1, "loss": 2.5},
    {"step": 2, "loss"FO | metric "step": 0, "loss": 0.9, "acc": 0c "acc": 02},
    {"step": 3, "loss": 1,234.5},
    {"step": 4, "loss": 0.5 0.7},
    {"step": 5, "${"x".repeat(300)}": 1, "loss": 1.5}
  ], "global_step": 5}`;
  const { page } = await rebuilt({ "trainer_state.json": state });
  assert.match(page, /2\.5 \[\d+\] at step 1/);
  assert.match(page, /1\.5 \[\d+\] at step 5/);
  assert.doesNotMatch(page, /234\.5|xxxx/);
});

test("a record whose seed is no text counts as none, and says why", async () => {
  const golden = new URL("../golden/report/three-seeds/runs/", import.meta.url);
  const record = readFileSync(
    new URL("2025-02-02T14-00-00-full-seed-0/run.json", golden),
    "utf8",
  ).replace('"seed": "0"', '"seed": 0');
  const { page } = await rebuilt({ "run.json": record, "logs/x.jsonl": rows("loss") });
  assert.match(page, /run\.json.* cannot be read \(.*seed/);
});

test("a column without a name is passed over", async () => {
  const { page } = await rebuilt({ "logs/x.csv": "step, ,loss\n1,5,0.5\n2,6,0.25\n" });
  assert.match(page, /0\.25 \[\d+\]/);
});
