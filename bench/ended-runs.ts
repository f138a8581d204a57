// The ledger of a lab whose one experiment has had many runs: all facts of each, as a daemon records
// them, and that its person took the old lines out of the journal.
import { join } from "node:path";
import {
  attemptId,
  commandId,
  experimentPath,
  hashText,
  labPath,
  runFolder,
} from "../src/base/ids.ts";
import type { Fact } from "../src/domain/fact.ts";
import type { MetricSummary, Sample } from "../src/domain/sample.ts";
import { openLedger } from "../src/effects/state/ledger.ts";

/** Lines that a journal holds before its person takes the old ones out. */
const IN_JOURNAL = 100;
const RUN_MS = 60_000;
/** From one run to the next. */
const EACH_MS = RUN_MS + 5_000;

const sample = (key: string, value: number, line: number): Sample => ({
  key,
  token: value.toFixed(4),
  value: Number(value.toFixed(4)),
  step: line * 10,
  file: "logs/train.log",
  line,
  offset: line * 71,
});

function metric(key: string, last: number): MetricSummary {
  const [first, end] = [sample(key, last * 3, 12), sample(key, last, 1_012)];
  return { key, count: 1_000, first, last: end, min: end, max: first, notFiniteCount: 0 };
}

/** All facts of one run, oldest first; it takes RUN_MS. */
function factsOf(lab: string, n: number, fromMs: number): readonly Fact[] {
  const experiment = experimentPath(join(lab, "exp"));
  const id = commandId(`k${n.toString(36).padStart(4, "0")}`);
  const name = `lr-${n}`;
  const args = ["--lr", `${((n % 97) + 1) / 1_000}`, "--batch-size", "64"];
  const source = `run: ${name} ${args.join(" ")} timeout=2h because: a wider sweep of learning rates !`;
  const folder = runFolder(
    `${new Date(fromMs).toISOString().slice(0, 19).replaceAll(":", "-")}-${name}`,
  );
  const spec = {
    verb: "run",
    target: name,
    args,
    go: true,
    timeoutMs: 7_200_000,
    because: "a wider sweep of learning rates",
  } as const;
  const [startMs, endMs] = [fromMs + 12_000, fromMs + RUN_MS];
  const piece = (text: string): string => hashText(`${id} ${text}`);
  const attempt = attemptId(`${id}-1`);
  const hash = hashText(`code ${Math.floor(n / 50)}`);
  const shown = (atMs: number, ...texts: readonly string[]): readonly Fact[] => [
    { kind: "pieces-rendered", atMs, experiment, hashes: texts.map(piece) },
    { kind: "receipts-shown", atMs, experiment, ids: [id] },
  ];
  const outcome = {
    ending: "done",
    cause: { kind: "success" },
    exitCode: 0,
    metrics: [metric("train/loss", 0.2 + (n % 31) / 100), metric("val/loss", 0.3 + (n % 17) / 100)],
    findings: [],
    plots: [
      { metric: "val/loss", file: "plots/val-loss.webp" },
      { metric: "train/loss", file: "plots/train-loss.webp" },
    ],
  } as const;
  return [
    {
      kind: "command-accepted",
      atMs: fromMs,
      id,
      experiment,
      spec,
      canonical: hashText(source),
      form: "line",
      source,
      heading: "2025-02-02",
      line: 13 + (n % IN_JOURNAL) * 8,
      state: "queued",
      released: true,
      notes: [],
    },
    {
      kind: "code-noted",
      atMs: fromMs + 20,
      experiment,
      ids: [id],
      code: { hash, files: { "train.py": hash, "model.py": hashText(`model ${hash}`) } },
    },
    {
      kind: "run-claimed",
      atMs: fromMs + 900,
      id,
      spec: {
        attempt,
        token: hashText(`token ${n}`).slice(0, 32),
        command: id,
        verb: "run",
        name,
        lab,
        experiment,
        script: "train.py",
        args: [name, ...args],
        env: {},
        limitMs: 7_200_000,
        place: { kind: "cpu", why: "no-gpu" },
      },
      start: {
        codeHash: hash,
        runner: "uv",
        said: source,
        because: spec.because,
        queuedAtMs: fromMs,
        long: true,
        criteria: { success: "val/loss <= 0.5", failure: "val/loss > 0.9" },
      },
    },
    {
      kind: "run-started",
      atMs: startMs,
      id,
      process: {
        pid: 4_000 + (n % 20_000),
        startTime: String(800_000 + n),
        bootId: hashText("boot").slice(0, 36),
      },
    },
    ...shown(startMs + 5_000, "running"),
    { kind: "run-folder-known", atMs: startMs + 1_000, id, folder },
    {
      kind: "run-exited",
      atMs: endMs,
      id,
      exit: { code: 0, endedAtMs: endMs - 3, overLimit: false },
    },
    { kind: "run-ended", atMs: endMs + 40, id, outcome, endedAtMs: endMs - 3 },
    { kind: "run-plotted", atMs: endMs + 300, id, plots: outcome.plots },
    ...shown(endMs + 1_000, "done", "plot"),
  ];
}

/** Records `ended` runs of a lab's experiment `exp`; the last one ends an hour before now. */
export function recordEndedRuns(state: string, lab: string, ended: number): void {
  const ledger = openLedger(state);
  const path = labPath(lab);
  const experiment = experimentPath(join(lab, "exp"));
  const fromMs = Math.floor((Date.now() - 3_600_000) / 1_000) * 1_000 - ended * EACH_MS;
  const add = (facts: readonly Fact[]): void =>
    ledger.append(facts.map((fact) => ({ lab: path, fact })));
  add([{ kind: "experiment-known", atMs: fromMs, experiment, lab: path, foreign: false }]);
  for (let n = 0; n < ended; n += IN_JOURNAL) {
    const count = Math.min(IN_JOURNAL, ended - n);
    const some = Array.from({ length: count }, (_, i) =>
      factsOf(lab, n + i, fromMs + (n + i) * EACH_MS),
    ).flat();
    // Its person takes them out of the journal.
    const atMs = fromMs + (n + count) * EACH_MS;
    add([...some, { kind: "journal-aligned", atMs, experiment, commands: [] }]);
  }
  ledger.close();
}
