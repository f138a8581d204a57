// The part of a world that a glance at a lab needs, kept beside the ledger: what goes on, what waits,
// what ended last. It spares reading ten thousand ended runs again, and may be lost at any time.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apply } from "../../domain/apply.ts";
import type { LabPath } from "../../base/ids.ts";
import { ENDED } from "../../domain/command-state.ts";
import { emptyWorld, type Command, type World } from "../../domain/world.ts";
import { parseStored } from "../../base/stored-json.ts";
import { openLedger, type Ledger } from "./ledger.ts";

/** Ended commands that a glance at a lab has at hand; the ledger has all. */
export const VIEW_ENDED = 50;
/** Facts after which that view is kept anew: reading so many takes 20 ms. */
export const VIEW_FACTS = 1_000;
/** A larger view is slower to read than it spares. */
const VIEW_BYTES = 16 * 2 ** 20;

/** What a glance at a lab sees. */
export interface StatusView {
  /** All that has not ended, and what ended last. */
  readonly world: World;
  /** How many commands ended before those. */
  readonly earlier: number;
}

interface Kept {
  readonly format: typeof FORMAT;
  /** The last row of the ledger that is in it, and what tells this ledger from another. */
  readonly seq: number;
  readonly row: string;
  readonly earlier: number;
  readonly paused: World["paused"];
  readonly pause?: World["pause"];
  readonly nowMs: number;
  readonly experiments: readonly (readonly [path: string, lab: string])[];
  readonly commands: readonly Command[];
}

/** Another number for each change of what is kept: an older release's view is passed by. */
const FORMAT = 3;

/** The view as of now, from the kept one and what the ledger has had since. */
export function readStatusView(stateDir: string, lab: LabPath): StatusView {
  if (!existsSync(join(stateDir, "ledger.sqlite"))) return { world: emptyWorld(), earlier: 0 };
  const ledger = openLedger(stateDir, { readOnly: true });
  try {
    const kept = readKept(stateDir, lab, ledger);
    const world = kept === undefined ? emptyWorld() : worldOf(kept, lab);
    let facts = 0;
    for (const fact of ledger.read([lab], kept?.seq ?? 0)) {
      apply(world, fact);
      world.nowMs = Math.max(world.nowMs, fact.atMs);
      facts += 1;
    }
    const view = { world, earlier: kept?.earlier ?? 0 };
    if (facts > VIEW_FACTS) keepStatusView(stateDir, lab, ledger, view);
    return view;
  } finally {
    ledger.close();
  }
}

/** Keeps a view for the next glance; a disk that refuses costs time, and nothing else. */
export function keepStatusView(
  stateDir: string,
  lab: LabPath,
  ledger: Pick<Ledger, "last">,
  { world, earlier }: StatusView,
): void {
  const last = ledger.last();
  if (last === undefined) return;
  const all = [...world.commands.values()].filter(
    ({ experiment }) => world.experiments.get(experiment)?.lab === lab,
  );
  const ended = all.filter(({ state }) => ENDED.has(state)).toSorted(byEnd);
  const dropped = new Set(ended.slice(0, -VIEW_ENDED).map(({ id }) => id));
  const kept: Kept = {
    format: FORMAT,
    ...last,
    earlier: earlier + dropped.size,
    paused: world.paused,
    pause: world.pause,
    nowMs: world.nowMs,
    experiments: [...world.experiments.values()]
      .filter((one) => one.lab === lab)
      .map((one) => [one.path, one.lab]),
    commands: all.filter(({ id }) => !dropped.has(id)),
  };
  try {
    const path = pathOf(stateDir, lab);
    mkdirSync(join(stateDir, FOLDER), { recursive: true });
    writeFileSync(`${path}.${process.pid}`, JSON.stringify(kept));
    renameSync(`${path}.${process.pid}`, path);
  } catch {
    // The next glance reads the ledger.
  }
}

/** When a command came to its end, the earliest first. */
const byEnd = (a: Command, b: Command): number => a.stateSinceMs - b.stateSinceMs;

const FOLDER = "views";

function pathOf(stateDir: string, lab: LabPath): string {
  const name = createHash("sha256").update(lab).digest("hex").slice(0, 32);
  return join(stateDir, FOLDER, `${name}.json`);
}

function readKept(stateDir: string, lab: LabPath, ledger: Ledger): Kept | undefined {
  try {
    const text = readFileSync(pathOf(stateDir, lab), "utf8");
    if (text.length > VIEW_BYTES) return undefined;
    const kept = parseStored(text) as Kept;
    return kept.format === FORMAT && ledger.row(kept.seq) === kept.row ? kept : undefined;
  } catch {
    return undefined;
  }
}

function worldOf(kept: Kept, lab: LabPath): World {
  const world = emptyWorld();
  world.nowMs = kept.nowMs;
  world.paused = kept.paused;
  world.pause = kept.pause;
  for (const [path] of kept.experiments) {
    apply(world, {
      kind: "experiment-known",
      atMs: 0,
      experiment: path as Command["experiment"],
      lab,
      foreign: false,
    });
  }
  for (const command of kept.commands) world.commands.set(command.id, command);
  return world;
}
