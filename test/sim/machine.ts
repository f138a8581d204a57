// The simulated machine of a night: files, processes, an agenda, and hands that act on them.
// A daemon's life uses it through `Hands`; whoever drives the night uses it directly.
import type { EffectHandlers, NewEvent } from "../../src/effects/daemon/effect-handlers.ts";
import { createJournalReader } from "../../src/journal/read/read.ts";
import type { CodeSeen } from "../../src/domain/code.ts";
import type { ConclusionFacts, Effect } from "../../src/domain/effect.ts";
import type { JournalOrigin, StartExamination } from "../../src/domain/event.ts";
import type { Finding } from "../../src/domain/finding.ts";
import {
  attemptId,
  hashText,
  runFolder,
  type AttemptId,
  type ExperimentPath,
} from "../../src/base/ids.ts";
import type { AttemptSpec, Cause, Exit, RunOutcome } from "../../src/domain/run.ts";
import type { MetricSummary, Sample } from "../../src/domain/sample.ts";
import type { Gpus } from "./gpus.ts";

/** A process of the simulated machine; it outlives the daemon. */
interface Process {
  readonly start: Start;
  readonly startedAtMs: number;
  exit?: Exit;
  /** It is there no more, and nobody wrote how it ended. */
  gone?: "machine-restarted" | "lost";
}

/** How a script ended, or that its environment could not be built. */
export interface End {
  readonly attempt: string;
  readonly atMs: number;
  readonly code?: number;
  readonly gone?: "machine-restarted" | "lost" | "environment";
}

export interface MachineOptions {
  readonly durationMs: (name: string, attempt: string) => number;
  readonly exitCode: (name: string, attempt: string) => number;
  /** What the rules say of a script that has run for so long, and say of it at its end. */
  readonly findings?: (start: Start, ranMs: number) => readonly Finding[];
  /** Delay of each hand's answer. */
  readonly delayMs: () => number;
  /** From a start's order to its process; absent: none. */
  readonly spawnMs?: () => number;
  /** Called at each write of a journal by the daemon. */
  readonly onWrite?: (before: string, after: string) => void;
  /** Why no run can be held to an amount of memory there; absent: it can. */
  readonly noMemoryLimit?: string;
  /** Whether the script that is to start is not there; absent: it is. */
  readonly scriptMissing?: () => boolean;
  /** Why no GPU can be locked; absent: each can. */
  readonly noLock?: () => string | undefined;
  /** Names of runs of which the disk has a first attempt, claimed, that no ledger ever had. */
  readonly forgotten?: ReadonlySet<string>;
  /** Absent: the machine has none. */
  readonly gpus?: Gpus;
  /** Why a script failed that did; absent: for its exit code. */
  readonly cause?: (start: Start) => Cause | undefined;
  /** Last values that a run has logged by its end. */
  readonly metrics?: (name: string) => Readonly<Record<string, string>>;
  /** The wall clock when the machine is switched on, ms since 1970. */
  readonly powerOnMs?: number;
}

/** A Sunday evening. */
const POWER_ON = Date.UTC(2025, 1, 2, 22);

export interface Start {
  readonly name: string;
  readonly args: readonly string[];
  readonly command: string;
  readonly attempt: string;
  readonly atMs: number;
  readonly experiment: string;
  /** What stood in `train.py` as it ran. */
  readonly script: string | undefined;
}

interface File {
  text: string;
  origin: JournalOrigin | undefined;
}

/** The number of an attempt, from its id. */
const numberOf = (attempt: string): number => Number(/\d+$/.exec(attempt)?.[0]);

