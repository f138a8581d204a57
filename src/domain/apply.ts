// What each fact means: the only code that changes the durable part of the world. It decides
// nothing, so the same function runs live and on replay. Facts about runs are in apply-run.ts.
import { applyToRun } from "./apply-run.ts";
import { change, put, replace } from "./change-command.ts";
import { sameCode } from "./code.ts";
import { GO_GIVEN } from "./command.ts";
import type { Fact, FactOf } from "./fact.ts";
import type { CommandId, ExperimentPath } from "../base/ids.ts";
import { wholeRun } from "./past-run.ts";
import type { Command, Experiment, Run, World } from "./world.ts";
import { defined } from "../base/defined.ts";

/**
 * Earlier headings kept for each command, which help to recognize it when its block comes back. A
 * heading that is typed while the daemon reads along leaves one entry for each save.
 */
const HEADINGS_KEPT = 50;
/** Saves of one journal that are remembered as perhaps made from an old copy. */
const OLD_COPIES = 50;

/** Changes `world` as the fact says. Facts about unknown experiments and commands are ignored. */
export function apply(world: World, fact: Fact): void {
  world.recordedMs = Math.max(world.recordedMs, fact.atMs);
  switch (fact.kind) {
    case "experiment-known":
      addExperiment(world, fact);
      return;
    case "experiment-copied":
      markCopied(world, fact);
      return;
    case "experiment-moved":
      moveExperiment(world, fact);
      return;
    case "lab-moved":
      moveLab(world, fact);
      return;
    case "command-accepted":
      addCommand(world, fact);
      return;
    case "members-made":
      addMembers(world, fact);
      return;
    case "command-edited":
      editCommand(world, fact);
      return;
    case "code-noted":
      noteCode(world, fact);
      return;
    case "repeat-queued":
      addRepeat(world, fact);
      return;
    case "journal-aligned":
      alignJournal(world, fact);
      return;
    case "command-state":
      changeState(world, fact);
      return;
    case "command-released":
      // The approval is for the code as it is now, so the code noted at queueing no longer counts.
      replace(world, fact.id, ({ code: _, ...command }) => ({ ...command, approved: true }));
      return;
    case "command-ran-as":
      replace(world, fact.id, ({ ranAs: _, ...command }) =>
        fact.text === undefined ? command : { ...command, ranAs: fact.text },
      );
      return;
    case "queue-paused":
      pauseQueue(world, fact);
      return;
    case "night-told":
      noteSummary(world, fact);
      return;
    case "pieces-rendered":
      noteRendered(world, fact);
      return;
    case "save-set-aside":
    case "set-aside-dismissed":
      changeMergeConflicts(world, fact);
      return;
    case "old-copy-saved":
      noteOldCopy(world, fact);
      return;
    case "old-copy-mended":
      changeExperiment(world, fact.experiment, ({ oldCopies = [] }) => ({
        oldCopies: oldCopies.filter(({ version }) => version !== fact.version),
      }));
      return;
    case "receipts-shown": {
      const shownInWrite = world.experiments.get(fact.experiment)?.writes ?? 0;
      for (const id of fact.ids) {
        change(world, id, ({ receiptTakenOut }) => ({
          shownInWrite,
          ...(receiptTakenOut === undefined ? {} : { receiptTakenOut: "once" }),
        }));
      }
      return;
    }
    case "receipts-missed":
      for (const id of fact.ids) {
        replace(world, id, ({ receiptTakenOut: _, ...one }) => ({ ...one, shownInWrite: 0 }));
      }
      return;
    case "receipts-taken-out":
      for (const id of fact.ids) {
        change(world, id, () => ({ receiptTakenOut: fact.surely ? "for good" : "once" }));
      }
      return;
    case "commands-moved":
      for (const [id, heading] of fact.headings) change(world, id, below(heading));
      return;
    case "attempts-found":
      change(world, fact.id, ({ attemptsFound = 0, claimsTold = [] }) => ({
        attemptsFound: Math.max(attemptsFound, fact.last),
        claimsTold: fact.claimed === undefined ? claimsTold : [...claimsTold, fact.claimed],
      }));
      return;
    case "run-claimed":
    case "run-started":
    case "run-folder-known":
    case "run-flagged":
    case "limit-extended":
    case "stop-requested":
    case "run-exited":
    case "run-ended":
    case "run-plotted":
    case "run-retried":
    case "flag-resolved":
      applyToRun(world, fact);
  }
}

