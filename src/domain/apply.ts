// What each fact means for the world: the one place where its durable part changes.
// It decides nothing: the same function runs live and when a ledger is replayed.
import { applyToRun } from "./apply-run.ts";
import { change, replace } from "./change-command.ts";
import { GO_GIVEN } from "./command.ts";
import type { Fact, PauseFact } from "./fact.ts";
import type { CommandId, ExperimentPath } from "../base/ids.ts";
import type { Command, World } from "./world.ts";

/** Headings that one command stood below, for when it comes back: one typed letter by letter too. */
const HEADINGS_KEPT = 50;

/** Changes `world` as the fact says. Facts about things it does not know are passed over. */
export function apply(world: World, fact: Fact): void {
  switch (fact.kind) {
    case "experiment-known":
      if (!world.experiments.has(fact.experiment)) {
        world.experiments.set(fact.experiment, {
          path: fact.experiment,
          lab: fact.lab,
          foreign: fact.foreign,
          commands: [],
          rendered: new Set(),
          writes: 0,
        });
      }
      return;
    case "experiment-copied": {
      const { of, inert, atMs } = fact;
      const experiment = world.experiments.get(fact.experiment);
      if (experiment === undefined) return;
      world.experiments.set(fact.experiment, { ...experiment, copied: { of, inert, atMs } });
      return;
    }
    case "experiment-moved":
      move(world, fact);
      return;
    case "command-accepted": {
      const { atMs, kind: _, released: approved, ...rest } = fact;
      world.commands.set(fact.id, {
        ...rest,
        approved,
        acceptedAtMs: atMs,
        stateSinceMs: atMs,
        shownInWrite: 0,
      });
      addToExperiment(world, fact.id);
      return;
    }
    case "members-made":
      makeMembers(world, fact);
      return;
    case "command-edited": {
      const { atMs: editedAtMs, kind: _kind, id, ...rest } = fact;
      replace(world, id, ({ code: _, holdOverruled: _go, ...command }) => ({
        ...command,
        ...rest,
        editedAtMs,
      }));
      return;
    }
    case "code-noted": {
      const { atMs, ids, code, snapshot } = fact;
      const noted = { ...code, atMs, ...(snapshot === undefined ? {} : { snapshot }) };
      for (const id of ids) change(world, id, () => ({ code: noted }));
      return;
    }
    case "repeat-queued":
      queueRepeat(world, fact);
      return;
    case "journal-aligned":
      align(world, fact);
      return;
    case "command-state":
      followDrain(world, fact);
      replace(world, fact.id, ({ reason: _, holdOverruled: overruled, ...command }) => ({
        ...command,
        state: fact.state,
        stateSinceMs: fact.atMs,
        ...(fact.reason === undefined ? {} : { reason: fact.reason }),
        ...(isOverruled(fact, overruled) ? { holdOverruled: true } : {}),
      }));
      return;
    case "command-released":
      // Whoever gives the go means the code as it is then.
      replace(world, fact.id, ({ code: _, ...command }) => ({ ...command, approved: true }));
      return;
    case "command-ran-as":
      replace(world, fact.id, ({ ranAs: _, ...command }) =>
        fact.text === undefined ? command : { ...command, ranAs: fact.text },
      );
      return;
    case "queue-paused":
      applyPause(world, fact);
      return;
    case "night-told": {
      const { lab, night, asOfMs, atWork } = fact;
      const blocks = fact.blocks ?? world.nightlySummaries.get(lab)?.blocks ?? [];
      world.nightlySummaries.set(lab, { night, asOfMs, atWork, blocks });
      return;
    }
    case "pieces-rendered": {
      const experiment = world.experiments.get(fact.experiment);
      if (experiment === undefined) return;
      for (const hash of fact.hashes) experiment.rendered.add(hash);
      world.experiments.set(fact.experiment, { ...experiment, writes: experiment.writes + 1 });
      return;
    }
    case "save-set-aside":
    case "set-aside-dismissed":
      addMergeConflict(world, fact);
      return;
    case "receipts-shown": {
      const shownInWrite = world.experiments.get(fact.experiment)?.writes ?? 0;
      for (const id of fact.ids) change(world, id, () => ({ shownInWrite }));
      return;
    }
    case "commands-moved":
      for (const [id, heading] of fact.headings) change(world, id, below(heading));
      return;
    case "receipts-missed":
      for (const id of fact.ids) change(world, id, () => ({ shownInWrite: 0 }));
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

/** What a sweep was made for: its runs, which share its time and its place in the journal. */
function makeMembers(world: World, fact: Extract<Fact, { kind: "members-made" }>): void {
  const head = world.commands.get(fact.id);
  if (head === undefined || head.members !== undefined) return;
  for (const { id, spec, swept } of fact.members) {
    const { experiment, canonical, form, source, heading, line, acceptedAtMs } = head;
    world.commands.set(id, {
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
      // Whoever let the sweep go let all of it go.
      approved: true,
      stateSinceMs: fact.atMs,
      notes: [],
      shownInWrite: 0,
      parent: head.id,
    });
  }
  change(world, head.id, () => ({ members: fact.members.map(({ id }) => id) }));
}

function queueRepeat(world: World, fact: Extract<Fact, { kind: "repeat-queued" }>): void {
  const { atMs, kind: _, id, experiment, ...rest } = fact;
  const at = world.experiments.get(experiment);
  if (at === undefined || world.commands.has(id)) return;
  world.commands.set(id, {
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
  world.experiments.set(experiment, { ...at, repeats: [...(at.repeats ?? []), id] });
}

function move(world: World, fact: Extract<Fact, { kind: "experiment-moved" }>): void {
  const experiment = world.experiments.get(fact.from);
  if (experiment === undefined) return;
  world.experiments.delete(fact.from);
  world.experiments.set(fact.to, { ...experiment, path: fact.to, lab: fact.lab });
  for (const id of [...experiment.commands, ...(experiment.repeats ?? [])]) {
    change(world, id, (command) => movedTo(command, fact.to));
    for (const member of world.commands.get(id)?.members ?? []) {
      change(world, member, (command) => movedTo(command, fact.to));
    }
  }
}

/** A run that goes on goes on there: its script's folder is the same one by another name. */
function movedTo({ run }: Command, experiment: ExperimentPath): Partial<Command> {
  return run === undefined
    ? { experiment }
    : { experiment, run: { ...run, spec: { ...run.spec, experiment } } };
}

/** A go lasts through whatever is waited for after it. */
const isOverruled = (
  { state, reason }: Extract<Fact, { kind: "command-state" }>,
  before = false,
): boolean => reason === GO_GIVEN || (before && (state === "queued" || state === "waiting"));

/** A `queue: drain` is at work until nothing else is. */
function followDrain(world: World, fact: Extract<Fact, { kind: "command-state" }>): void {
  const verb = world.commands.get(fact.id)?.spec.verb;
  if (verb === "queue" && fact.state === "running") world.drains.add(fact.id);
  else world.drains.delete(fact.id);
}

function applyPause(world: World, fact: PauseFact): void {
  const { atMs, paused, drain = false, why, died = [] } = fact;
  world.paused = paused;
  world.pause = paused ? { atMs, drain, ...(why === undefined ? {} : { why }) } : undefined;
  world.earlyFailures = [];
  const last = died.at(-1);
  if (last === undefined || why === undefined) return;
  // It stays in that receipt: whoever looks into the death sees what came of it.
  const note = `the queue paused itself after this: ${why}; \`queue: resume\` lets it go on`;
  // A run of a sweep has its sweep's receipt.
  change(world, world.commands.get(last)?.parent ?? last, ({ notes }) => ({
    notes: [...notes, note],
  }));
}

type MergeConflictFact = Extract<Fact, { kind: "save-set-aside" | "set-aside-dismissed" }>;

function addMergeConflict(world: World, fact: MergeConflictFact): void {
  const experiment = world.experiments.get(fact.experiment);
  if (experiment === undefined) return;
  const { version } = fact;
  const others = (experiment.mergeConflicts ?? []).filter((one) => one.version !== version);
  const near = fact.kind === "save-set-aside" && fact.near !== undefined ? { near: fact.near } : {};
  const added = fact.kind === "save-set-aside" ? [{ version, ...near }] : [];
  world.experiments.set(fact.experiment, { ...experiment, mergeConflicts: [...others, ...added] });
}

const below =
  (heading: string) =>
  ({ heading: last, earlierHeadings = [] }: Command): Partial<Command> => ({
    heading,
    earlierHeadings: [...new Set([last, ...earlierHeadings])].slice(0, HEADINGS_KEPT),
  });

function addToExperiment(world: World, id: CommandId): void {
  const command = world.commands.get(id);
  const experiment = command && world.experiments.get(command.experiment);
  if (experiment === undefined || experiment.commands.includes(id)) return;
  world.experiments.set(experiment.path, {
    ...experiment,
    commands: [...experiment.commands, id],
  });
}

function align(world: World, fact: Extract<Fact, { kind: "journal-aligned" }>): void {
  const experiment = world.experiments.get(fact.experiment);
  if (experiment === undefined) return;
  const present = new Set(fact.commands);
  const gone = experiment.commands.filter((id) => !present.has(id));
  world.experiments.set(fact.experiment, {
    ...experiment,
    commands: [...fact.commands, ...gone],
  });
  for (const id of fact.commands) {
    replace(world, id, ({ absentSinceMs: _, ...command }) => command);
  }
  for (const id of gone) {
    change(world, id, (command) => ({ absentSinceMs: command.absentSinceMs ?? fact.atMs }));
  }
}