/** The time since the machine was switched on, what it does at which time, and its disk. */
export class Machine {
  nowMs = 0;
  /** What its wall clock tells then, ms since 1970. */
  wallAtStartMs = POWER_ON;
  readonly files = new Map<ExperimentPath, File>();
  readonly starts: Start[] = [];
  readonly ends: End[] = [];
  writes = 0;
  most = 0;
  /** The life of the daemon that now is; what earlier ones still had to do is void. */
  life = 0;
  /** Effects that this life still carries out. */
  effectsLeft = Number.POSITIVE_INFINITY;
  /** What LAB.md says besides problems of nightlab.yaml. */
  labPage: readonly string[] = [];
  /** Room on its disk. */
  freeBytes = 1e12;
  /** Writes of journals that fail from now on. */
  failingWrites = 0;
  /** What a write is answered with then: an editor may be in the way. */
  failingAs: "failed" | "busy" = "failed";
  /** Scripts by name, with what stands in them; the same for every experiment. */
  readonly scripts = new Map([["train.py", "1"]]);
  looksAtCode = 0;
  /** Copies of the code by command. */
  readonly snapshots = new Map<string, CodeSeen>();
  /** Environments that cannot be built: a message by the name of the run. */
  readonly broken = new Map<string, string>();
  /** Tells attempts that the ledger or the person knows from others on the disk. */
  known: (spec: AttemptSpec) => (attempt: AttemptId) => boolean = () => () => true;
  /** Names of the runs whose environments were built ahead. */
  readonly ahead: string[] = [];
  readonly #reader = createJournalReader();
  readonly #processes = new Map<string, Process>();
  readonly #running = new Set<string>();
  readonly #agenda: { atMs: number; order: number; of: number; run: () => void }[] = [];
  #order = 0;
  readonly #options: MachineOptions;
  readonly #onCrash: () => void;

  constructor(options: MachineOptions, onCrash: () => void) {
    this.#options = options;
    this.wallAtStartMs = options.powerOnMs ?? POWER_ON;
    this.#onCrash = onCrash;
  }

  wallMs(): number {
    return this.wallAtStartMs + this.nowMs;
  }

