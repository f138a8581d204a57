// Public training logs, read as those of runs that are done: none of them deserves a flag. They
// are no part of the project: looked for in $NIGHTLAB_LOGS or beside the checkout, else skipped.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { findings } from "../../../src/rules/findings.ts";
import { createRunReader } from "../../../src/logs/run-reader.ts";
import { ruleInput } from "../logs/reading.ts";

const FOLDER =
  process.env["NIGHTLAB_LOGS"] ??
  fileURLToPath(new URL("../../../../shared/logs/", import.meta.url));
const absent = existsSync(FOLDER) ? false : `no ${FOLDER}`;

test("no rule speaks of public logs of healthy runs", { skip: absent }, () => {
  const names = readdirSync(FOLDER).filter((name) => !name.endsWith(".md"));
  assert.ok(names.length > 0);
  for (const name of names) {
    const reader = createRunReader();
    reader.feed(`logs/${name}`, readFileSync(join(FOLDER, name)));
    reader.finish();
    const found = findings(
      ruleInput({
        reading: reader.reading(),
        outcome: { ending: "done", cause: { kind: "success" }, exitCode: 0 },
        endedAtMs: 1_000,
      }),
    );
    assert.deepEqual(found, [], name);
  }
});
