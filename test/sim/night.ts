// A simulated night: the real step and loop on a clock, a disk and processes that are made up,
// with crashes of the daemon between any two effects. One seed, one night.
import { startLoop, type Loop } from "../../src/daemon.ts";
import type { Hands, NewEvent } from "../../src/effects/hands.ts";
import { readJournal } from "../../src/journal/read.ts";
import { replay } from "../../src/ledger/replay.ts";
import type { Effect } from "../../src/model/effect.ts";
import type { Fact } from "../../src/model/fact.ts";
import { experimentPath, hashText, labPath, runFolder } from "../../src/model/ids.ts";
import type { Exit, RunOutcome } from "../../src/model/run.ts";
import type { World } from "../../src/model/world.ts";

export const LAB = labPath("/lab");
export const EXPERIMENT = experimentPath("/lab/exp");

/** A process of the simulated machine; it outlives the daemon. */
interface Process {
  readonly attempt: string;
  readonly name: string;
  readonly startedAtMs: number;
  exit?: Exit;
}

export interface Night {
  readonly now: () => number;
  readonly text: () => string;
  /** The person saves the journal. */
  save(text: string): void;
  /** Lets time pass. */
  pass(ms: number): void;
  /** The daemon dies at its n-th effect from now, and starts again after `downMs`. */
  crashAtEffect(n: number, downMs: number): void;
  readonly world: () => World;
  /** Every start of a script, in order. */
  readonly starts: readonly { readonly name: string; readonly atMs: number }[];
  readonly writes: () => number;
  /** The most scripts that ever ran at one time. */
  readonly most: () => number;
}

export interface NightOptions {
  readonly text: string;
  readonly durationMs: (name: string) => number;
  readonly exitCode: (name: string) => number;
  /** Delay of each hand's answer. */
  readonly delayMs: () => number;
}