function addExperiment(world: World, fact: FactOf<"experiment-known">): void {
  const { experiment: path, lab, foreign } = fact;
  if (world.experiments.has(path)) return;
  world.experiments.set(path, {
    path,
    lab,
    foreign,
    present: [],
    gone: [],
    index: { named: new Map(), inFolder: new Map(), passed: new Set() },
    rendered: new Set(),
    writes: 0,
  });
}

function markCopied(world: World, fact: FactOf<"experiment-copied">): void {
  const { of, inert, atMs } = fact;
  changeExperiment(world, fact.experiment, () => ({ copied: { of, inert, atMs } }));
}

/** Everything of the lab has its new path from now on, the runs of its commands among it. */
function moveLab(world: World, { from, to }: FactOf<"lab-moved">): void {
  if (to === undefined) return;
  const isIn = (path: string): boolean => path === from || path.startsWith(`${from}/`);
  const moved = <T extends string>(path: T): T =>
    isIn(path) ? (`${to}${path.slice(from.length)}` as T) : path;
  const experiments = [...world.experiments.values()];
  world.experiments.clear();
  for (const one of experiments) {
    const { copied, lab } = one;
    const path = lab === from ? moved(one.path) : one.path;
    const of = copied === undefined ? {} : { copied: { ...copied, of: moved(copied.of) } };
    world.experiments.set(path, { ...one, ...of, path, lab: moved(lab) });
  }
  for (const command of world.commands.values()) {
    replace(world, command.id, (one) => ({
      ...one,
      experiment: moved(one.experiment),
      ...(one.run === undefined ? {} : { run: runMovedTo(one.run, moved) }),
      ...(one.earlierRuns === undefined
        ? {}
        : { earlierRuns: one.earlierRuns.map((run) => runMovedTo(run, moved)) }),
    }));
  }
  const summary = world.nightlySummaries.get(from);
  if (summary !== undefined) world.nightlySummaries.set(to, summary);
  world.nightlySummaries.delete(from);
}

function runMovedTo(one: Run, moved: (path: string) => string): Run {
  const run = wholeRun(one);
  const { lab, experiment, codeDir } = run.spec;
  const code = codeDir === undefined ? {} : { codeDir: moved(codeDir) };
  return { ...run, spec: { ...run.spec, lab: moved(lab), experiment: moved(experiment), ...code } };
}

function moveExperiment(world: World, fact: FactOf<"experiment-moved">): void {
  const experiment = world.experiments.get(fact.from);
  if (experiment === undefined) return;
  world.experiments.delete(fact.from);
  world.experiments.set(fact.to, { ...experiment, path: fact.to, lab: fact.lab });
  const { present, gone, repeats = [] } = experiment;
  for (const id of [...present, ...gone, ...repeats]) {
    change(world, id, (command) => movedTo(command, fact.to));
    for (const member of world.commands.get(id)?.members ?? []) {
      change(world, member, (command) => movedTo(command, fact.to));
    }
  }
}

/** A running script keeps its folder open under the new name, so its run moves along. */
function movedTo({ run }: Command, experiment: ExperimentPath): Partial<Command> {
  return run === undefined
    ? { experiment }
    : { experiment, run: { ...wholeRun(run), spec: { ...run.spec, experiment } } };
}

