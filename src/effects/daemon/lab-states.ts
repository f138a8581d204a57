// The labs of a daemon as this machine's state has them: how far each is trusted, why nothing of it
// may start, what its person has to know. Each lab's folder is looked at again and again: it may be
// renamed under the daemon, and its `.nightlab` removed.
import { closeSync, lstatSync, openSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { LabPath } from "../../base/ids.ts";
import { shellWord } from "../../base/shell-word.ts";
import type { LabTrust } from "../../domain/lab-settings.ts";
import { errorCode } from "../os/error-code.ts";
import { writeId } from "../state/lab-identity.ts";
import { noticesFor } from "../state/lab-notices.ts";
import {
  identityIfThere,
  isFolder,
  readRecord,
  trustIn,
  type LabRecord,
} from "../state/lab-records.ts";
import type { Ledger } from "../state/ledger.ts";
import { takeUpLab } from "../state/take-up-lab.ts";
import { defined } from "../../base/defined.ts";

/** Interval of the looks at a lab's folder: a start in a folder that is gone would be held. */
const FOLDER_LOOK_MS = 1_000;

/** What `lab-opened` says of a lab beside its settings. */
export interface LabStanding {
  readonly trust: LabTrust;
  readonly halted?: string;
  readonly notices: readonly string[];
}

/** The labs of a daemon. */
export interface LabStates {
  /** The lab's part of the state folder. */
  readonly stateOf: (lab: LabPath) => string;
  standingOf(lab: LabPath): LabStanding;
  /** Whether the lab's folder is not at its path now: then nothing in it has been deleted. */
  isAway(lab: LabPath): boolean;
  /** Reads the lab's record again, which `nightlab trust` has changed. */
  readAgain(lab: LabPath): void;
  /** Calls back when a lab's standing may have changed; the returned function ends the looks. */
  watch(lab: LabPath, changed: () => void): () => void;
}

export interface LabStatesParts {
  readonly stateDir: string;
  readonly ledger: Pick<Ledger, "append" | "knows">;
  readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void;
}

/** One lab while the daemon runs. */
interface Open {
  readonly lab: LabPath;
  readonly folder: string;
  record: LabRecord;
  /** It goes on with what an earlier release's ledger and folder have; told once. */
  readonly older: boolean;
  /** Where its folder was renamed to ("" if unknown); undefined: it is at its path. */
  away: string | undefined;
  /** `.nightlab` was removed while this daemon ran. */
  emptied: boolean;
}

/** Takes up the labs, which the caller has locked, before anything is read from the ledger. */
export async function openLabStates(
  labs: readonly LabPath[],
  parts: LabStatesParts,
): Promise<LabStates> {
  const { stateDir, ledger, warn } = parts;
  const open = new Map<LabPath, Open>();
  for (const lab of labs) {
    const { record, folder, from, older } = await takeUpLab(stateDir, lab, ledger);
    if (from !== undefined) warn("the lab was moved: its history goes along", { lab, from });
    const one = {
      lab,
      folder,
      record,
      older,
      away: undefined,
      emptied: false,
    };
    open.set(lab, one);
    for (const notice of noticesOf(one)) warn(notice, { lab });
  }
  const find = (lab: LabPath): Open => {
    const one = open.get(lab);
    if (one === undefined) throw new Error(`${lab} is not open`);
    return one;
  };
  return {
    stateOf: (lab) => find(lab).folder,
    standingOf(lab) {
      const one = find(lab);
      const halted = haltOf(one);
      return {
        trust: trustIn(one.record),
        notices: noticesOf(one),
        ...defined({ halted }),
      };
    },
    isAway: (lab) => !isThere(find(lab)),
    readAgain(lab) {
      const one = find(lab);
      try {
        one.record = readRecord(stateDir, one.record.id) ?? one.record;
      } catch (error) {
        warn("what was said of the lab is not read; it counts as before", {
          lab,
          error: String(error),
        });
      }
    },
    watch: (lab, changed) => lookAtFolder(find(lab), warn, changed),
  };
}

function lookAtFolder(one: Open, warn: LabStatesParts["warn"], changed: () => void): () => void {
  const { lab, record } = one;
  // An open folder keeps its identity, and the system knows its present name.
  const handle = openSync(lab, "r");
  const look = (): void => {
    const away = isThere(one) ? undefined : nameOf(handle);
    if (away !== one.away) {
      one.away = away;
      warn(away === undefined ? "the lab's folder is back" : awayText(one), { lab });
      changed();
    }
    if (away !== undefined || !isMissing(join(lab, ".nightlab", "id"))) return;
    writeId(lab, record.id);
    if (isMissing(join(lab, ".nightlab", "id")) || one.emptied) return;
    one.emptied = true;
    warn(EMPTIED, { lab });
    changed();
  };
  const timer = setInterval(look, FOLDER_LOOK_MS).unref();
  return () => {
    clearInterval(timer);
    closeSync(handle);
  };
}

/** Not being able to look says nothing: the lab then counts as there. */
function isThere({ lab, record }: Open): boolean {
  try {
    const folder = identityIfThere(lab);
    return folder !== undefined && isFolder(record.asked ?? record, { path: lab, folder });
  } catch {
    // Any failure.
    return true;
  }
}

/** The present name of an open folder; "" where the system does not say, or it was deleted. */
function nameOf(handle: number): string {
  try {
    const name = readlinkSync(`/proc/self/fd/${handle}`);
    return name.endsWith(" (deleted)") ? "" : name;
  } catch {
    // Any failure: its new name is not told.
    return "";
  }
}

function isMissing(path: string): boolean {
  try {
    lstatSync(path);
    return false;
  } catch (error) {
    return errorCode(error) === "ENOENT";
  }
}

/** Why nothing of the lab may start: one line, for receipts. */
function haltOf({ away, record }: Open): string | undefined {
  if (away !== undefined) return "until its lab's folder is back where the daemon watches it";
  if (record.asked === undefined) return undefined;
  return "until you say whether this lab was moved or copied (`nightlab status`)";
}

const EMPTIED =
  "`.nightlab` was removed: kept versions of journals, copies of code and built environments in " +
  "it are gone, and the ending of a run that was going may stay unknown";

function noticesOf(one: Open): readonly string[] {
  const { lab, record, older, away, emptied } = one;
  return [
    ...(away === undefined ? [] : [awayText(one)]),
    ...noticesFor(lab, record),
    ...(older && lstatSync(join(lab, ".git"), { throwIfNoEntry: false }) !== undefined
      ? [
          "commands that git brings to this lab start, as before; " +
            `\`nightlab trust ${shellWord(lab)} --arrivals hold\` has them wait for you`,
        ]
      : []),
    ...(emptied ? [EMPTIED] : []),
  ];
}

const awayText = ({ lab, away }: Open): string =>
  away === "" || away === undefined
    ? `${lab} is gone: nothing of it starts until it is back`
    : `${lab} was renamed to ${away}: end this daemon and start \`nightlab watch ${shellWord(away)}\`, ` +
      "which takes up its runs";
