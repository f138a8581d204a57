// Two hundred runs of nothing in a row, against the same commands in nq and task-spooler. Here each
// has its claim, its exit code, its record, its facts in the ledger and its receipt on the disk.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLedger } from "../src/effects/ledger.ts";
import { findRunner } from "../src/effects/runner.ts";
import { labPath } from "../src/model/ids.ts";
import { JOURNAL, openLab } from "../test/e2e/lab.ts";
import { peers } from "./peers.ts";
import type { Bench } from "./run.ts";

const RUNS = Number(process.env["NIGHTLAB_ROW"] ?? 200);
/** Without dependencies, and with the header that says so: uv asks nobody about it. */
const SCRIPT = '# /// script\n# requires-python = ">=3.9"\n# dependencies = []\n# ///\n';

/** From the first acceptance to the last receipt, ms. */
async function ours(uv: string, folder: string): Promise<number> {
  const stateDir = join(folder, "state");
  const env = { NIGHTLAB_UV: uv, NIGHTLAB_STATE_DIR: stateDir, NIGHTLAB_LOG_LEVEL: "info" };
  const settings = "settle: 1s\nquiet: 0s\n";
  const lab = await openLab({ journal: JOURNAL, train: SCRIPT, env, settings });
  try {
    await lab.start();
    const lines = Array.from({ length: RUNS }, (_, i) => `run: n${i} !\n`);
    await lab.save(`${JOURNAL}${lines.join("\n")}`);
    const told = (): number => lab.journal().split("\n> **done** ").length - 1;
    await lab.until("all are told", () => told() === RUNS, 600_000);
    const toldAtMs = Date.now();
    const ledger = openLedger(stateDir, { readOnly: true });
    const first = ledger.read([labPath(lab.path)]).find(({ kind }) => kind === "command-accepted");
    ledger.close();
    return toldAtMs - (first?.atMs ?? Number.NaN);
  } finally {
    await lab.close();
  }
}

function benchOf(what: string, program: (folder: string) => Promise<string>): Bench {
  let boundMs = Number.POSITIVE_INFINITY;
  return {
    what: `${what}, ${RUNS} in a row: ms a run; the bound is 3 times nq's`,
    get boundMs() {
      return boundMs;
    },
    run: async () => {
      const folder = mkdtempSync(join(tmpdir(), "nightlab-bench-"));
      try {
        writeFileSync(join(folder, "train.py"), SCRIPT);
        const uv = await program(folder);
        const commands = Array.from({ length: RUNS }, (_, i) => [uv, "run", "train.py", `n${i}`]);
        // What uv does once, the first one in the row would pay for.
        const [first = []] = commands;
        execFileSync(first[0] ?? "", first.slice(1), { cwd: folder, stdio: "ignore" });
        for (const { name, row } of peers()) {
          const from = performance.now();
          row(folder, commands);
          const each = (performance.now() - from) / RUNS;
          console.log(`     ${what}: ${name} takes ${each.toPrecision(3)} ms a run`);
          if (name === "nq") boundMs = 3 * each;
        }
        const each = (await ours(uv, folder)) / RUNS;
        return { medianMs: each, p95Ms: each, worstMs: each, times: 1 };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

export const benches: readonly Bench[] = [
  benchOf("a script of nothing by uv", async () => {
    const found = await findRunner("uv");
    if (found.kind === "missing") throw new Error(found.message);
    return found.binary;
  }),
  benchOf("a program of nothing in uv's place", async (folder) => {
    const path = join(folder, "uv");
    writeFileSync(path, "#!/bin/sh\nexit 0\n");
    chmodSync(path, 0o755);
    return path;
  }),
];