  /** `of` 0 belongs to the machine; otherwise to one life of the daemon, and dies with it. */
  at(atMs: number, of: number, run: () => void): void {
    this.#agenda.push({ atMs, order: (this.#order += 1), of, run });
  }

  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    const most = 20_000 + ms / 10;
    for (let count = 0; ; count += 1) {
      if (count > most) throw new Error(`More than ${most} things happened within ${ms} ms`);
      const next = this.#takeNext(untilMs);
      if (next === undefined) break;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      if (next.of === 0 || next.of === this.life) next.run();
    }
    this.nowMs = untilMs;
  }

  #takeNext(untilMs: number) {
    let best = -1;
    this.#agenda.forEach((one, i) => {
      const than = this.#agenda[best];
      if (one.atMs > untilMs) return;
      const sooner =
        than === undefined ||
        one.atMs < than.atMs ||
        (one.atMs === than.atMs && one.order < than.order);
      if (sooner) best = i;
    });
    return best === -1 ? undefined : this.#agenda.splice(best, 1)[0];
  }

  /** What the reader tells of a journal as it is on the disk. */
  reading(experiment: ExperimentPath): NewEvent | undefined {
    const file = this.files.get(experiment);
    if (file === undefined) return undefined;
    const { text, origin } = file;
    const reading = this.#reader.read(text);
    const told = { kind: "journal-read", experiment, text, hash: hashText(text), reading } as const;
    return origin === undefined ? told : { ...told, origin };
  }

  hands(post: (event: NewEvent) => void): EffectHandlers {
    const life = this.life;
    const reply = (event: NewEvent): void =>
      this.at(this.nowMs + this.#options.delayMs(), life, () => post(event));
    /** Counts effects towards a crash: the one that is reached is not carried out any more. */
    const guarded =
      <E extends Effect>(hand: (effect: E) => void): ((effect: E) => void) =>
      (effect) =>
        this.at(this.nowMs, life, () => {
          this.effectsLeft -= 1;
          if (this.effectsLeft < 0) this.#onCrash();
          else hand(effect);
        });
    const tell = (experiment: ExperimentPath, afterMs: number): void =>
      this.at(this.nowMs + afterMs, life, () => {
        const event = this.reading(experiment);
        if (event !== undefined) post(event);
      });
    const nothing = guarded(() => undefined);
    return {
      "write-journal": guarded(({ experiment, basedOn, text }) => {
        const file = this.files.get(experiment);
        const written = { kind: "journal-written", experiment } as const;
        if (this.failingWrites > 0) {
          this.failingWrites -= 1;
          reply({ ...written, result: this.failingAs, why: "no space left on device" });
        } else if (file === undefined || hashText(file.text) !== basedOn) {
          reply({ ...written, result: "changed" });
          tell(experiment, 50);
        } else {
          this.#options.onWrite?.(file.text, text);
          file.text = text;
          file.origin = undefined;
          this.writes += 1;
          // As the real hand does: what is told after a write is read from the disk again.
          tell(experiment, this.#options.delayMs());
          reply({ ...written, result: "written" });
        }
      }),
      "write-status-page": nothing,
      "show-lab-page": guarded(({ digest }) => {
        this.labPage = digest.map(({ text }) => text);
      }),
      "compose-night": nothing,
      "renew-report": nothing,
      "extend-limit": nothing,
      "probe-gpus": guarded(({ epoch }) => {
        const seen = this.#options.gpus?.see(this.nowMs) ?? { kind: "seen", gpus: [] };
        reply({ kind: "gpus-seen", epoch, tookMs: 5, seen });
      }),
      "release-gpus": nothing,
      "note-code": guarded(({ experiment, commands }) => {
        this.looksAtCode += 1;
        const code = this.code();
        const plain = commands.filter(({ snapshot }) => !snapshot).map(({ id }) => id);
        if (plain.length > 0) reply({ kind: "code-noted", experiment, commands: plain, code });
        for (const { id, snapshot } of commands) {
          if (!snapshot) continue;
          this.snapshots.set(id, code);
          const note = { kind: "kept", dir: `/copy/${id}`, left: [], leftCount: 0 } as const;
          reply({ kind: "code-noted", experiment, commands: [id], code, snapshot: note });
        }
      }),
      "drop-snapshot": guarded(({ command }) => void this.snapshots.delete(command)),
      "examine-start": guarded(({ command, spec, diskFloor }) => {
        if (this.freeBytes < diskFloor) {
          reply({ kind: "start-examined", command, examination: { kind: "disk-low" } });
          return;
        }
        if (this.#options.scriptMissing?.() === true) {
          const message = `there is no ${spec.script}`;
          const missing = { kind: "script-missing", message, script: spec.script } as const;
          reply({ kind: "start-examined", command, examination: missing });
          return;
        }
        const why = spec.place?.kind === "gpus" ? this.#options.noLock?.() : undefined;
        if (spec.place?.kind === "gpus" && why !== undefined) {
          const gpus = spec.place.gpus.map(({ uuid }) => ({ uuid, why }));
          reply({ kind: "start-examined", command, examination: { kind: "gpus-taken", gpus } });
          return;
        }
        const examination = this.#claimedBefore(spec);
        if (examination !== undefined) {
          reply({ kind: "start-examined", command, examination });
          return;
        }
        const code = this.code();
        const runs = spec.codeDir === undefined ? code : this.#copied(spec.codeDir);
        const { noMemoryLimit } = this.#options;
        const not =
          spec.memory === undefined || noMemoryLimit === undefined ? {} : { noMemoryLimit };
        const ready = { kind: "ready", codeHash: runs.hash, code, runner: "uv" } as const;
        reply({ kind: "start-examined", command, examination: { ...ready, ...not } });
      }),
      "prepare-ahead": guarded(({ command, spec }) => {
        this.ahead.push(spec.name);
        reply({ kind: "environment-ahead", command, ...this.#failure(spec.name) });
      }),
      "prepare-environment": guarded(({ spec: { attempt, name } }) => {
        const failure = this.#failure(name);
        if (failure.failure !== undefined) {
          this.ends.push({ attempt, atMs: this.nowMs, gone: "environment" });
        }
        reply({ kind: "environment-prepared", attempt, ...failure });
      }),
      "start-attempt": guarded(({ spec }) => {
        const begin = (): void => {
          this.#spawn(spec);
          const process = { pid: 100 + this.#processes.size, startTime: "1", bootId: "b" };
          reply({ kind: "attempt-started", attempt: spec.attempt, process });
        };
        const afterMs = this.#options.spawnMs?.();
        if (afterMs === undefined) begin();
        else this.at(this.nowMs + afterMs, life, begin);
      }),
      "follow-attempt": guarded(({ spec: { attempt, name } }) => {
        reply({ kind: "run-folder-found", attempt, folder: runFolder(`2025-${name}`) });
        const look = (): void => {
          const { exit, gone } = this.#processes.get(attempt) ?? {};
          const findings = this.#findings(attempt);
          if (exit === undefined && findings.length > 0) {
            post({ kind: "run-judged", attempt, findings });
          }
          if (gone === "lost") post({ kind: "attempt-lost", attempt, why: gone });
          else if (exit === undefined) this.at(this.nowMs + 500, life, look);
          else post({ kind: "attempt-exited", attempt, exit });
        };
        this.at(this.nowMs, life, look);
      }),
      "stop-attempt": guarded(({ attempt }) => this.end(attempt, 143)),
      "adopt-attempt": guarded(({ spec: { attempt } }) => {
        const process = this.#processes.get(attempt);
        if (process?.exit !== undefined) {
          reply({ kind: "attempt-exited", attempt, exit: process.exit });
        } else if (process?.gone !== undefined) {
          reply({ kind: "attempt-lost", attempt, why: process.gone });
        } else {
          const state = process === undefined ? "never-started" : "running";
          reply({ kind: "attempt-adopted", attempt, state });
        }
      }),
      "conclude-run": guarded(({ spec: { attempt, name }, facts }) => {
        const metrics = Object.entries(this.#options.metrics?.(name) ?? {}).map(summaryOf);
        const found = outcomeOf(facts, this.#findings(attempt));
        const start = this.#processes.get(attempt)?.start;
        const cause = start === undefined ? undefined : this.#options.cause?.(start);
        const died = found.cause.kind === "exit-code" && cause !== undefined ? { cause } : {};
        const outcome = { ...found, ...died, metrics };
        reply({ kind: "run-concluded", attempt, outcome, endedAtMs: facts.endedAtMs });
      }),
      "plot-run": guarded(({ spec: { attempt } }) =>
        reply({ kind: "run-plotted", attempt, plots: [] }),
      ),
    };
  }

  /** What a look at the scripts says now. */
  code(): CodeSeen {
    return {
      hash: hashText(JSON.stringify([...this.scripts])),
      files: Object.fromEntries(this.scripts),
    };
  }

  /** As effects/supervise/forgotten-claims.ts finds it on a real disk. */
  #claimedBefore(spec: AttemptSpec): StartExamination | undefined {
    const { attempt, name } = spec;
    if (this.#options.forgotten?.has(name) === true && attempt.endsWith("-1")) {
      const claim = { attempt, atMs: this.nowMs, goesOn: false };
      return { kind: "claimed-before", last: 1, claim };
    }
    const isKnown = this.known(spec);
    const last = Math.max(
      0,
      ...this.starts
        .filter((one) => one.command === spec.command)
        .map((one) => numberOf(one.attempt)),
    );
    const theirs = this.starts.findLast(
      (one) =>
        one.experiment === spec.experiment &&
        one.name === name &&
        one.args.join("\n") === spec.args.join("\n") &&
        !isKnown(attemptId(one.attempt)),
    );
    if (theirs === undefined) {
      return last < numberOf(attempt) ? undefined : { kind: "claimed-before", last };
    }
    const claim = { attempt: attemptId(theirs.attempt), atMs: theirs.atMs, goesOn: false };
    return { kind: "claimed-before", last, claim };
  }

  #copied(dir: string): CodeSeen {
    return this.snapshots.get(dir.replace("/copy/", "")) ?? { hash: "gone", files: {} };
  }

  #failure(name: string): { readonly failure?: string } {
    const failure = this.broken.get(name);
    return failure === undefined ? {} : { failure };
  }

  /** The shim's claim: a second start of one attempt starts nothing. */
  #spawn(spec: Extract<Effect, { kind: "start-attempt" }>["spec"]): void {
    const { attempt, name, args, command, experiment, codeDir } = spec;
    const script = (codeDir === undefined ? this.code() : this.#copied(codeDir)).files["train.py"];
    if (this.#processes.has(attempt)) return;
    const start: Start = { name, args, command, attempt, atMs: this.nowMs, experiment, script };
    this.#processes.set(attempt, { start, startedAtMs: this.nowMs });
    this.starts.push(start);
    this.#options.gpus?.begin(spec, this.nowMs);
    this.#running.add(attempt);
    this.most = Math.max(this.most, this.#running.size);
    const code = this.#options.exitCode(name, attempt);
    const endsAtMs = this.nowMs + this.#options.durationMs(name, attempt);
    this.at(endsAtMs, 0, () => this.end(attempt, code));
  }

  /** The folder of an attempt is gone, and all that was known there. */
  forget(attempt: string): void {
    this.#processes.delete(attempt);
  }

  #findings(attempt: string): readonly Finding[] {
    const process = this.#processes.get(attempt);
    if (process === undefined) return [];
    const endMs = process.exit === undefined ? this.wallMs() : process.exit.endedAtMs;
    const ranMs = endMs - this.wallAtStartMs - process.startedAtMs;
    return this.#options.findings?.(process.start, ranMs) ?? [];
  }

  /** Scripts that go on, by the attempt. */
  running(): readonly string[] {
    return [...this.#running];
  }

  /** A script ends with a code, by itself or by somebody's hand. */
  end(attempt: string, code: number): void {
    const process = this.#leave(attempt);
    if (process === undefined) return;
    process.exit = { code, endedAtMs: this.wallMs(), overLimit: false };
    this.ends.push({ attempt, atMs: this.nowMs, code });
  }

  /** A script and its shim vanish, with all the others where the machine goes off. */
  lose(attempt: string, gone: "machine-restarted" | "lost" = "lost"): void {
    const process = this.#leave(attempt);
    if (process === undefined) return;
    process.gone = gone;
    this.ends.push({ attempt, atMs: this.nowMs, gone });
  }

  #leave(attempt: string): Process | undefined {
    if (!this.#running.delete(attempt)) return undefined;
    this.#options.gpus?.end(attempt, this.nowMs);
    return this.#processes.get(attempt);
  }
}

function outcomeOf(
  { exit, known, stoppedBy: by, stoppedWhy: why }: ConclusionFacts,
  findings: readonly Finding[],
): RunOutcome {
  const code = exit?.code;
  const base = { metrics: [], findings, plots: [] };
  if (by !== undefined) {
    const cause = { kind: "stopped", by, ...(why === undefined ? {} : { why }) } as const;
    return { ...base, ending: "stopped", cause };
  }
  if (known !== undefined) return { ...base, ...known };
  if (code === undefined) return { ...base, ending: "lost", cause: { kind: "lost" } };
  return code === 0
    ? { ...base, ending: "done", cause: { kind: "success" }, exitCode: code }
    : { ...base, ending: "failed", cause: { kind: "exit-code", code }, exitCode: code };
}

function summaryOf([key, token]: readonly [string, string]): MetricSummary {
  const value = Number(token);
  const sample: Sample = { key, value, token, file: "logs/train.log", line: 1, offset: 0 };
  const finite = Number.isFinite(value) ? { min: sample, max: sample } : { notFinite: sample };
  const notFiniteCount = Number.isFinite(value) ? 0 : 1;
  return { key, count: 1, first: sample, last: sample, ...finite, notFiniteCount };
}
