// Reads nightlab.yaml settled, as journals are read: a save that is half done, torn or mistaken
// changes nothing. settings/in-force.ts says what holds instead.
import { join } from "node:path";
import type { Mistake } from "../../base/problem.ts";
import { DEFAULT_SETTINGS, type LabSettings } from "../../domain/lab-settings.ts";
import { insteadOf, type SettingsInForce } from "../../settings/in-force.ts";
import { readLabSettings } from "../../settings/lab.ts";
import {
  readSettled,
  TORN_WAIT_MS,
  type StableRead,
  type StableReadOptions,
} from "../os/stable-read.ts";
import { stateDir } from "../os/state-dir.ts";
import { lastGoodSettings } from "./good-settings.ts";

/** A changed file counts once it is unchanged for this long; a shorter one after TORN_WAIT_MS. */
const CHANGED_WAIT_MS = 2_000;
/** A file that somebody is saving is read again after this long. */
const BUSY_RETRY_MS = 500;

/** What one look at nightlab.yaml found. */
export interface SettingsLook {
  readonly inForce: SettingsInForce;
  /** The file's text, where it counts. */
  readonly good?: string;
  /** When the file may count, ms from now; absent: not by time alone. */
  readonly againMs?: number;
}

/** Looks at a lab's nightlab.yaml; `good` is the last good text. Never rejects. */
export async function lookAtSettings(
  lab: string,
  timeZone: string,
  good: string | undefined,
  options: Pick<StableReadOptions, "equalReadsMs"> = {},
): Promise<SettingsLook> {
  const read = await readSettled(join(lab, "nightlab.yaml"), options);
  switch (read.kind) {
    case "text":
      return lookAtText(read, timeZone, good);
    case "absent": {
      if (good === undefined) return { inForce: defaults(timeZone) };
      const fix = "put it back, or make an empty one for the defaults";
      return { inForce: insteadOf([{ message: "nightlab.yaml is gone", fix }], good, timeZone) };
    }
    case "busy":
      return { inForce: unread(read.why, good, timeZone), againMs: BUSY_RETRY_MS };
    case "unreadable":
      return { inForce: unread(read.why, good, timeZone) };
  }
}

function lookAtText(
  { text, size, ageMs }: Extract<StableRead, { kind: "text" }>,
  timeZone: string,
  good: string | undefined,
): SettingsLook {
  if (good !== undefined && text !== good) {
    const shorter = size < Buffer.byteLength(good);
    const waitMs = (shorter ? TORN_WAIT_MS : CHANGED_WAIT_MS) - Math.abs(ageMs);
    if (waitMs > 0) return { inForce: insteadOf([], good, timeZone), againMs: waitMs };
  }
  const { value: settings, problems } = readLabSettings(text, timeZone);
  if (problems.length === 0) return { inForce: { settings, problems }, good: text };
  return { inForce: insteadOf(problems, good, timeZone) };
}

const unread = (why: string, good: string | undefined, timeZone: string): SettingsInForce =>
  insteadOf([{ message: `nightlab.yaml is not read: ${why}` }], good, timeZone);

const defaults = (timeZone: string): SettingsInForce => ({
  settings: { ...DEFAULT_SETTINGS, timeZone },
  problems: [],
});

/** Nothing starts by what these readers see, and where there are no leases they would be slow. */
const QUICK = { equalReadsMs: 10 };

/** The settings in force, for readers beside the daemon. */
export interface SettingsRead {
  /** The defaults where none are known. */
  readonly settings: LabSettings;
  readonly known: boolean;
  readonly problems: readonly Mistake[];
}

/** Reads the settings in force as one look finds them. Never rejects. */
export async function readSettingsInForce(
  lab: string,
  timeZone: string,
  stateFolder = stateDir(),
): Promise<SettingsRead> {
  const good = await lastGoodSettings(stateFolder, lab);
  const { inForce, againMs } = await lookAtSettings(lab, timeZone, good, QUICK);
  const { settings = { ...DEFAULT_SETTINGS, timeZone } } = inForce;
  // A save that is under way is no trouble yet.
  const problems = againMs === undefined ? inForce.problems : [];
  return { settings, known: inForce.settings !== undefined, problems };
}
