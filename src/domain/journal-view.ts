// A journal as it was last read from disk, with the blocks that have not settled.
// Its commands are in world.ts; the parse result is described in journal.ts.
import type { CommandId } from "../base/ids.ts";
import type { CommandState } from "./command-state.ts";
import type { JournalReading } from "./journal.ts";

/** What is known of a journal on disk. Not durable: the next read gives it again. */
export interface JournalView {
  readonly text: string;
  /** Hash of the file. */
  readonly hash: string;
  /** The text of the file, where `text` is a merge that is still to be written. */
  readonly onDisk?: string;
  readonly reading: JournalReading;
  /** When it last changed, without the daemon's own writes; times here are ms since 1970. */
  readonly changedAtMs: number;
  /** Start of the changes without a pause of QUIET_MS or a write in between. */
  readonly busySinceMs: number;
  /** Timers of new and edited blocks by position (`block.command`), and of problems. */
  readonly settling: ReadonlyMap<string, Settling>;
  /** The command at each position. */
  readonly placed: ReadonlyMap<string, CommandId>;
  /** Commands whose start box is ticked, and since when. */
  readonly ticked: ReadonlyMap<CommandId, number>;
  /** Hash of the text that the daemon last wrote or is writing: reading that is no edit. */
  readonly ownHash?: string;
  /** The write that is pending or has failed: what it was planned from, and its text. */
  readonly planned?: { readonly plan: string; readonly text: string } | undefined;
  /** Commands whose receipt the pending write adds or changes. */
  readonly showing: readonly CommandId[];
  /** Commands that a save took out which had new words too: their deletion was meant. */
  readonly deleted?: ReadonlySet<CommandId>;
  /** A write is pending. */
  readonly writing: boolean;
  /** The next write is not attempted before. */
  readonly retryAtMs: number;
  /** Why REPORT.md keeps its old version: a sentence without a full stop. */
  readonly reportTrouble?: string;
  /** A receipt may have changed since the journal was last rendered. */
  readonly dirty: boolean;
  /** When the next receipt becomes due by time alone. */
  readonly lookAtMs?: number;
  /** For sweeps: the state that their receipt shows, and until when it may stay as it is. */
  readonly paced?: ReadonlyMap<
    CommandId,
    { readonly state: CommandState; readonly untilMs: number }
  >;
}

/** The timer of a block that is new or was edited before its start, or of a problem. */
export interface Settling {
  readonly canonical: string;
  readonly source: string;
  readonly sinceMs: number;
  /** A later save changed something outside of the block. */
  readonly movedOn: boolean;
  /** Why it will be held and not started: it was copied, or a checkout brought it. */
  readonly hold?: string;
  /** The started command that it was made out of. */
  readonly editOf?: CommandId;
  /** It was in the journal's first text, typed into an empty folder. */
  readonly firstText?: true;
  /** A commit brought it: it needs no time to settle. */
  readonly committed: boolean;
  /** When an editor closed the journal after the block was last changed. */
  readonly closedAtMs?: number;
}