function addCommand(world: World, fact: FactOf<"command-accepted">): void {
  const { atMs, kind: _, released: approved, ...rest } = fact;
  const { id, experiment } = fact;
  const isKnown = world.commands.has(id);
  put(world, { ...rest, approved, acceptedAtMs: atMs, stateSinceMs: atMs, shownInWrite: 0 });
  if (!isKnown)
    changeExperiment(world, experiment, ({ present }) => ({ present: [...present, id] }));
}

/** The runs of a sweep share its acceptance time and its block in the journal. */
function addMembers(world: World, fact: FactOf<"members-made">): void {
  const head = world.commands.get(fact.id);
  if (head === undefined || head.members !== undefined) return;
  for (const [index, { id, spec, swept }] of fact.members.entries()) {
    const { attemptsFound, claimsTold } = head;
    const { experiment, canonical, form, source, heading, line, acceptedAtMs } = head;
    put(world, {
      id,
      experiment,
      spec,
      canonical,
      form,
      source,
      heading,
      line,
      acceptedAtMs,
      swept,
      state: "queued",
      // The sweep could start, and its approval covers all of its runs.
      approved: true,
      stateSinceMs: fact.atMs,
      notes: [],
      shownInWrite: 0,
      parent: head.id,
      // What was found for the sweep was found for its first member.
      ...(index > 0 || attemptsFound === undefined ? {} : { attemptsFound }),
      ...(index > 0 || claimsTold === undefined ? {} : { claimsTold }),
    });
  }
  change(world, head.id, () => ({ members: fact.members.map(({ id }) => id) }));
}

function editCommand(world: World, fact: FactOf<"command-edited">): void {
  const { atMs: editedAtMs, kind: _kind, id, ...rest } = fact;
  replace(world, id, ({ code: _, holdOverruled: _overruled, ...command }) => ({
    ...command,
    ...rest,
    editedAtMs,
  }));
}

function noteCode(world: World, fact: FactOf<"code-noted">): void {
  const { atMs, ids, code, snapshot } = fact;
  const last = world.experiments.get(fact.experiment)?.lastCode;
  const noted = sameCode({ ...code, atMs, ...defined({ snapshot }) }, last);
  changeExperiment(world, fact.experiment, () => ({ lastCode: noted }));
  for (const id of ids) change(world, id, () => ({ code: noted }));
}

function addRepeat(world: World, fact: FactOf<"repeat-queued">): void {
  const { atMs, kind: _, id, experiment, ...rest } = fact;
  if (!world.experiments.has(experiment) || world.commands.has(id)) return;
  put(world, {
    ...rest,
    id,
    experiment,
    canonical: `repeat ${id}`,
    form: "line",
    heading: "",
    line: 0,
    state: "queued",
    approved: true,
    acceptedAtMs: atMs,
    stateSinceMs: atMs,
    notes: [],
    shownInWrite: 0,
  });
  changeExperiment(world, experiment, ({ repeats = [] }) => ({ repeats: [...repeats, id] }));
}

function alignJournal(world: World, fact: FactOf<"journal-aligned">): void {
  const experiment = world.experiments.get(fact.experiment);
  if (experiment === undefined) return;
  const { commands: present, atMs } = fact;
  const here = new Set(present);
  const left = experiment.present.filter((id) => !here.has(id));
  const isBack = (id: CommandId): boolean =>
    world.commands.get(id)?.absentSinceMs !== undefined && here.has(id);
  const gone = present.some(isBack)
    ? experiment.gone.filter((id) => !here.has(id))
    : experiment.gone;
  // Extended in place: a journal of years has thousands of them.
  gone.push(...left.toReversed());
  changeExperiment(world, fact.experiment, () => ({ present, gone }));
  for (const id of present.filter(isBack)) {
    replace(world, id, ({ absentSinceMs: _, ...command }) => command);
  }
  for (const id of left) {
    change(world, id, ({ absentSinceMs = atMs }) => ({ absentSinceMs }));
  }
}

