// Durable facts: the rows of the ledger, and all that changes the durable part of a World.
// Facts of every release must stay readable; apply.ts says what each one means.
import type { CommandState, Swept } from "./command-state.ts";
import type { Finding } from "./finding.ts";
import type { CodeSeen, NotedCode, SnapshotNote } from "./code.ts";
import type { CommandForm } from "./journal.ts";
import type { CommandSpec } from "./command.ts";
import type { AttemptId, CommandId, ExperimentPath, LabPath, RunFolder } from "../base/ids.ts";
import type { PageBlock } from "../base/page-signature.ts";
import type { Occurrence } from "./window.ts";
import type { Repeats } from "./repeat.ts";
import type {
  AttemptSpec,
  Exit,
  KnownEnding,
  PlotRef,
  ProcessIdentity,
  RunOutcome,
  StartFacts,
  StopAsker,
} from "./run.ts";

/** A save of the journal, its first text, or a commit that git brought. */
export type Came = "saved" | "first-text" | "commit";

export type Fact = { readonly atMs: number } & (
  | {
      readonly kind: "experiment-known";
      readonly experiment: ExperimentPath;
      readonly lab: LabPath;
      readonly foreign: boolean;
    }
  | {
      /** Its folder is a copy of another experiment's: the commands in the copy start nothing. */
      readonly kind: "experiment-copied";
      readonly experiment: ExperimentPath;
      readonly of: ExperimentPath;
      /** A key for each command in the copy; equal commands have equal keys. */
      readonly inert: readonly string[];
    }
  | {
      /** Its folder was renamed; its commands belong to the new name. */
      readonly kind: "experiment-moved";
      readonly from: ExperimentPath;
      readonly to: ExperimentPath;
      readonly lab: LabPath;
    }
  | {
      /**
       * A lab's folder has another path: what the ledger has of `from` up to here is that of `to`.
       * Without `to` it belongs to a lab that is gone. A fact of the machine.
       */
      readonly kind: "lab-moved";
      readonly from: LabPath;
      readonly to?: LabPath;
    }
  | {
      readonly kind: "command-accepted";
      readonly id: CommandId;
      readonly experiment: ExperimentPath;
      readonly spec: CommandSpec;
      readonly canonical: string;
      readonly form: CommandForm;
      readonly source: string;
      readonly heading: string;
      readonly line: number;
      readonly state: CommandState;
      readonly reason?: string;
      readonly released: boolean;
      /** Shown in this receipt only, such as that the plan has no criteria. */
      readonly notes: readonly string[];
      /** How it came to start; absent where it was held for that, and in facts of 0.1. */
      readonly came?: Came;
    }
  | {
      readonly kind: "command-edited";
      readonly id: CommandId;
      readonly spec: CommandSpec;
      readonly canonical: string;
      readonly form: CommandForm;
      readonly source: string;
    }
  | {
      readonly kind: "journal-aligned";
      readonly experiment: ExperimentPath;
      /** Present commands in the order of the journal. */
      readonly commands: readonly CommandId[];
    }
  | {
      readonly kind: "command-state";
      readonly id: CommandId;
      readonly state: CommandState;
      readonly reason?: string;
    }
  /** The user approved it. */
  | { readonly kind: "command-released"; readonly id: CommandId }
  | {
      /** A run is to be repeated: a command that is in no journal. */
      readonly kind: "repeat-queued";
      readonly id: CommandId;
      readonly experiment: ExperimentPath;
      readonly spec: CommandSpec;
      readonly source: string;
      readonly repeats: Repeats;
      readonly code: NotedCode;
    }
  | {
      /** The code that these commands were queued with. */
      readonly kind: "code-noted";
      readonly experiment: ExperimentPath;
      readonly ids: readonly CommandId[];
      readonly code: CodeSeen;
      readonly snapshot?: SnapshotNote;
    }
  /** `text`: what ran, where the block was edited since; absent: the block is as it ran again. */
  | { readonly kind: "command-ran-as"; readonly id: CommandId; readonly text?: string }
  | {
      /** The lab's disk has attempts at it that the ledger does not know. */
      readonly kind: "attempts-found";
      readonly id: CommandId;
      /** The highest number of an attempt at it: later ones get higher numbers. */
      readonly last: number;
      /** One that was claimed: the user is told of it, and may start the command all the same. */
      readonly claimed?: AttemptId;
    }
  | {
      readonly kind: "run-claimed";
      readonly id: CommandId;
      readonly spec: AttemptSpec;
      readonly start: StartFacts;
    }
  | {
      /** A sweep's turn has come: each of its runs becomes a command. */
      readonly kind: "members-made";
      readonly id: CommandId;
      readonly members: readonly {
        readonly id: CommandId;
        readonly spec: CommandSpec;
        readonly swept: readonly Swept[];
      }[];
    }
  | {
      /** The attempt has ended, and another one is to follow. */
      readonly kind: "run-retried";
      readonly id: CommandId;
      readonly attempt: AttemptId;
      /** Why it is retried, and when; one line. */
      readonly reason: string;
      readonly notBeforeMs: number;
      /** The script's arguments from now on, where they change. */
      readonly args?: readonly string[];
    }
  | { readonly kind: "run-started"; readonly id: CommandId; readonly process: ProcessIdentity }
  | { readonly kind: "run-folder-known"; readonly id: CommandId; readonly folder: RunFolder }
  | {
      /** What the rules flag in a running run: all flags so far, in the order of discovery. */
      readonly kind: "run-flagged";
      readonly id: CommandId;
      readonly flags: readonly Finding[];
    }
  | { readonly kind: "limit-extended"; readonly id: CommandId; readonly limitMs: number }
  | {
      readonly kind: "stop-requested";
      readonly id: CommandId;
      readonly by: StopAsker;
      /** The message of the rule, where one requested it. */
      readonly why?: string;
    }
  | {
      readonly kind: "run-exited";
      readonly id: CommandId;
      readonly exit?: Exit;
      /** A cause that needs no log: the environment, a lost run, a stop before the start. */
      readonly known?: KnownEnding;
    }
  | {
      readonly kind: "run-ended";
      readonly id: CommandId;
      readonly outcome: RunOutcome;
      readonly endedAtMs: number;
    }
  | {
      readonly kind: "run-plotted";
      readonly id: CommandId;
      /** The attempt whose plots they are; absent: the latest. */
      readonly attempt?: AttemptId;
      readonly plots: readonly PlotRef[];
    }
  /** `flag`: as flagKey in receipt-flags.ts. */
  | { readonly kind: "flag-resolved"; readonly id: CommandId; readonly flag: string }
  | {
      /** The queue of the whole machine was paused or resumed. */
      readonly kind: "queue-paused";
      readonly paused: boolean;
      /** `queue: drain`: its receipt says when nothing runs any more. */
      readonly drain?: boolean;
      /** The queue paused itself: why, and after whose early failures. */
      readonly why?: string;
      readonly died?: readonly CommandId[];
    }
  | {
      /** The summary of a night in LAB.md; without blocks there was nothing to report. */
      readonly kind: "night-told";
      readonly lab: LabPath;
      readonly night: Occurrence;
      /** The moment that the summary is of: the night's end, or that of its last run. */
      readonly asOfMs: number;
      /** Commands whose run of the night had not ended then. */
      readonly atWork: readonly CommandId[];
      readonly blocks?: readonly PageBlock[];
    }
  | {
      /** Receipt blocks are about to be written into a journal. */
      readonly kind: "pieces-rendered";
      readonly experiment: ExperimentPath;
      /**
       * Hashes of those that no earlier write had, durable before the write, so that they are always
       * recognized as its own. In facts of earlier releases all of the write's.
       */
      readonly hashes: readonly string[];
    }
  | {
      /** Two saves changed the same lines: one save's text is only in this kept version. */
      readonly kind: "save-set-aside";
      readonly experiment: ExperimentPath;
      readonly version: string;
      /** The command above the lines, where there is one: its receipt shows the conflict. */
      readonly near?: CommandId;
    }
  | {
      /** The user deleted the line that showed the conflict. */
      readonly kind: "set-aside-dismissed";
      readonly experiment: ExperimentPath;
      readonly version: string;
    }
  | {
      /** A save may have been made from an old copy: what it lacks is in this kept version. */
      readonly kind: "old-copy-saved";
      readonly experiment: ExperimentPath;
      readonly saved: string;
      readonly version: string;
      readonly lines: number;
    }
  | {
      /** That version stands in the file again. */
      readonly kind: "old-copy-mended";
      readonly experiment: ExperimentPath;
      readonly version: string;
    }
  | {
      /** Receipts that are new or different in the file just read. */
      readonly kind: "receipts-shown";
      readonly experiment: ExperimentPath;
      readonly ids: readonly CommandId[];
    }
  | {
      /** Receipts that the file just read lacks, while their commands are in it. */
      readonly kind: "receipts-taken-out";
      readonly experiment: ExperimentPath;
      readonly ids: readonly CommandId[];
      /** False: its editor may have had an old copy of the file. */
      readonly surely: boolean;
    }
  | {
      /** They are below another heading than before. */
      readonly kind: "commands-moved";
      readonly experiment: ExperimentPath;
      readonly headings: readonly (readonly [id: CommandId, heading: string])[];
    }
  | {
      /** Commands were moved without the receipt that they had: they get a new one. */
      readonly kind: "receipts-missed";
      readonly experiment: ExperimentPath;
      readonly ids: readonly CommandId[];
    }
);

/** The facts of the given kinds. */
export type FactOf<K extends Fact["kind"]> = Extract<Fact, { readonly kind: K }>;

export type PauseFact = FactOf<"queue-paused">;
