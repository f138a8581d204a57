// A cache beside the ledger for `nightlab status`: the commands of a lab that have not ended and
// those that ended last. It avoids reading ten thousand ended runs, and may be lost at any time.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apply } from "../../domain/apply.ts";
import type { LabPath } from "../../base/ids.ts";
import { ENDED } from "../../domain/command-state.ts";
import {
  emptyWorld,
  type Command,
  type Experiment,
  type Run,
  type World,
} from "../../domain/world.ts";
import { parseStored } from "../../base/stored-json.ts";
import {
  boolean,
  list,
  maybe,
  number,
  object,
  oneOf,
  string,
  tuple,
  whole,
} from "../../base/stored-shape.ts";
import { hasLedger, openLedger, type Ledger } from "./ledger.ts";
import { attemptSpec, commandSpec, startFacts } from "./stored-spec.ts";

/** Ended commands in a status view; the ledger has all. */
export const VIEW_ENDED = 50;
/** New facts after which the view is stored again: reading this many takes 20 ms. */
export const VIEW_FACTS = 1_000;
/** Reading a larger view takes longer than it saves. */
const VIEW_BYTES = 16 * 2 ** 20;

/** A lab's state, without most of the ended commands. */
export interface StatusView {
  /** All commands that have not ended, and at least the VIEW_ENDED that ended last. */
  readonly world: World;
  /** How many commands ended before those. */
  readonly earlier: number;
}

type OldCopies = NonNullable<Experiment["oldCopies"]>;

/** The stored view. */
interface StoredView {
  readonly format: typeof FORMAT;
  /** The last row of the ledger in it, and that row's hash, which identifies the ledger. */
  readonly seq: number;
  readonly row: string;
  readonly earlier: number;
  readonly paused: World["paused"];
  readonly pause?: World["pause"];
  readonly nowMs: number;
  readonly experiments: readonly (readonly [path: string, lab: string, old: OldCopies])[];
  readonly commands: readonly Command[];
}

/** Increased whenever the stored view changes: another release's view is ignored. */
const FORMAT = 4;

/** The current view: the stored one plus newer facts. Throws if the ledger cannot be read. */
export function readStatusView(stateDir: string, lab: LabPath): StatusView {
  if (!hasLedger(stateDir)) return { world: emptyWorld(), earlier: 0 };
  const ledger = openLedger(stateDir, { readOnly: true });
  try {
    const found = readStored(stateDir, lab, ledger);
    const since = found === undefined ? [] : ledger.read([lab], found.seq);
    // A view from before a move has the history of the lab that was here then.
    const stored = since.some(({ kind }) => kind === "lab-moved") ? undefined : found;
    const world = stored === undefined ? emptyWorld() : worldOf(stored, lab);
    let facts = 0;
    for (const fact of stored === undefined ? ledger.read([lab]) : since) {
      apply(world, fact);
      world.nowMs = Math.max(world.nowMs, fact.atMs);
      facts += 1;
    }
    const view = { world, earlier: stored?.earlier ?? 0 };
    if (facts > VIEW_FACTS) keepStatusView(stateDir, lab, ledger, view);
    return view;
  } finally {
    ledger.close();
  }
}

/** Stores a view for the next `readStatusView`. Write errors are ignored: it is only a cache. */
export function keepStatusView(
  stateDir: string,
  lab: LabPath,
  ledger: Pick<Ledger, "last">,
  { world, earlier }: StatusView,
): void {
  const last = lastRow(ledger);
  if (last === undefined) return;
  const all = [...world.commands.values()].filter(
    ({ experiment }) => world.experiments.get(experiment)?.lab === lab,
  );
  const ended = all.filter(({ state }) => ENDED.has(state)).toSorted(byEnd);
  const dropped = new Set(ended.slice(0, -VIEW_ENDED).map(({ id }) => id));
  const stored: StoredView = {
    format: FORMAT,
    ...last,
    earlier: earlier + dropped.size,
    paused: world.paused,
    pause: world.pause,
    nowMs: world.nowMs,
    experiments: [...world.experiments.values()]
      .filter((one) => one.lab === lab)
      .map((one) => [one.path, one.lab, one.oldCopies ?? []]),
    commands: all.filter(({ id }) => !dropped.has(id)),
  };
  try {
    const path = viewPath(stateDir, lab);
    // Not recursive: a state folder that was moved away is not begun anew by its cache.
    const folder = join(stateDir, FOLDER);
    if (!existsSync(folder)) mkdirSync(folder);
    writeFileSync(`${path}.${process.pid}`, JSON.stringify(stored));
    renameSync(`${path}.${process.pid}`, path);
  } catch {
    // Any failure: the next reader uses the ledger.
  }
}

