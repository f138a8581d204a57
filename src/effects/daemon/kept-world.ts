// Appends to the ledger, and keeps beside it what makes it quick to read: the views of
// `nightlab status`, and the snapshot that the next daemon starts from. Both can be made anew.
import type { Logger } from "pino";
import type { LabPath } from "../../base/ids.ts";
import type { World } from "../../domain/world.ts";
import { logFact } from "../state/fact-log.ts";
import type { Ledger } from "../state/ledger.ts";
import { writeSnapshot, type ReadWorld } from "../state/snapshot.ts";
import { keepStatusView, VIEW_FACTS } from "../state/status-view.ts";

/** New facts after which the snapshot is stored again: replaying them takes half a second. */
const SNAPSHOT_FACTS = 20_000;
/** The same when the daemon starts or ends, which are quick without. */
const SNAPSHOT_LEAST = 2_000;

interface KeptWorld extends Pick<Ledger, "append"> {
  /** Writes the views, and the snapshot where much was replayed. */
  keep(): void;
  /** The world and the ledger may differ from now on: no snapshot is made any more. */
  spoil(): void;
  /** Writes both a last time. Never rejects. */
  close(): Promise<void>;
}

interface KeptWorldParts {
  readonly labs: readonly LabPath[];
  readonly stateDir: string;
  readonly log: Logger;
  readonly ledger: Ledger;
  readonly world: World;
  readonly read: ReadWorld;
}

/** Keeps the status views at most VIEW_FACTS behind, and the snapshot SNAPSHOT_FACTS. */
export function keepWorld(parts: KeptWorldParts): KeptWorld {
  const { labs, stateDir, log, ledger, world, read } = parts;
  /** The row up to which all facts are in the world, and how many it has recorded since. */
  let [seq, own] = [read.seq, 0];
  let sinceView = 0;
  let sinceSnapshot = read.facts;
  let isSpoilt = false;
  let writing: Promise<void> | undefined;

  const keepViews = (): void => {
    sinceView = 0;
    for (const lab of labs) keepStatusView(stateDir, lab, ledger, { world, earlier: 0 });
  };
  const keepSnapshot = (): void => {
    if (isSpoilt || writing !== undefined) return;
    const last = ledger.last();
    // What another process recorded of the machine is in the ledger at another place than in here.
    if (last === undefined || ledger.count(labs, seq, last.seq) !== own) {
      isSpoilt = true;
      return;
    }
    [seq, own, sinceSnapshot] = [last.seq, 0, 0];
    writing = writeSnapshot(stateDir, labs, ledger, { world, seq })
      .catch((error: unknown) => log.debug({ error: String(error) }, "no snapshot was written"))
      .finally(() => {
        writing = undefined;
      });
  };
  return {
    append(rows) {
      try {
        ledger.append(rows);
      } catch (error) {
        isSpoilt = true;
        throw error;
      }
      own += rows.length;
      sinceView += rows.length;
      sinceSnapshot += rows.length;
      if (sinceView >= VIEW_FACTS) keepViews();
      if (sinceSnapshot >= SNAPSHOT_FACTS) keepSnapshot();
      for (const { fact } of rows) logFact(log, fact);
    },
    keep() {
      keepViews();
      if (sinceSnapshot >= SNAPSHOT_LEAST) keepSnapshot();
    },
    spoil() {
      isSpoilt = true;
    },
    async close() {
      await writing;
      keepViews();
      try {
        if (sinceSnapshot >= SNAPSHOT_LEAST) keepSnapshot();
      } catch (error) {
        log.debug({ error: String(error) }, "no snapshot was written");
      }
      await writing;
    },
  };
}
