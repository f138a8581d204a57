// Whatever metrics, logs, runs, hypotheses and lines are called, a true report is written, and none
// with a wrong value is. `NIGHTLAB_HOSTILE=500 node --test FILE` for many.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { renewReport } from "../../src/effects/pages/pages.ts";
import { readSources } from "../../src/effects/pages/verify-page.ts";
import { readExperimentFiles } from "../../src/effects/run-store/experiment-files.ts";
import { valueRefusals } from "../../src/report/audit/verify-values.ts";
import { reportTree } from "../../src/report/page/page.ts";
import { pathOf } from "../../src/report/page/values.ts";
import { record } from "../unit/judge/given.ts";
import { OBEYED } from "./mutated-lab.ts";
import { allValues, changed, LIES } from "./planted.ts";

const LABS = Number(process.env["NIGHTLAB_HOSTILE"] ?? 25);

/** Parts of names that a reader, a viewer, Markdown or a check might trip over. */
const PARTS: readonly string[] = [
  ..."constructor|__proto__|toString|hasOwnProperty|loss|val/loss|acc".split("|"),
  ..."0.5|1e-3|NaN|-1|loss = 3|[4]|0.312 [4]|(= 0.98 × 0.5 [2])|12:30:00".split("|"),
  ..."\t;\n;\r;\r\n;\0;\u0007;\u001B[31m;\u001B[0m;\u001B]8;\u009B1m;\b;\u2028;\u2029;\u202E;\u00A0;\u0085".split(
    ";",
  ),
  ..."|;*;**MET**;_x_;`;``;$x$;<b>;&lt;;#L3;## Results;- ;> ;[x](y);\\;“;”;\";';%20;%".split(";"),
  ..."There are 7 runs.;is **NOT MET**;The mean of x over 3 runs is 0.1;not listed; · ; at step 3".split(
    ";",
  ),
  ..."é;漢;🙂;\uD83D;\uFEFF; ;  ;é".split(";"),
];
const text = fc
  .array(fc.oneof(fc.constantFrom(...PARTS), fc.string({ unit: "binary", maxLength: 4 })), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => parts.join(""));
/** What a file may be called. */
const fileName = text.map((name) => {
  const bare = name.toWellFormed().replaceAll(/[/\0]/g, "~").slice(0, 40);
  return /^\.*$/.test(bare) ? `x${bare}` : bare;
});
const token = fc.oneof(
  fc.integer({ min: 1_000, max: 9_999 }).map((digits) => `0.${digits}`),
  fc.constantFrom("NaN", "-inf", "1e-05", "1,234.5", "1e300", "-0", "1e999", "5e-324", "7."),
);
const lab = fc.record({
  title: text,
  hypothesis: text,
  metric: text,
  // A folder of any other name is no run.
  folder: fc.constantFrom(
    ..."constructor toString 0.5 1e-3 NaN 12 x_y_ a__b lr-0.1 02.json x..y seed-3 not-met".split(
      " ",
    ),
  ),
  host: text,
  entry: text,
  seeds: fc.integer({ min: 1, max: 4 }),
  form: fc.constantFrom("json", "names", "table", "colours"),
  logName: fileName,
  ending: fc.constantFrom(".log", ".jsonl", ".csv", ""),
  noise: fc.array(text, { maxLength: 3 }),
  tokens: fc.array(token, { minLength: 4, maxLength: 12 }),
  baseline: fc.boolean(),
});
type Lab = typeof lab extends fc.Arbitrary<infer T> ? T : never;

/** The log of one run: two metrics in one of the forms in which programs print them. */
function logOf({ metric, form, noise, tokens }: Lab, seed: number): string {
  const at = (i: number): string => tokens[(i + seed) % tokens.length] ?? "0.5";
  const rows = [0, 1, 2].map((step): string => {
    const [a, b] = [at(step), at(step + 3)];
    switch (form) {
      case "json":
        return `{"step": ${step}, ${JSON.stringify(metric)}: ${a}, "loss": ${b}}`;
      case "names":
        return `step ${step} ${metric}=${a} loss=${b}`;
      case "colours":
        return `step ${step} \u001B[32m${metric}\u001B[0m: \u001B[1m${a}\u001B[0m loss: ${b.charAt(0)}\u001B[36m${b.slice(1)}\u001B[0m`;
      case "table":
        return `${step},${a.replaceAll(",", "")},${b.replaceAll(",", "")}`;
    }
  });
  const head = form === "table" ? [`step,"${metric.replaceAll('"', '""')}",loss`] : [];
  return `${[...head, ...noise, ...rows].join("\n")}\n`;
}

