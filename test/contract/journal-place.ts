// A journal in a fresh folder of the real file system, and the parts that a write to it needs.
// What is done to it is in the tests beside this file.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ReplacedFiles } from "../../src/effects/journal-store/replaced-files.ts";
import type { LateSave } from "../../src/effects/journal-store/replaced-files.ts";
import { replaceJournal } from "../../src/effects/journal-store/journal-file.ts";
import { JOURNAL_DISK, type JournalDisk } from "../../src/effects/journal-store/journal-disk.ts";
import type { ReplaceRequest } from "../../src/effects/journal-store/journal-file.ts";
import type { ReplaceResult } from "../../src/effects/journal-store/replace-result.ts";
import { keptFolder } from "../../src/effects/journal-store/journal-paths.ts";
import { hashText } from "../../src/base/ids.ts";

export const NASTY = `a'; echo "foo" $(touch boo)\n– ø 実験`;

export interface Ways {
  readonly leases: boolean;
  readonly exchange: boolean;
}

export const ALL_WAYS: readonly Ways[] = [
  { leases: true, exchange: true },
  { leases: false, exchange: true },
  { leases: true, exchange: false },
  { leases: false, exchange: false },
];

export function wayName({ leases, exchange }: Ways): string {
  return `${leases ? "with" : "without"} leases, ${exchange ? "by exchange" : "by link"}`;
}

/** The steps of a write: a test stops it before any of them. */
export type WriteStep =
  | "save-draft"
  | "write-temp"
  | "save-ready"
  | "exchange"
  | "rename-aside"
  | "link-temp"
  | "unlink-temp"
  | "sync-folder"
  | "park"
  | "watch";

export interface Place {
  readonly lab: string;
  readonly folder: string;
  readonly journal: string;
  readonly keptDir: string;
  readonly intentDir: string;
  readonly displaced: ReplacedFiles;
  readonly late: LateSave[];
  readonly troubles: unknown[];
  readonly replace: (
    from: string,
    to: string,
    more?: Partial<ReplaceRequest> & { readonly before?: (step: WriteStep) => void },
  ) => Promise<ReplaceResult>;
  /** A second life after a crash: the same disk, nothing in memory. */
  readonly restart: () => ReplacedFiles;
  /** Private files of a write that lie beside the journal. */
  readonly leftovers: () => readonly string[];
  readonly remove: () => Promise<void>;
}

export function makePlace(
  text: string,
  ways: Ways = { leases: true, exchange: true },
  looksMs: readonly number[] = [60_000],
): Place {
  const root = mkdtempSync(join(tmpdir(), "nightlab-journal-"));
  const folder = join(root, NASTY);
  mkdirSync(folder);
  const journal = join(folder, "JOURNAL.md");
  writeFileSync(journal, text);
  const keptDir = keptFolder(root, folder);
  const intentDir = join(root, "intents");
  const late: LateSave[] = [];
  const troubles: unknown[] = [];
  const open: ReplacedFiles[] = [];
  const restart = (): ReplacedFiles => {
    const displaced = new ReplacedFiles({
      onLateSave: (save) => void late.push(save),
      onTrouble: (_file, error) => void troubles.push(error),
      leases: ways.leases,
      looksMs,
      equalReadsMs: 5,
    });
    open.push(displaced);
    return displaced;
  };
  const displaced = restart();
  return {
    lab: root,
    folder,
    journal,
    keptDir,
    intentDir,
    displaced,
    late,
    troubles,
    restart,
    replace: (from, to, { before = () => undefined, ...more } = {}) =>
      replaceJournal(
        {
          path: journal,
          basedOnHash: hashText(from),
          text: to,
          keptDir,
          intentDir,
          replaced: {
            watch: (...args) => {
              before("watch");
              displaced.watch(...args);
            },
            lookNow: (file) => displaced.lookNow(file),
          },
          ...more,
        },
        diskOf(ways, before),
      ),
    leftovers: () => readdirSync(folder).filter((name) => name.includes(".nightlab-")),
    remove: async () => {
      await Promise.all(open.map((files) => files.close()));
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** A disk that offers this much, and where something happens before each step of a write. */
function diskOf({ leases, exchange }: Ways, before: (step: WriteStep) => void): JournalDisk {
  const after =
    <A extends unknown[], B>(step: WriteStep, act: (...given: A) => B) =>
    (...given: A): B => {
      before(step);
      return act(...given);
    };
  const disk = JOURNAL_DISK;
  return {
    leases,
    saveIntent: async (folder, intent) => {
      before(intent.phase === "ready" ? "save-ready" : "save-draft");
      await disk.saveIntent(folder, intent);
    },
    writeTemp: async (...given) => after("write-temp", disk.writeTemp)(...given),
    exchange: exchange ? after("exchange", disk.exchange) : () => "unsupported",
    renameAside: after("rename-aside", disk.renameAside),
    linkTemp: after("link-temp", disk.linkTemp),
    unlinkTemp: after("unlink-temp", disk.unlinkTemp),
    syncFolder: async (folder) => after("sync-folder", disk.syncFolder)(folder),
    park: async (...given) => after("park", disk.park)(...given),
  };
}

/** Wait for a condition, for at most 5 s. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Waited 5 s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
