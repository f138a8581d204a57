// Finds what a subcommand is called on: the experiment and the lab above a path, the lab's world as
// the ledger has it, and the command that a word means. Writes nothing and needs no daemon.
import { existsSync, realpathSync, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { orAbsent } from "../effects/os/absent.ts";
import { recordOf } from "../effects/state/lab-identity.ts";
import { recordFolder } from "../effects/state/lab-records.ts";
import { hasLedger, openLedger } from "../effects/state/ledger.ts";
import { guardLab } from "../effects/os/lab-links.ts";
import { stateDir } from "../effects/os/state-dir.ts";
import { replay } from "../domain/replay.ts";
import type { Fact } from "../domain/fact.ts";
import { commandId, labPath, type LabPath } from "../base/ids.ts";
import { runsOf, type Command, type World } from "../domain/world.ts";

/** The nearest folder at or above an absolute path that has a JOURNAL.md. */
export async function experimentOf(path: string): Promise<string | undefined> {
  for (let dir = path; ; dir = dirname(dir)) {
    const journal = await orAbsent(stat(join(dir, "JOURNAL.md")));
    if (journal?.isFile() === true) return dir;
    if (dirname(dir) === dir) return undefined;
  }
}

/**
 * The lab that holds a path: the nearest folder at or above it with `nightlab.yaml`. From then on
 * this process follows no link out of it that is not trusted.
 */
export function findLab(from: string): LabPath | undefined {
  const start = resolve(from);
  if (!existsSync(start)) return undefined;
  const real = realpathSync(start);
  for (let dir = statSync(real).isDirectory() ? real : dirname(real); ; dir = dirname(dir)) {
    if (existsSync(join(dir, "nightlab.yaml"))) {
      guardLab(dir);
      return labPath(dir);
    }
    if (dirname(dir) === dir) return undefined;
  }
}

/** The answer where `findLab` finds none. */
export const noLab = (from: string): string =>
  `No lab here: neither ${resolve(from)} nor a folder above it has a nightlab.yaml.\n` +
  "Make one with `nightlab init`, or call this from inside a lab.";

/** The lab's world, replayed from the ledger; empty if nothing was ever recorded. */
export function readWorld(lab: LabPath): World {
  return replay(readFacts(lab));
}

/**
 * The lab's part of the state folder, where requests to its daemon go; made if there is none yet.
 */
export function stateOf(lab: LabPath): string {
  return recordFolder(stateDir(), recordOf(stateDir(), lab, isInLedger).record);
}

/** Whether the ledger has anything of a lab. */
export function isInLedger(lab: LabPath): boolean {
  const dir = stateDir();
  if (!existsSync(join(dir, "ledger.sqlite"))) return false;
  const ledger = openLedger(dir, { readOnly: true });
  try {
    return ledger.knows(lab);
  } finally {
    ledger.close();
  }
}

/** A lab's facts from the ledger, oldest first. */
export function readFacts(lab: LabPath): readonly Fact[] {
  const dir = stateDir();
  if (!hasLedger(dir)) return [];
  const ledger = openLedger(dir, { readOnly: true });
  try {
    return ledger.read([lab]);
  } finally {
    ledger.close();
  }
}

/**
 * A stamp that changes whenever the ledger may have changed; far cheaper than reading the world.
 */
export function ledgerStamp(): string {
  const stamps = ["ledger.sqlite", "ledger.sqlite-wal"].map((name) => {
    const found = statSync(join(stateDir(), name), { throwIfNoEntry: false });
    return found === undefined ? "" : `${found.size} ${found.mtimeMs}`;
  });
  return stamps.join(" · ");
}

/** The command that an id, a run folder or a name means; for a name, its latest command. */
export function findCommand(world: World, target: string): Command | undefined {
  const byId = world.commands.get(commandId(target));
  if (byId !== undefined) return byId;
  const folder = basename(target.replace(/\/+$/, ""));
  const fits = [...world.commands.values()].filter(
    (command) =>
      command.spec.target === target || runsOf(command).some((run) => run.folder === folder),
  );
  return fits.toSorted((a, b) => a.acceptedAtMs - b.acceptedAtMs).at(-1);
}

/**
 * The run folder of the command that an id, a run folder or a name means: that of its latest
 * attempt that has one.
 */
export function runPathOf(target: string, from: string): string | undefined {
  const lab = findLab(from);
  const command = lab === undefined ? undefined : findCommand(readWorld(lab), target);
  const run = command && runsOf(command).findLast(({ folder }) => folder !== undefined);
  return command === undefined || run?.folder === undefined
    ? undefined
    : join(command.experiment, "runs", run.folder);
}

/** The answer where `findCommand` finds none, with the latest commands as a hint. */
export function notFound(world: World, target: string): string {
  const known = [...world.commands.values()].slice(-5).map((c) => `${c.id} (${c.spec.target})`);
  const hint = known.length === 0 ? "" : ` The latest are ${known.join(", ")}.`;
  return `Nothing in this lab is called ${JSON.stringify(target)}.${hint} See \`nightlab status\`.`;
}

/** Folder of a command's experiment relative to the lab; of the lab itself, its name. */
export const experimentName = (lab: LabPath, command: Command): string =>
  relative(lab, command.experiment) || basename(lab);
