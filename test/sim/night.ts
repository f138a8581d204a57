// A simulated night: the real step and loop on a clock, a disk and processes that are made up,
// with crashes of the daemon between any two effects. One seed, one night.
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { startLoop, type Loop } from "../../src/effects/daemon/daemon.ts";
import { steadyClock } from "../../src/effects/os/clock.ts";
import type { NewEvent } from "../../src/effects/daemon/effect-handlers.ts";
import { wakeUp } from "../../src/effects/os/timer.ts";
import { knownAttempts } from "../../src/scheduler/known-attempts.ts";
import { replay } from "../../src/domain/replay.ts";
import { worldLines, worldOfLines } from "../../src/domain/stored-world.ts";
import { POLL_MS } from "../../src/base/limits.ts";
import type { ExperimentSight, JournalOrigin } from "../../src/domain/event.ts";
import type { Fact } from "../../src/domain/fact.ts";
import { experimentPath, labPath, type ExperimentPath, type LabPath } from "../../src/base/ids.ts";
import type { LabTrust } from "../../src/domain/lab-settings.ts";
import type { World } from "../../src/domain/world.ts";
import { insteadOf, type SettingsInForce } from "../../src/settings/in-force.ts";
import { readLabSettings } from "../../src/settings/lab.ts";
import { canonical } from "./canonical-world.ts";
import { Machine, type MachineOptions, type Start } from "./machine.ts";

export const LAB = labPath("/lab");
export const EXPERIMENT = experimentPath("/lab/exp");

export interface Night {
  readonly now: () => number;
  /** Time since the machine was switched on, ms. */
  readonly machineMs: () => number;
  readonly text: (experiment?: ExperimentPath) => string;
  /** Somebody saves the journal; `origin`: git did. */
  save(text: string, options?: SaveOptions): void;
  /** The only editor that shows when it is open is closed, a moment after its last save. */
  closeEditor(): void;
  /** The report was renewed, or `trouble` says why it was not. */
  reportRenewed(trouble?: string): void;
  copyFolder(from: ExperimentPath, to: ExperimentPath): void;
  renameFolder(from: ExperimentPath, to: ExperimentPath): void;
  /** Lets time pass. */
  pass(ms: number): void;
  /** The daemon dies at its n-th effect from now, and starts again after `downMs`. */
  crashAtEffect(n: number, downMs: number): void;
  /** The machine goes off, and is on again after `downMs`. */
  reboot(downMs: number): void;
  /** Since when the daemon is there, in the machine's time; undefined: it is not. */
  upSinceMs(): number | undefined;
  /** The daemon dies; when it is back its ledger ends before the n-th fact, as an older copy does. */
  putBackLedger(n: number, downMs: number): void;
  /** The disk is full: the next thing that must be durable ends the daemon, for `downMs`. */
  fillDisk(downMs: number): void;
  /** The next `n` writes of a journal fail. */
  failWrites(n: number, as?: "failed" | "busy"): void;
  /** Somebody saves nightlab.yaml. */
  configure(text: string): void;
  /** Sets the wall clock; ahead it is also what a machine sees that slept so long. */
  setClock(byMs: number): void;
  readonly world: () => World;
  /** Tells the daemon of something that no method here makes happen. */
  post(event: NewEvent): void;
  /** The ledger, from its n-th fact on. */
  readonly facts: (from?: number) => readonly Fact[];
  /** What outlives the daemon, scripts and environments among it. */
  readonly machine: Machine;
  /** Every start of a script, in order. */
  readonly starts: readonly Start[];
  readonly writes: () => number;
  /** The most scripts that ever ran at one time. */
  readonly most: () => number;
}

export interface SaveOptions {
  readonly experiment?: ExperimentPath;
  readonly origin?: JournalOrigin;
  /** How a journal that is new was found; default: `nightlab new` made it. */
  readonly sight?: ExperimentSight;
  /** When watchers tell of it, in ms from now; none: only the poll finds it. Default: 50. */
  readonly toldAfterMs?: readonly number[];
}

export interface NightOptions extends MachineOptions {
  readonly text: string;
  /** The experiment came from elsewhere, such as with a clone. */
  readonly foreign?: boolean;
  readonly trust?: LabTrust;
  /** nightlab.yaml; the zone is UTC unless it says otherwise. */
  readonly settings?: string;
  /** Between two looks at every journal, for nights that are long; default POLL_MS. */
  readonly pollMs?: number;
}

/** Facts between two snapshots of a world, from which the next daemon starts. */
const SNAPSHOT_FACTS = 7;

/** An experiment's lab is the folder that it lies in. */
const labOf = (experiment: ExperimentPath): LabPath => labPath(dirname(experiment));

