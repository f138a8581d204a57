// Facts of made-up nights, as a ledger would have them, for the golden pages of LAB.md.
// What the page must say of each stands beside it in lab/.
import type { CommandState } from "../../src/domain/command-state.ts";
import type { Fact } from "../../src/domain/fact.ts";
import type { Finding } from "../../src/domain/finding.ts";
import { attemptId, commandId, experimentPath, labPath, runFolder } from "../../src/base/ids.ts";
import type { Slot } from "../../src/domain/slot.ts";
import type { Cause, RunOutcome } from "../../src/domain/run.ts";
import type { MetricSummary, Sample } from "../../src/domain/sample.ts";

export const LAB = labPath("/labs/my lab");

export interface MadeRun {
  readonly id: string;
  readonly name: string;
  readonly experiment?: string;
  /** `02-03 01:14` in UTC of 2025. */
  readonly from: string;
  readonly to?: string;
  readonly place?: Slot;
  readonly outcome?: Partial<RunOutcome> & { readonly cause: Cause };
  readonly folder?: string;
  readonly parent?: string;
}

export const at = (text: string): number => Date.parse(`2025-${text.replace(" ", "T")}:00Z`);

export const gpus = (...indices: readonly number[]): Slot => ({
  kind: "gpus",
  gpus: indices.map((index) => ({ index, uuid: `GPU-${index}` })),
  share: 1,
});

export function sample(key: string, token: string, line = 7): Sample {
  return { key, token, value: Number(token), file: "logs/train.log", line, offset: 0 };
}

export function metric(key: string, token: string): MetricSummary {
  const last = sample(key, token);
  return { key, count: 1, first: last, last, min: last, max: last, notFiniteCount: 0 };
}

export function flag(rule: Finding["rule"], message: string, atMs: number, line = 9): Finding {
  const evidence = { file: "logs/train.log", line, offset: 0 };
  return { rule, tier: "A", atMs, message, evidence, count: 1, blocking: true };
}

const path = (name: string) => experimentPath(`${LAB}/${name}`);

export function known(...names: readonly string[]): readonly Fact[] {
  return names.map((name) => ({
    kind: "experiment-known",
    atMs: at("01-01 00:00"),
    experiment: path(name),
    lab: LAB,
    foreign: false,
  }));
}

/** A command that was written and has not run. */
export function written(
  id: string,
  target: string,
  when: string,
  state: CommandState,
  more: { readonly reason?: string; readonly experiment?: string } = {},
): Fact {
  return {
    kind: "command-accepted",
    atMs: at(when),
    id: commandId(id),
    experiment: path(more.experiment ?? "warm-up"),
    spec: { verb: "run", target, args: [], go: false },
    canonical: `run ${target}`,
    form: "line",
    source: `run: ${target}`,
    heading: "",
    line: 1,
    state,
    released: false,
    notes: [],
    ...(more.reason === undefined ? {} : { reason: more.reason }),
  };
}

/** A run from its acceptance to its end, as far as it came. */
export function ran(run: MadeRun): readonly Fact[] {
  const experiment = run.experiment ?? "warm-up";
  const fromMs = at(run.from);
  const id = commandId(run.id);
  const spec = {
    attempt: attemptId(`${run.id}-1`),
    command: id,
    verb: "run",
    name: run.name,
    lab: LAB,
    experiment: path(experiment),
    script: "train.py",
    args: [run.name],
    env: {},
    limitMs: 3_600_000,
    ...(run.place === undefined ? {} : { place: run.place }),
  } as const;
  const start = {
    codeHash: "c",
    runner: "uv",
    said: `run: ${run.name}`,
    queuedAtMs: fromMs,
    long: true,
    criteria: {},
  };
  const accepted = written(run.id, run.name, run.from, "queued", { experiment });
  const process = { pid: 1, startTime: "1", bootId: "b" };
  const facts: Fact[] = [
    accepted,
    { kind: "run-claimed", atMs: fromMs, id, spec, start },
    { kind: "run-started", atMs: fromMs, id, process },
  ];
  if (run.folder !== undefined) {
    facts.push({ kind: "run-folder-known", atMs: fromMs, id, folder: runFolder(run.folder) });
  }
  if (run.to === undefined || run.outcome === undefined) return facts;
  const endedAtMs = at(run.to);
  const outcome: RunOutcome = {
    ending: run.outcome.cause.kind === "success" ? "done" : "failed",
    metrics: [],
    findings: [],
    plots: [],
    ...run.outcome,
  };
  return [
    ...facts,
    { kind: "run-exited", atMs: endedAtMs, id, exit: { code: 0, endedAtMs, overLimit: false } },
    { kind: "run-ended", atMs: endedAtMs, id, outcome, endedAtMs },
  ];
}

/** Runs of a sweep: members of a command that was written before. */
export function members(head: string, runs: readonly MadeRun[], when: string): readonly Fact[] {
  const made = runs.map(({ id, name }) => ({
    id: commandId(id),
    spec: { verb: "run", target: name, args: [], go: false } as const,
    swept: [{ key: "lr", value: "1e-3" }],
  }));
  return [
    { kind: "members-made", atMs: at(when), id: commandId(head), members: made },
    ...runs.flatMap((run) => ran(run).slice(1)),
  ];
}
