// The check before saving over real files: a log that changes while a report is made keeps the old
// report, and whatever a log is written like, a value that it holds is found in it.
import assert from "node:assert/strict";
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { readExperimentFiles } from "../../src/effects/run-store/experiment-files.ts";
import { renewReport } from "../../src/effects/pages/pages.ts";
import { readSources } from "../../src/effects/pages/verify-page.ts";
import { valueRefusals, type Refusal } from "../../src/report/audit/verify-values.ts";
import { reportTree } from "../../src/report/page/page.ts";

const LOG = "runs/2025-02-02T16-00-00-full-seed-2/logs/train.log";

test("a cited line or a flag's line that changed since it was read keeps the page from being saved", async () => {
  const lab = await mkdtemp(join(tmpdir(), "nightlab-gate-"));
  try {
    const experiment = join(lab, "nan seed");
    await cp(join(import.meta.dirname, "../golden/report/nan-seed"), experiment, {
      recursive: true,
    });
    const { input } = await readExperimentFiles(experiment, { labDir: lab });
    const tree = reportTree(input);
    const refusals = async (): Promise<readonly Refusal[]> =>
      valueRefusals(tree, input, (await readSources(experiment, tree)).troubleOf);
    assert.deepEqual(await refusals(), []);

    const log = await readFile(join(experiment, LOG), "utf8");
    const at = log.slice(0, log.indexOf("NaN")).split("\n").length;
    const changes = [
      log.replace("NaN", "0.3"),
      log.replace("NaN", "NaNs").replace("NaNs", "nan"),
      // The line is the same, and is another one by its number.
      `\n${log.slice(0, -1)}`,
      "",
    ];
    for (const changed of changes) {
      await writeFile(join(experiment, LOG), changed);
      const found = await refusals();
      assert.ok(
        found.some(({ said, message }) => said === "val/loss NaN" && message.includes(`:${at}`)) ||
          found.some(({ message }) => message === `line ${at} of ${LOG} begins elsewhere`),
        JSON.stringify(found),
      );
    }
    await rm(join(experiment, LOG));
    assert.ok((await refusals()).some(({ message }) => message === `${LOG} cannot be read`));
  } finally {
    await rm(lab, { recursive: true });
  }
});

/** Logs that hold what they hold in an odd way, each with a value that the report must cite. */
const ODD: Readonly<Record<string, readonly [file: string, log: string, cited: string]>> = {
  "colours in a console table": [
    "logs/train.log",
    [
      "  epoch    train_loss    valid_acc    valid_loss     dur",
      "-------  ------------  -----------  ------------  ------",
      "      1        \u001B[36m0.6387\u001B[0m       \u001B[32m0.5000\u001B[0m        \u001B[35m0.7429\u001B[0m  0.0998",
      "      2        \u001B[36m0.6370\u001B[0m       \u001B[32m0.5500\u001B[0m        \u001B[35m0.7414\u001B[0m  0.0120",
      "      3        \u001B[36m0.6350\u001B[0m       0.5500        \u001B[35m0.7401\u001B[0m  0.0120\n",
    ].join("\n"),
    "0.7401",
  ],
  "a colour within a number": ["logs/train.log", "step 1 loss=0.\u001B[1m25\u001B[0m\n", "0.25"],
  "a key that another number follows": [
    "logs/train.log",
    'metric {"step": 0, "loss": 0.9, "a": "loss 7"}\n',
    "0.9",
  ],
  "a list": ["logs/train.log", "step 1 lr=[1e-4, 3e-4] loss=[0.5]\n", "0.5"],
  "a redraw behind a carriage return": [
    "logs/train.log",
    "step 1 loss=0.9\rstep 2 loss=0.8\n",
    "0.8",
  ],
  "a trainer state of one long line": [
    "trainer_state.json",
    `{"log_history":[${Array.from({ length: 60_000 }, (_, i) => `{"step":${i},"loss":${i}.125}`).join(",")}],"global_step":3}`,
    "59999.125",
  ],
  "a person's own pattern": ["logs/own.log", "@5 12.5.77|\n@6 12.5.78|\n", "78"],
};

for (const [what, [file, log, cited]] of Object.entries(ODD)) {
  test(`the report is written of ${what}`, async () => {
    const lab = await mkdtemp(join(tmpdir(), "nightlab-odd-"));
    try {
      const path = join(lab, "exp", "runs", "2025-02-02T14-30-00-full", file);
      await mkdir(dirname(path), { recursive: true });
      const own =
        file === "logs/own.log" ? `metrics_pattern: '@(?<step>\\d+) .*\\.(?<loss>\\d+)\\|'\n` : "";
      await writeFile(join(lab, "exp", "JOURNAL.md"), `---\nhypothesis: x\n${own}---\n`);
      await writeFile(path, log);
      const { problems, path: page } = await renewReport(join(lab, "exp"), { labDir: lab });
      assert.deepEqual(problems, []);
      const text = await readFile(page, "utf8");
      assert.ok(text.includes(` = ${cited}\n`) || text.includes(` = ${cited}  \n`), text);
      await appendFile(path, "\n");
    } finally {
      await rm(lab, { recursive: true });
    }
  });
}
