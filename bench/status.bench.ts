// The command line among ten thousand ended runs: `nightlab status` as a person calls it, from the
// start of the process to its end, once the compiled code and the view of the ledger are kept.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openLedger } from "../src/effects/state/ledger.ts";
import type { Fact } from "../src/domain/fact.ts";
import { labPath } from "../src/base/ids.ts";
import { gpus, known, LAB, metric, ran } from "../test/golden/lab-nights.ts";
import { measure } from "./measure.ts";
import type { Bench } from "./run.ts";

const RUNS = Number(process.env["NIGHTLAB_BENCH_RUNS"] ?? 10_000);
const LAUNCHER = fileURLToPath(new URL("../bin/nightlab.js", import.meta.url));

function fill(state: string, path: string): void {
  const facts: Fact[] = [...known("warm-up")];
  for (let i = 0; i < RUNS; i += 1) {
    facts.push(
      ...ran({
        id: `k${i.toString(36).padStart(4, "0")}`,
        name: `run-${i}`,
        from: "02-02 10:00",
        to: "02-02 11:00",
        place: gpus(0),
        folder: `2025-02-02T10-00-00-run-${i}`,
        outcome: {
          cause: { kind: "success" },
          metrics: ["train/loss", "val/loss", "acc", "lr"].map((key) => metric(key, "0.3120")),
        },
      }),
    );
  }
  const lab = labPath(path);
  const here = facts.map((fact) => JSON.parse(JSON.stringify(fact).replaceAll(LAB, path)) as Fact);
  const ledger = openLedger(state);
  ledger.append(here.map((fact) => ({ lab, fact })));
  ledger.close();
}

export const bench: Bench = {
  what: `\`nightlab status\` among ${RUNS} ended runs, the whole process`,
  boundMs: 150,
  async run() {
    const root = mkdtempSync(join(tmpdir(), "nightlab-status-"));
    try {
      const path = join(root, "lab");
      mkdirSync(join(path, "warm-up"), { recursive: true });
      writeFileSync(join(path, "nightlab.yaml"), "");
      writeFileSync(join(path, "warm-up", "JOURNAL.md"), "");
      fill(join(root, "state"), path);
      const env = { ...process.env, NIGHTLAB_STATE_DIR: join(root, "state") };
      return await measure(20, async () => {
        await promisify(execFile)(process.execPath, [LAUNCHER, "status"], { cwd: path, env });
      });
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  },
};
