// No rule speaks of a healthy run, and logs are read as they were written: small trainings that are
// made here, in the wordings of the programs that people use. Nothing but the checkout is needed;
// public logs, where there are some, are asked about in test/unit/logs/known-logs.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { findings } from "../../../src/rules/findings.ts";
import { readText, ruleInput } from "../logs/reading.ts";
import { logOf, WORDINGS, type WrittenLog } from "../../corpus/log-wordings.ts";
import { randomOf } from "../../corpus/random.ts";
import { TRAININGS } from "../../corpus/trainings.ts";
import type { RunReading } from "../../../src/domain/sample.ts";

const SEED = Number(process.env["NIGHTLAB_SEED"] ?? 20_250_202);

/** Each number of the log is in the reading, under its name and in its order. */
function readAsWritten({ tokens, text }: WrittenLog, { series }: RunReading): void {
  const names = series.map(({ summary }) => summary.key).join(", ");
  for (const [key, written] of tokens) {
    const read = series.find(({ summary }) => summary.key === key);
    assert.ok(read !== undefined, `${key} is not among ${names}:\n${text.slice(0, 600)}`);
    const { first, last } = read.summary;
    assert.deepEqual([first.token, last.token], [written[0], written.at(-1)], key);
    assert.deepEqual([...read.values], written.map(Number), key);
  }
}

for (const [name, train] of Object.entries(TRAININGS)) {
  test(`${name}: read as it was written, and no rule speaks of it (seed ${SEED})`, () => {
    const training = train(randomOf(SEED));
    let written = 0;
    for (const [words, wording] of Object.entries(WORDINGS)) {
      const log = logOf(training, wording, randomOf(SEED));
      if (log === undefined) continue;
      written += 1;
      const reading = readText({ [log.file]: log.text });
      readAsWritten(log, reading);
      const outcome = { ending: "done", cause: { kind: "success" }, exitCode: 0 } as const;
      const said = findings(ruleInput({ reading, outcome, endedAtMs: 1_000 }));
      assert.deepEqual(said, [], words);
    }
    assert.ok(written >= 4, `${written} wordings`);
  });
}
