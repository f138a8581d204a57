// A pipe in the place of any file that a lab may have: nothing waits for somebody to write to it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { audit } from "../../src/cli/audit.ts";
import { compare } from "../../src/cli/compare.ts";
import { history } from "../../src/cli/history.ts";
import { inspect } from "../../src/cli/inspect.ts";
import { codeSeen } from "../../src/effects/code/code-hash.ts";
import { renewReport } from "../../src/effects/pages/pages.ts";
import { labPath } from "../../src/base/ids.ts";
import { journals } from "../../src/effects/daemon/health-lab.ts";

const CASE = join(import.meta.dirname, "../golden/report/three-seeds");
const lab = mkdtempSync(join(tmpdir(), "nightlab-pipes-"));
const experiment = join(lab, "exp");
cpSync(CASE, experiment, { recursive: true });
writeFileSync(join(lab, "nightlab.yaml"), "");
after(() => rmSync(lab, { recursive: true }));

const RUN = "runs/2025-02-02T14-00-00-full-seed-0";
const FILES = [
  `${RUN}/run.json`,
  `${RUN}/logs/train.log`,
  `${RUN}/logs/system.jsonl`,
  `${RUN}/logs/x.gz`,
  `${RUN}/logs/events.out.tfevents.1.x`,
  `${RUN}/trainer_state.json`,
  "REPORT.md",
  "IGNORED_RUNS.md",
  "plots/index.html",
  "train.py",
  "uv.lock",
  "JOURNAL.md",
];

/** What reads an experiment; each may reject with words. */
const READERS: Readonly<Record<string, () => Promise<unknown>>> = {
  report: () => renewReport(experiment, { labDir: lab }),
  audit: () => audit(experiment, { json: false }),
  inspect: () => inspect(join(experiment, RUN), { json: false }),
  compare: () => compare(["full-seed-0", "full-seed-1"], { cwd: experiment, format: "text" }),
  history: () => history(experiment, { json: false, all: false }),
  code: () => codeSeen(experiment),
  doctor: () => journals(join(lab, "state"), labPath(lab)),
};

for (const name of FILES) {
  test(`a pipe called ${name} is passed over`, async () => {
    const path = join(experiment, name);
    mkdirSync(dirname(path), { recursive: true });
    if (existsSync(path)) renameSync(path, join(lab, "kept"));
    execFileSync("mkfifo", [path]);
    try {
      for (const [reader, read] of Object.entries(READERS)) {
        const late = new AbortController();
        const answer = await Promise.race([
          read().then(
            () => "read",
            (error: unknown) => String(error),
          ),
          pause(20_000, "it waits", { signal: late.signal }).catch(() => ""),
        ]);
        late.abort();
        assert.notEqual(answer, "it waits", reader);
      }
    } finally {
      rmSync(path);
      if (existsSync(join(lab, "kept"))) renameSync(join(lab, "kept"), path);
    }
  });
}