function changeState(world: World, fact: FactOf<"command-state">): void {
  followDrain(world, fact);
  replace(world, fact.id, ({ reason: _, holdOverruled: overruled, ...command }) => ({
    ...command,
    state: fact.state,
    stateSinceMs: fact.atMs,
    ...defined({ reason: fact.reason }),
    ...(isOverruled(fact, overruled) ? { holdOverruled: true } : {}),
  }));
}

/** A tick that overruled a hold stays in force while the command is only queued or waiting. */
const isOverruled = ({ state, reason }: FactOf<"command-state">, before = false): boolean =>
  reason === GO_GIVEN || (before && (state === "queued" || state === "waiting"));

/** A `queue: drain` counts as running until every run has ended. */
function followDrain(world: World, fact: FactOf<"command-state">): void {
  const verb = world.commands.get(fact.id)?.spec.verb;
  if (verb === "queue" && fact.state === "running") world.drains.add(fact.id);
  else world.drains.delete(fact.id);
}

function pauseQueue(world: World, fact: FactOf<"queue-paused">): void {
  const { atMs, paused, drain = false, why, died = [] } = fact;
  world.paused = paused;
  world.pause = paused ? { atMs, drain, ...defined({ why }) } : undefined;
  world.earlyFailures = [];
  const last = died.at(-1);
  if (last === undefined || why === undefined) return;
  // The note outlasts the pause, so that whoever looks into the failure sees what followed.
  const note = `the queue paused itself after this: ${why}; \`queue: resume\` lets it go on`;
  // A run of a sweep has no receipt of its own.
  change(world, world.commands.get(last)?.parent ?? last, ({ notes }) => ({
    notes: [...notes, note],
  }));
}

function noteSummary(world: World, fact: FactOf<"night-told">): void {
  const { lab, night, asOfMs, atWork } = fact;
  const blocks = fact.blocks ?? world.nightlySummaries.get(lab)?.blocks ?? [];
  world.nightlySummaries.set(lab, { night, asOfMs, atWork, blocks });
}

function noteRendered(world: World, fact: FactOf<"pieces-rendered">): void {
  changeExperiment(world, fact.experiment, ({ rendered, writes }) => {
    // Extended in place: a journal of years has thousands of hashes.
    for (const hash of fact.hashes) rendered.add(hash);
    return { writes: writes + 1 };
  });
}

function noteOldCopy(world: World, fact: FactOf<"old-copy-saved">): void {
  const { saved, version, lines, atMs } = fact;
  changeExperiment(world, fact.experiment, ({ oldCopies = [] }) => ({
    oldCopies: [...oldCopies, { saved, version, lines, atMs }].slice(-OLD_COPIES),
  }));
}

function changeMergeConflicts(
  world: World,
  fact: FactOf<"save-set-aside" | "set-aside-dismissed">,
): void {
  const { version } = fact;
  changeExperiment(world, fact.experiment, ({ mergeConflicts = [] }) => {
    const others = mergeConflicts.filter((one) => one.version !== version);
    if (fact.kind === "set-aside-dismissed") return { mergeConflicts: others };
    const near = fact.near === undefined ? {} : { near: fact.near };
    return { mergeConflicts: [...others, { version, ...near }] };
  });
}

/** The command's block now stands below `heading`. */
const below =
  (heading: string) =>
  ({ heading: last, earlierHeadings = [] }: Command): Partial<Command> => ({
    heading,
    earlierHeadings: [...new Set([last, ...earlierHeadings])].slice(0, HEADINGS_KEPT),
  });

function changeExperiment(
  world: World,
  path: ExperimentPath,
  update: (experiment: Experiment) => Partial<Experiment>,
): void {
  const experiment = world.experiments.get(path);
  if (experiment === undefined) return;
  world.experiments.set(path, { ...experiment, ...update(experiment) });
}