function write(experiment: string, given: Lab): void {
  const { title, hypothesis, folder, host, entry, seeds, logName, ending } = given;
  const names = Array.from({ length: seeds }, (_, i) => `${folder}-seed-${i}`);
  const plan = [
    `hypothesis: ${JSON.stringify(hypothesis)}`,
    "success: loss <= 0.98 and loss > -1",
    `metrics: [${JSON.stringify(given.metric)}, loss]`,
    `evidence: ${JSON.stringify(names)}`,
    ...(given.baseline ? [`baseline: ${JSON.stringify(names[0])}`] : []),
  ];
  const put = (path: string, content: string): void => {
    mkdirSync(dirname(join(experiment, path)), { recursive: true });
    writeFileSync(join(experiment, path), content);
  };
  put(
    "JOURNAL.md",
    `---\n${plan.join("\n")}\n---\n# ${title}\n\n## Background\n\n${entry}\n\n- 2025-02-02 10:00 [INSIGHT] ${entry}\n`,
  );
  for (const [i, name] of names.entries()) {
    const dir = `runs/2025-02-02T14-3${i}-00-${name}`;
    put(`${dir}/logs/${logName}${ending}`, logOf(given, i));
    const own = record(name, {
      folder: dir.slice(5),
      host,
      args: [name, "--seed", String(i), entry],
    });
    if (i !== 1) put(`${dir}/run.json`, JSON.stringify(own));
  }
}

test(`${LABS} labs of hostile names: each true report is written, and no other`, async () => {
  const places = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      lab,
      fc.nat(),
      fc.constantFrom(...Object.keys(LIES)),
      async (given, pick, kind) => {
        const labDir = mkdtempSync(join(tmpdir(), "nightlab-hostile-"));
        const experiment = join(labDir, "exp");
        try {
          write(experiment, given);
          const { input } = await readExperimentFiles(experiment, { labDir });
          const report = await renewReport(experiment, { labDir });
          assert.deepEqual(report.problems, []);
          const page = readFileSync(report.path, "utf8");
          assert.doesNotMatch(page, OBEYED);
          assert.match(page, /^## Results$/m);
          assert.equal((await renewReport(experiment, { labDir })).written, false);

          const tree = reportTree(input);
          const values = allValues(tree);
          const sources = values.filter((value) => value.kind === "source");
          const lie = LIES[kind] ?? (() => undefined);
          const at = [...values.keys()].filter((i) => {
            const value = values[i];
            return value !== undefined && lie(value, sources) !== undefined;
          });
          const { troubleOf } = await readSources(experiment, tree);
          assert.deepEqual(valueRefusals(tree, input, troubleOf), []);
          if (at.length > 0) {
            places.add(kind);
            const index = at[pick % at.length] ?? 0;
            const wrong = changed(tree, index, (one) => lie(one, sources) ?? one);
            const after = await readSources(experiment, wrong);
            assert.notDeepEqual(valueRefusals(wrong, input, after.troubleOf), [], kind);
          }
          // The log says another value by now, in every place where the line said this one.
          const source = sources[pick % Math.max(1, sources.length)];
          if (source === undefined) return;
          const path = join(experiment, pathOf(source));
          const bytes = readFileSync(path);
          const end = bytes.indexOf(10, source.offset);
          const line = bytes.toString("latin1", source.offset, end < 0 ? bytes.length : end);
          const other = line.replaceAll("\u001B[36m", "").replaceAll(source.token, "0.123456");
          writeFileSync(
            path,
            Buffer.concat([
              bytes.subarray(0, source.offset),
              Buffer.from(other, "latin1"),
              bytes.subarray(end < 0 ? bytes.length : end),
            ]),
          );
          const changedLog = await readSources(experiment, tree);
          assert.notDeepEqual(valueRefusals(tree, input, changedLog.troubleOf), []);
        } finally {
          rmSync(labDir, { recursive: true });
        }
      },
    ),
    { numRuns: LABS },
  );
  assert.ok(places.size > 3, [...places].join(", "));
});
