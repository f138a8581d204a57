// Two hundred runs of nothing in a row, against the same commands in the queues of peers.ts. Here
// each has its claim, its exit code, its record, its facts in the ledger and its receipt on the disk.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLedger } from "../src/effects/state/ledger.ts";
import { findRunner } from "../src/effects/environment/runner.ts";
import { labPath } from "../src/base/ids.ts";
import { JOURNAL, openLab } from "../test/e2e/lab.ts";
import { boundBy, peers } from "./peers.ts";
import type { Bench } from "./run.ts";

const RUNS = Number(process.env["NIGHTLAB_ROW"] ?? 200);
/** Without dependencies, and with the header that says so: uv asks nobody about it. */
const SCRIPT = '# /// script\n# requires-python = ">=3.9"\n# dependencies = []\n# ///\n';

/** How the row is written in the journal, and what each command of it hands its script. */
interface Row {
  readonly text: string;
  readonly args: (i: number) => readonly string[];
  /** Receipts that say that all is done. */
  readonly receipts: number;
}

const LINES: Row = {
  text: Array.from({ length: RUNS }, (_, i) => `run: n${i} !\n`).join("\n"),
  args: (i) => [`n${i}`],
  receipts: RUNS,
};
const VALUES = Array.from({ length: RUNS }, (_, i) => i + 1);
/** Names of their own, and one receipt with a table. */
const SWEEP: Row = {
  text: `\`\`\`yaml\nrun: n\nsweep: { lr: [${VALUES.join(", ")}] }\ngo: true\n\`\`\`\n`,
  args: (i) => [`n-lr-${i + 1}`, "--lr", String(i + 1)],
  receipts: 1,
};

/** From the first acceptance to the last receipt, ms. */
async function ours(uv: string, folder: string, row: Row): Promise<number> {
  const stateDir = join(folder, "state");
  const env = { NIGHTLAB_UV: uv, NIGHTLAB_STATE_DIR: stateDir, NIGHTLAB_LOG_LEVEL: "info" };
  const settings = "settle: 1s\nquiet: 0s\n";
  const lab = await openLab({ journal: JOURNAL, train: SCRIPT, env, settings });
  try {
    await lab.start();
    await lab.save(`${JOURNAL}${row.text}`);
    const told = (): number => lab.journal().split("\n> **done** ").length - 1;
    await lab.until("all are told", () => told() === row.receipts, 600_000);
    const toldAtMs = Date.now();
    const ledger = openLedger(stateDir, { readOnly: true });
    const facts = ledger.read([labPath(lab.path)]);
    ledger.close();
    const ended = facts.filter(
      (fact) => fact.kind === "run-ended" && fact.outcome.ending === "done",
    );
    if (ended.length !== RUNS) throw new Error(`${ended.length} of ${RUNS} runs ended well`);
    const first = facts.find(({ kind }) => kind === "command-accepted");
    return toldAtMs - (first?.atMs ?? Number.NaN);
  } finally {
    await lab.close();
  }
}

/** Without a bound of its own, it is what the peers set by the same commands. */
function benchOf(
  what: string,
  row: Row,
  program: (folder: string) => Promise<string>,
  ownBoundMs?: number,
): Bench {
  let boundMs = ownBoundMs ?? Number.POSITIVE_INFINITY;
  const bound =
    ownBoundMs === undefined
      ? "; the bound is 1.5 times nq's, and a tenth of gflow's and Slurm's"
      : "";
  return {
    what: `${what}, ${RUNS} in a row: ms a run${bound}`,
    get boundMs() {
      return boundMs;
    },
    run: async () => {
      const folder = mkdtempSync(join(tmpdir(), "nightlab-bench-"));
      try {
        writeFileSync(join(folder, "train.py"), SCRIPT);
        const uv = await program(folder);
        const commands = VALUES.map((_, i) => [uv, "run", "train.py", ...row.args(i)]);
        // What uv does once, the first one in the row would pay for.
        const [first = []] = commands;
        execFileSync(first[0] ?? "", first.slice(1), { cwd: folder, stdio: "ignore" });
        for (const peer of peers()) {
          const asked = commands.slice(0, peer.most);
          const each = peer.row(folder, asked) / asked.length;
          console.log(`     ${what}: ${peer.name} takes ${each.toPrecision(3)} ms a run`);
          if (ownBoundMs === undefined) boundMs = Math.min(boundMs, boundBy(peer, each));
        }
        const each = (await ours(uv, folder, row)) / RUNS;
        return { medianMs: each, p95Ms: each, worstMs: each, times: 1 };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

async function realUv(): Promise<string> {
  const found = await findRunner("uv");
  if (found.kind === "missing") throw new Error(found.message);
  return found.binary;
}

async function noProgram(folder: string): Promise<string> {
  const path = join(folder, "uv");
  await writeFile(path, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
  return path;
}

/** Claim, exit code, record, facts and receipt of a run. */
const ON_TOP_MS = 50;

export const benches: readonly Bench[] = [
  benchOf("a sweep of a script of nothing by uv", SWEEP, realUv),
  benchOf("lines with a script of nothing by uv", LINES, realUv),
  // No command that a journal can give is so short: this is what comes on top of uv's own time.
  benchOf("lines with a program of nothing in uv's place", LINES, noProgram, ON_TOP_MS),
];