export function startNight(options: NightOptions): Night {
  let nowMs = Date.UTC(2025, 1, 2, 22);
  let text = options.text;
  let facts: string[] = [];
  let writes = 0;
  let most = 0;
  let generation = 1;
  let effectsLeft = Number.POSITIVE_INFINITY;
  let downMs = 0;
  const processes = new Map<string, Process>();
  const starts: { name: string; atMs: number }[] = [];
  const agenda: { atMs: number; order: number; of: number; run: () => void }[] = [];
  let order = 0;
  let loop: Loop | undefined;
  let world: World;

  /** `of` 0 belongs to the machine; otherwise to one life of the daemon, and dies with it. */
  const at = (atMs: number, of: number, run: () => void): void => {
    agenda.push({ atMs, order: (order += 1), of, run });
  };
  const post = (event: NewEvent): void => loop?.post(event);
  const reply = (life: number, event: NewEvent): void =>
    at(nowMs + options.delayMs(), life, () => post(event));
  const readEvent = (): NewEvent => ({
    kind: "journal-read",
    experiment: EXPERIMENT,
    text,
    hash: hashText(text),
    reading: readJournal(text),
  });

  const die = (): void => {
    loop?.stop();
    loop = undefined;
    generation += 1;
    effectsLeft = Number.POSITIVE_INFINITY;
    at(nowMs + downMs, 0, live);
  };
  /** Counts effects towards a crash: the one that is reached is not carried out any more. */
  const guarded =
    <E extends Effect>(hand: (effect: E, life: number) => void): ((effect: E) => void) =>
    (effect) => {
      const life = generation;
      at(nowMs, life, () => {
        effectsLeft -= 1;
        if (effectsLeft < 0) die();
        else hand(effect, life);
      });
    };
  const hands: Hands = {
    "write-journal": guarded(({ basedOn, text: wanted }, life) => {
      if (hashText(text) !== basedOn) {
        reply(life, { kind: "journal-written", experiment: EXPERIMENT, result: "changed" });
        at(nowMs + 50, life, () => post(readEvent()));
        return;
      }
      text = wanted;
      writes += 1;
      // As the real hand does: what is told after a write is read from the disk again.
      at(nowMs + options.delayMs(), life, () => post(readEvent()));
      reply(life, { kind: "journal-written", experiment: EXPERIMENT, result: "written" });
    }),
    "write-status-page": guarded(() => undefined),
    "show-lab-problems": guarded(() => undefined),
    "examine-start": guarded(({ command }, life) => {
      const examination = { kind: "ready", codeHash: "code", runner: "uv" } as const;
      reply(life, { kind: "start-examined", command, examination });
    }),
    "prepare-environment": guarded(({ spec }, life) =>
      reply(life, { kind: "environment-prepared", attempt: spec.attempt }),
    ),
    "start-attempt": guarded(({ spec }, life) => {
      const { attempt, name } = spec;
      // The shim's claim: a second start of one attempt starts nothing.
      if (!processes.has(attempt)) {
        processes.set(attempt, { attempt, name, startedAtMs: nowMs });
        starts.push({ name, atMs: nowMs });
        most = Math.max(most, [...processes.values()].filter((one) => !one.exit).length);
        const code = options.exitCode(name);
        at(nowMs + options.durationMs(name), 0, () => {
          const process = processes.get(attempt);
          if (process !== undefined && process.exit === undefined) {
            process.exit = { code, endedAtMs: nowMs, overLimit: false };
          }
        });
      }
      const process = { pid: 100 + processes.size, startTime: "1", bootId: "b" };
      reply(life, { kind: "attempt-started", attempt, process });
    }),
    "follow-attempt": guarded(({ spec }, life) => {
      const { attempt, name } = spec;
      reply(life, { kind: "run-folder-found", attempt, folder: runFolder(`2025-${name}`) });
      const look = (): void => {
        const exit = processes.get(attempt)?.exit;
        if (exit === undefined) at(nowMs + 500, life, look);
        else post({ kind: "attempt-exited", attempt, exit });
      };
      at(nowMs, life, look);
    }),
    "stop-attempt": guarded(({ attempt }) => {
      const process = processes.get(attempt);
      if (process === undefined || process.exit !== undefined) return;
      process.exit = { code: 143, endedAtMs: nowMs, overLimit: false };
    }),
    "extend-limit": guarded(() => undefined),
    "adopt-attempt": guarded(({ spec }, life) => {
      const { attempt } = spec;
      const process = processes.get(attempt);
      if (process === undefined) {
        reply(life, { kind: "attempt-adopted", attempt, state: "never-started" });
      } else if (process.exit === undefined) {
        reply(life, { kind: "attempt-adopted", attempt, state: "running" });
      } else {
        reply(life, { kind: "attempt-exited", attempt, exit: process.exit });
      }
    }),
    "conclude-run": guarded(({ spec, facts: known }, life) => {
      reply(life, {
        kind: "run-concluded",
        attempt: spec.attempt,
        outcome: outcomeOf(known.exit?.code, known.stoppedBy !== undefined),
        endedAtMs: known.endedAtMs,
      });
    }),
    "plot-run": guarded(({ spec }, life) =>
      reply(life, { kind: "run-plotted", attempt: spec.attempt, plots: [] }),
    ),
    "renew-report": guarded(() => undefined),
  };

  const live = (): void => {
    const life = generation;
    const durable = facts.map((row) => JSON.parse(row) as Fact);
    world = replay(durable);
    let wake = 0;
    loop = startLoop({
      world,
      hands,
      ledger: {
        append: (rows) => {
          facts = [...facts, ...rows.map(({ fact }) => JSON.stringify(fact))];
        },
      },
      now: () => nowMs,
      wakeAt(atMs, callback) {
        const own = (wake += 1);
        if (atMs === undefined) return;
        at(Math.max(atMs, nowMs + 1), life, () => {
          if (own === wake) callback();
        });
      },
      onFault(error) {
        throw error;
      },
    });
    post({
      kind: "lab-opened",
      lab: LAB,
      settings: { settleMs: 10_000, quietMs: 5_000, timeZone: "UTC" },
      problems: [],
    });
    post({ kind: "experiment-found", lab: LAB, experiment: EXPERIMENT, madeHere: true });
    post(readEvent());
    post({ kind: "daemon-started" });
  };
  live();

  return {
    now: () => nowMs,
    text: () => text,
    save(saved) {
      text = saved;
      at(nowMs + 50, 0, () => post(readEvent()));
    },
    pass(ms) {
      const untilMs = nowMs + ms;
      for (;;) {
        agenda.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
        const next = agenda[0];
        if (next === undefined || next.atMs > untilMs) break;
        agenda.shift();
        nowMs = Math.max(nowMs, next.atMs);
        if (next.of === 0 || next.of === generation) {
          next.run();
        }
      }
      nowMs = untilMs;
    },
    crashAtEffect(n, down) {
      effectsLeft = n;
      downMs = down;
    },
    world: () => world,
    starts,
    writes: () => writes,
    most: () => most,
  };
}

function outcomeOf(code: number | undefined, stopped: boolean): RunOutcome {
  const base = { metrics: [], findings: [], plots: [] };
  if (stopped) return { ...base, ending: "stopped", cause: { kind: "stopped", by: "journal" } };
  if (code === undefined) return { ...base, ending: "lost", cause: { kind: "lost" } };
  return code === 0
    ? { ...base, ending: "done", cause: { kind: "success" }, exitCode: code }
    : { ...base, ending: "failed", cause: { kind: "exit-code", code }, exitCode: code };
}
