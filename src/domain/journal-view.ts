// A journal as it was last seen on disk, and the blocks in it that nothing has been decided about.
// What became of its commands is in world.ts; what its text says, in journal.ts.
import type { CommandId } from "../base/ids.ts";
import type { CommandState } from "./command-state.ts";
import type { JournalReading } from "./journal.ts";

/** What is seen of a journal on disk: not durable, known again after the next read. */
export interface JournalView {
  readonly text: string;
  /** Of the file, as is `onDisk`. */
  readonly hash: string;
  /** What the file holds, where `text` is a merge that is still to be written. */
  readonly onDisk?: string;
  readonly reading: JournalReading;
  /** When the person last changed it; the daemon's own writes do not count. */
  readonly changedAtMs: number;
  /** Since when it has been changing without a pause of QUIET_MS. */
  readonly busySinceMs: number;
  /** Places (`block.command`) that no command stands at yet. */
  readonly settling: ReadonlyMap<string, Settling>;
  /** Which place holds which command. */
  readonly placed: ReadonlyMap<string, CommandId>;
  /** Start boxes that the person ticked, and since when. */
  readonly ticked: ReadonlyMap<CommandId, number>;
  /** Hash of the text that the daemon last wrote or is writing: reading it back is no edit. */
  readonly ownHash?: string;
  /** Hash of the text that could not be written at the last try. */
  readonly unwrittenHash?: string | undefined;
  /** Commands whose receipt the write under way adds or changes. */
  readonly showing: readonly CommandId[];
  /** A write was handed out and has not come back. */
  readonly writing: boolean;
  /** Not to be written before then: an editor was in the way. */
  readonly retryAtMs: number;
  /** Why REPORT.md keeps its old version, as a sentence without a full stop. */
  readonly reportTrouble?: string;
  /** Something that a receipt shows may have changed since the last look. */
  readonly dirty: boolean;
  /** A receipt that is not due yet is due then. */
  readonly lookAtMs?: number;
  /** What the receipts of sweeps said last of their state, and until when that is enough. */
  readonly paced?: ReadonlyMap<
    CommandId,
    { readonly state: CommandState; readonly untilMs: number }
  >;
}

/** A block that nothing has been decided about yet. */
export interface Settling {
  readonly canonical: string;
  readonly source: string;
  readonly sinceMs: number;
  /** A later save changed something outside the block. */
  readonly movedOn: boolean;
  /** Why it will be held instead of started: it was copied, or a checkout brought it. */
  readonly hold?: string;
  /** A commit brought it: it needs no time to settle. */
  readonly committed: boolean;
  /** Its author's editor closed the journal then, after the block had come to stand so. */
  readonly closedAtMs?: number;
}