export function startNight(options: NightOptions): Night {
  const facts: string[] = [];
  let snapshot: { count: number; row: string; lines: readonly string[] } | undefined;
  let downMs = 0;
  let diskFull = false;
  let loop: Loop | undefined;
  let upSinceMs = 0;
  let world: World;
  let now = Date.now;
  const machine = new Machine(options, () => die());
  machine.known = (spec) => knownAttempts(world, spec);
  machine.files.set(EXPERIMENT, { text: options.text, origin: undefined });

  const post = (event: NewEvent | undefined): void => {
    if (event !== undefined) loop?.post(event);
  };
  const die = (): void => {
    loop?.stop();
    loop = undefined;
    machine.life += 1;
    machine.effectsLeft = Number.POSITIVE_INFINITY;
    machine.at(machine.nowMs + downMs, 0, live);
  };
  const find = (experiment: ExperimentPath, sight: ExperimentSight): void => {
    post({ kind: "experiment-found", lab: labOf(experiment), experiment, sight });
  };
  const pollMs = options.pollMs ?? POLL_MS;
  let settings = options.settings ?? "";
  /** The last nightlab.yaml without a problem; it outlives the daemon. */
  let good: string | undefined;
  let inForce: SettingsInForce | undefined;
  const readSettings = (): SettingsInForce => {
    const { value, problems } = readLabSettings(settings, "UTC");
    if (problems.length > 0) return insteadOf(problems, good, "UTC");
    good = settings;
    return { settings: value, problems };
  };
  const trusted = options.trust === undefined ? {} : { trust: options.trust };
  const openLab = (): void => {
    inForce ??= readSettings();
    for (const lab of new Set([LAB, ...[...machine.files.keys()].map(labOf)])) {
      post({ kind: "lab-opened", lab, ...inForce, ...trusted });
    }
  };
  const live = (): void => {
    const { life } = machine;
    upSinceMs = machine.nowMs;
    world = replay(facts.map((row) => JSON.parse(row) as Fact));
    if (snapshot !== undefined && facts[snapshot.count - 1] === snapshot.row) {
      const since = facts.slice(snapshot.count).map((row) => JSON.parse(row) as Fact);
      const read = replay(since, worldOfLines(snapshot.lines));
      assert.equal(canonical(read), canonical(world), "a snapshot says what the ledger says");
      world = read;
    }
    now = steadyClock({
      notBeforeMs: world.nowMs,
      wallMs: () => machine.wallMs(),
      monotonicMs: () => machine.nowMs,
      onJump: (byMs) => post({ kind: "clock-jumped", byMs }),
    });
    const alarm = wakeUp(now, (callback, ms) => {
      let wanted = true;
      machine.at(machine.nowMs + ms, life, () => {
        if (wanted) callback();
      });
      return () => {
        wanted = false;
      };
    });
    loop = startLoop({
      world,
      handlers: machine.hands(post),
      ledger: {
        append(rows) {
          if (rows.length > 0 && diskFull) throw new Error("no space left on device");
          facts.push(...rows.map(({ fact }) => JSON.stringify(fact)));
          const row = facts.at(-1);
          if (row !== undefined && facts.length >= (snapshot?.count ?? 0) + SNAPSHOT_FACTS) {
            snapshot = { count: facts.length, row, lines: [...worldLines(world)] };
          }
        },
      },
      now,
      wakeAt: alarm.at,
      onFault(error) {
        if (!diskFull) throw error;
        diskFull = false;
        die();
      },
    });
    openLab();
    for (const experiment of machine.files.keys()) {
      find(experiment, options.foreign === true ? "stood" : "made");
      post(machine.reading(experiment));
    }
    post({ kind: "daemon-started" });
    const poll = (): void => {
      for (const experiment of machine.files.keys()) post(machine.reading(experiment));
      machine.at(machine.nowMs + pollMs, life, poll);
    };
    machine.at(machine.nowMs + pollMs, life, poll);
  };
  machine.life = 1;
  live();

  return {
    now: () => now(),
    machineMs: () => machine.nowMs,
    text: (experiment = EXPERIMENT) => machine.files.get(experiment)?.text ?? "",
    save(text, { experiment = EXPERIMENT, origin, sight = "made", toldAfterMs = [50] } = {}) {
      const isNew = !machine.files.has(experiment);
      machine.files.set(experiment, { text, origin });
      if (isNew && !world.labs.has(labOf(experiment))) openLab();
      if (isNew) find(experiment, sight);
      for (const ms of toldAfterMs) {
        machine.at(machine.nowMs + ms, 0, () => post(machine.reading(experiment)));
      }
    },
    closeEditor() {
      machine.at(machine.nowMs + 60, 0, () => {
        post(machine.reading(EXPERIMENT));
        post({ kind: "editor-closed", experiment: EXPERIMENT });
      });
    },
    reportRenewed(trouble) {
      const told = trouble === undefined ? {} : { trouble };
      post({ kind: "report-renewed", experiment: EXPERIMENT, ...told });
    },
    copyFolder(from, to) {
      this.save(this.text(from), { experiment: to, sight: "arrived" });
    },
    renameFolder(from, to) {
      const text = this.text(from);
      machine.files.delete(from);
      this.save(text, { experiment: to, sight: "arrived" });
      post({ kind: "experiment-gone", experiment: from });
    },
    pass: (ms) => machine.pass(ms),
    crashAtEffect(n, down) {
      machine.effectsLeft = n;
      downMs = down;
    },
    reboot(down) {
      for (const attempt of machine.running()) machine.lose(attempt, "machine-restarted");
      downMs = down;
      // Who is dead already comes back later than that, or has come back before.
      if (loop !== undefined) die();
    },
    putBackLedger(n, down) {
      facts.splice(n);
      downMs = down;
      if (loop !== undefined) die();
    },
    upSinceMs: () => (loop === undefined ? undefined : upSinceMs),
    fillDisk(down) {
      diskFull = true;
      downMs = down;
    },
    failWrites(n, as = "failed") {
      machine.failingWrites += n;
      machine.failingAs = as;
    },
    configure(text) {
      settings = text;
      inForce = undefined;
      openLab();
    },
    setClock(byMs) {
      machine.wallAtStartMs += byMs;
    },
    world: () => world,
    facts: (from = 0) => facts.slice(from).map((row) => JSON.parse(row) as Fact),
    machine,
    post,
    starts: machine.starts,
    writes: () => machine.writes,
    most: () => machine.most,
  };
}