/** The newest row; undefined where there is none, or the ledger cannot be read. */
function lastRow(ledger: Pick<Ledger, "last">): ReturnType<Ledger["last"]> {
  try {
    return ledger.last();
  } catch {
    // Any failure: no view is kept, and whoever asks the ledger is told.
    return undefined;
  }
}

/** Orders ended commands by the time of their end, the earliest first. */
const byEnd = (a: Command, b: Command): number => a.stateSinceMs - b.stateSinceMs;

const FOLDER = "views";

/** The path of a view of a lab, which can be made anew: what `nightlab status` reads. */
export function viewPath(stateDir: string, lab: LabPath, kind?: string): string {
  const name = createHash("sha256").update(lab).digest("hex").slice(0, 32);
  return join(stateDir, FOLDER, `${name}${kind === undefined ? "" : `.${kind}`}.json`);
}

type OldCopy = OldCopies[number];
/** What each command and run of a view has; what may be absent there is as the ledger gave it. */
const RUN = object<Pick<Run, "attempt" | "claimedAtMs" | "spec" | "start" | "exited" | "plotted">>({
  attempt: string(),
  claimedAtMs: number,
  spec: attemptSpec,
  start: startFacts,
  exited: boolean,
  plotted: boolean,
});
type Listed = Pick<
  Command,
  "id" | "experiment" | "spec" | "canonical" | "source" | "heading" | "state" | "stateSinceMs"
> & { readonly notes: readonly string[]; readonly run?: unknown };
const VIEW = object<
  Omit<StoredView, "commands" | "experiments"> & {
    readonly commands: readonly Listed[];
    readonly experiments: readonly (readonly unknown[])[];
  }
>({
  format: oneOf(FORMAT),
  seq: whole,
  row: string(),
  earlier: whole,
  paused: boolean,
  pause: maybe(
    object<NonNullable<World["pause"]>>({ atMs: number, drain: boolean, why: maybe(string()) }),
  ),
  nowMs: number,
  experiments: list(
    tuple(
      string(),
      string(),
      list(object<OldCopy>({ saved: string(), version: string(), lines: number, atMs: number })),
    ),
  ),
  commands: list(
    object<Listed>({
      id: string(),
      experiment: string(),
      spec: commandSpec,
      canonical: string(),
      source: string(),
      heading: string(),
      state: string(),
      stateSinceMs: number,
      notes: list(string()),
      run: maybe(RUN),
    }),
  ),
});

function readStored(stateDir: string, lab: LabPath, ledger: Ledger): StoredView | undefined {
  try {
    const text = readFileSync(viewPath(stateDir, lab), "utf8");
    if (text.length > VIEW_BYTES) return undefined;
    const stored = parseStored(text);
    if (VIEW(stored) !== undefined) return undefined;
    const view = stored as StoredView;
    return ledger.row(view.seq) === view.row ? view : undefined;
  } catch {
    // Any failure: it can be made anew from the ledger.
    return undefined;
  }
}

function worldOf(stored: StoredView, lab: LabPath): World {
  const world = emptyWorld();
  world.nowMs = stored.nowMs;
  world.paused = stored.paused;
  world.pause = stored.pause;
  for (const [path, , oldCopies] of stored.experiments) {
    apply(world, {
      kind: "experiment-known",
      atMs: 0,
      experiment: path as Command["experiment"],
      lab,
      foreign: false,
    });
    for (const old of oldCopies) {
      apply(world, { kind: "old-copy-saved", experiment: path as Command["experiment"], ...old });
    }
  }
  for (const command of stored.commands) world.commands.set(command.id, command);
  return world;
}
