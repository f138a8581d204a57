// The symlinks that lead out of a lab and may all the same be followed, each with its target: what
// `nightlab trust LINK` recorded in the machine's state folder, where nothing in a lab can.
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { list, object, string } from "../../base/stored-shape.ts";
import { errorCode } from "./error-code.ts";
import { parseAs } from "../../base/stored-json.ts";
import { stateDir } from "./state-dir.ts";
import { orToldSync } from "./unread.ts";

/** A symlink by its absolute path, no part of which but the last is a link, and where it leads. */
export interface TrustedLink {
  readonly link: string;
  readonly target: string;
}

interface Stored {
  readonly links: readonly TrustedLink[];
  /** Labs whose older links were taken over once, when nightlab began to ask about links. */
  readonly labs: readonly string[];
}

const NONE: Stored = { links: [], labs: [] };

let read: { readonly path: string; readonly stamp: string; readonly stored: Stored } | undefined;

/** Whether this link was trusted with this target; another target is not what was trusted. */
export function isTrustedLink({ link, target }: TrustedLink): boolean {
  return trusted().some((one) => one.link === link && one.target === target);
}

/** Whether a link was trusted, with whatever target. */
export const wasTrustedLink = (link: string): boolean => trusted().some((one) => one.link === link);

/** The trusted links; while they cannot be read, which is told, those that were read last. */
const trusted = (): readonly TrustedLink[] =>
  (orToldSync(pathOf(), readStored) ?? read?.stored ?? NONE).links;

/**
 * Records a link with its target, in place of an earlier target. Rejects with the system's error
 * where the state folder cannot be read or written.
 */
export function trustLink(link: TrustedLink): void {
  const { links, labs } = readStored();
  write({ links: [...links.filter((one) => one.link !== link.link), link], labs });
}

/** Whether `noteLinksTaken` was called for a lab. */
export const areLinksTaken = (lab: string): boolean => readStored().labs.includes(lab);

/** Records that the links of a lab which were followed before are taken over, with these. */
export function noteLinksTaken(lab: string, taken: readonly TrustedLink[]): void {
  const { links, labs } = readStored();
  const paths = new Set(taken.map(({ link }) => link));
  const kept = links.filter(({ link }) => !paths.has(link));
  write({ links: [...kept, ...taken], labs: [...labs.filter((one) => one !== lab), lab] });
}

const pathOf = (): string => join(stateDir(), "trusted-links.json");

/**
 * What is recorded now. Throws where it cannot be read or is not what was written: read as empty, it
 * would have the lab's present links taken over as if they had been followed before.
 */
function readStored(): Stored {
  const path = pathOf();
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return NONE;
  const stamp = `${found.ino} ${found.size} ${found.mtimeMs}`;
  if (read?.path === path && read.stamp === stamp) return read.stored;
  const stored = parseAs(path, readFileSync(path, "utf8"), STORED, FIX);
  read = { path, stamp, stored };
  return stored;
}

const STORED = object<Stored>({
  links: list(object<TrustedLink>({ link: string(), target: string() })),
  labs: list(string()),
});
const FIX = "put it back from a backup, or trust its links anew: `nightlab trust LINK`";

function write(stored: Stored): void {
  const path = pathOf();
  const temp = `${path}.${process.pid}`;
  try {
    writeFileSync(temp, `${JSON.stringify(stored, undefined, 1)}\n`, { mode: 0o600 });
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    mkdirSync(stateDir(), { recursive: true, mode: 0o700 });
    writeFileSync(temp, `${JSON.stringify(stored, undefined, 1)}\n`, { mode: 0o600 });
  }
  renameSync(temp, path);
}
