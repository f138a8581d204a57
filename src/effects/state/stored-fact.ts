// Facts as the ledger stores them: one shape for each kind, with a version. A row comes back as it
// was written, or is told with its number; none is skipped, since a run whose claim is skipped would
// start again.
import type { CommandId } from "../../base/ids.ts";
import type { PageBlock } from "../../base/page-signature.ts";
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
  type Fields,
  type Shape,
} from "../../base/stored-shape.ts";
import type { NotedCode } from "../../domain/code.ts";
import type { CommandState } from "../../domain/command-state.ts";
import type { Came, Fact, FactOf } from "../../domain/fact.ts";
import type { Occurrence } from "../../domain/window.ts";
import { damagedTrouble, newerTrouble } from "./ledger-trouble.ts";
import {
  attemptSpec,
  codeSeen,
  commandSpec,
  exit,
  findings,
  knownEnding,
  outcome,
  plots,
  processIdentity,
  repeats,
  snapshot,
  startFacts,
  stopAsker,
  swept,
} from "./stored-spec.ts";

/**
 * The version of stored facts. A row has it as `v`; rows without are of version 1, the present one,
 * which is not written. It grows where an older nightlab would misunderstand a row.
 */
const VERSION = 1;

const state = oneOf<CommandState>(
  ...(["held", "waiting", "queued", "preparing", "running", "cancelled", "skipped"] as const),
  ...(["done", "failed", "stopped", "lost"] as const),
);
const form = oneOf("line", "task", "fence");
const ids = list<CommandId>(string());
const texts = list(string());
const byId = { id: string<CommandId>() } as const;
const ofExperiment = { experiment: string<FactOf<"receipts-shown">["experiment"]>() } as const;
const edited = { spec: commandSpec, canonical: string(), form, source: string() } as const;

type Stored<K extends Fact["kind"]> = Fields<Omit<FactOf<K>, "kind" | "atMs">>;

const KINDS: { readonly [K in Fact["kind"]]: Stored<K> } = {
  "experiment-known": { ...ofExperiment, lab: string(), foreign: boolean },
  "experiment-copied": { ...ofExperiment, of: string(), inert: texts },
  "experiment-moved": { from: string(), to: string(), lab: string() },
  "lab-moved": { from: string(), to: maybe(string()) },
  "command-accepted": {
    ...byId,
    ...ofExperiment,
    ...edited,
    heading: string(),
    line: number,
    state,
    reason: maybe(string()),
    released: boolean,
    notes: texts,
    came: maybe(oneOf<Came>("saved", "first-text", "commit")),
  },
  "command-edited": { ...byId, ...edited },
  "journal-aligned": { ...ofExperiment, commands: ids },
  "command-state": { ...byId, state, reason: maybe(string()) },
  "command-released": byId,
  "repeat-queued": {
    ...byId,
    ...ofExperiment,
    spec: commandSpec,
    source: string(),
    repeats,
    code: object<NotedCode>({
      hash: string(),
      files: (value) => codeSeen({ hash: "", files: value }),
      atMs: number,
      snapshot: maybe(snapshot),
    }),
  },
  "code-noted": { ...ofExperiment, ids, code: codeSeen, snapshot: maybe(snapshot) },
  "command-ran-as": { ...byId, text: maybe(string()) },
  "attempts-found": { ...byId, last: number, claimed: maybe(string()) },
  "run-claimed": { ...byId, spec: attemptSpec, start: startFacts },
  "members-made": {
    ...byId,
    members: list(
      object<FactOf<"members-made">["members"][number]>({ ...byId, spec: commandSpec, swept }),
    ),
  },
  "run-retried": {
    ...byId,
    attempt: string(),
    reason: string(),
    notBeforeMs: number,
    args: maybe(texts),
  },
  "run-started": { ...byId, process: processIdentity },
  "run-folder-known": { ...byId, folder: string() },
  "run-flagged": { ...byId, flags: findings },
  "limit-extended": { ...byId, limitMs: number },
  "stop-requested": { ...byId, by: stopAsker, why: maybe(string()) },
  "run-exited": { ...byId, exit: maybe(exit), known: maybe(knownEnding) },
  "run-ended": { ...byId, outcome, endedAtMs: number },
  "run-plotted": { ...byId, attempt: maybe(string()), plots },
  "flag-resolved": { ...byId, flag: string() },
  "queue-paused": {
    paused: boolean,
    drain: maybe(boolean),
    why: maybe(string()),
    died: maybe(ids),
  },
  "night-told": {
    lab: string(),
    night: object<Occurrence>({ startMs: number, endMs: number }),
    asOfMs: number,
    atWork: ids,
    blocks: maybe(list(object<PageBlock>({ key: string(), text: string() }))),
  },
  "pieces-rendered": { ...ofExperiment, hashes: texts },
  "save-set-aside": { ...ofExperiment, version: string(), near: maybe(string()) },
  "set-aside-dismissed": { ...ofExperiment, version: string() },
  "old-copy-saved": { ...ofExperiment, saved: string(), version: string(), lines: number },
  "old-copy-mended": { ...ofExperiment, version: string() },
  "receipts-shown": { ...ofExperiment, ids },
  "receipts-taken-out": { ...ofExperiment, ids, surely: boolean },
  "commands-moved": { ...ofExperiment, headings: list(tuple(string<CommandId>(), string())) },
  "receipts-missed": { ...ofExperiment, ids },
};

const SHAPES: ReadonlyMap<unknown, Shape<unknown>> = new Map(
  Object.entries(KINDS).map(([kind, fields]) => [
    kind,
    object({ ...(fields as object), atMs: number } as Fields<object>),
  ]),
);

/** A fact as the body of its row. */
export const storedFact = (fact: Fact): string => JSON.stringify(fact);

/**
 * The fact in a row of the ledger at `path`. Throws a `LedgerTrouble` that names the row where it is
 * not what was written, or where a newer nightlab wrote it.
 */
export function factOf(path: string, seq: number, body: string): Fact {
  let value: unknown;
  try {
    value = parseStored(body);
  } catch (error) {
    throw damagedTrouble(path, `row ${seq}: ${String(error)}`);
  }
  const { v = VERSION, kind } = isObject(value) ? value : {};
  if (typeof v === "number" && v > VERSION) {
    throw newerTrouble(path, `row ${seq} is of version ${v}`);
  }
  const shape = SHAPES.get(kind);
  if (shape === undefined && v === VERSION && typeof kind === "string") {
    throw newerTrouble(path, `row ${seq} is a "${kind}"`);
  }
  const wrong = v === VERSION ? (shape ?? noFact)(value) : " has no version that was ever written";
  if (wrong !== undefined) throw damagedTrouble(path, `row ${seq}: ${String(kind)}${wrong}`);
  return value as Fact;
}

const noFact = (): string => " is no fact";

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
