// What is so for good: the ledger's entries, and the only thing that changes a world's durable part.
// A fact of any release must stay readable for ever; `apply.ts` says what each one means.
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

export type Fact = { readonly atMs: number } & (
  | {
      readonly kind: "experiment-known";
      readonly experiment: ExperimentPath;
      readonly lab: LabPath;
      readonly foreign: boolean;
    }
  | {
      /** Its folder is a copy of another experiment's: what stood in it then starts nothing. */
      readonly kind: "experiment-copied";
      readonly experiment: ExperimentPath;
      readonly of: ExperimentPath;
      /** One entry for each command that stood there, equal for equal commands. */
      readonly inert: readonly string[];
    }
  | {
      /** Its folder was renamed: its commands go along. */
      readonly kind: "experiment-moved";
      readonly from: ExperimentPath;
      readonly to: ExperimentPath;
      readonly lab: LabPath;
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
      /** Said once in this receipt, such as a plan without criteria. */
      readonly notes: readonly string[];
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
  | { readonly kind: "command-released"; readonly id: CommandId }
  | {
      /** A run is to be repeated: a command that stands in no journal. */
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
  | { readonly kind: "command-ran-as"; readonly id: CommandId; readonly text?: string }
  | {
      readonly kind: "run-claimed";
      readonly id: CommandId;
      readonly spec: AttemptSpec;
      readonly start: StartFacts;
    }
  | {
      /** A sweep's turn has come: each of its runs is a command from now on. */
      readonly kind: "members-made";
      readonly id: CommandId;
      readonly members: readonly {
        readonly id: CommandId;
        readonly spec: CommandSpec;
        readonly swept: readonly Swept[];
      }[];
    }
  | {
      /** This try has ended, and there is to be another one. */
      readonly kind: "run-retried";
      readonly id: CommandId;
      readonly attempt: AttemptId;
      /** Why, and what changes; one line. */
      readonly reason: string;
      readonly notBeforeMs: number;
      /** The script's arguments from now on, where they change. */
      readonly args?: readonly string[];
    }
  | { readonly kind: "run-started"; readonly id: CommandId; readonly process: ProcessIdentity }
  | { readonly kind: "run-folder-known"; readonly id: CommandId; readonly folder: RunFolder }
  | {
      /** What the rules flag in a run that goes on: all so far, in the order of being found. */
      readonly kind: "run-flagged";
      readonly id: CommandId;
      readonly flags: readonly Finding[];
    }
  | { readonly kind: "limit-extended"; readonly id: CommandId; readonly limitMs: number }
  | {
      readonly kind: "stop-requested";
      readonly id: CommandId;
      readonly by: StopAsker;
      /** What the rule said, where one asked. */
      readonly why?: string;
    }
  | {
      readonly kind: "run-exited";
      readonly id: CommandId;
      readonly exit?: Exit;
      /** Cause that needs no log: the environment, a lost run, a stop before the start. */
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
      /** The try whose plots they are; absent: the latest. */
      readonly attempt?: AttemptId;
      readonly plots: readonly PlotRef[];
    }
  | { readonly kind: "flag-resolved"; readonly id: CommandId; readonly flag: string }
  | {
      /** For every lab of the machine. */
      readonly kind: "queue-paused";
      readonly paused: boolean;
      /** It is to be said when nothing runs any more. */
      readonly drain?: boolean;
      /** It paused itself: why, and whose deaths showed it. */
      readonly why?: string;
      readonly died?: readonly CommandId[];
    }
  | {
      /** What LAB.md says of a night; without blocks there was nothing to say. */
      readonly kind: "night-told";
      readonly lab: LabPath;
      readonly night: Occurrence;
      /** The moment that it is told of: its end, or that of its last run. */
      readonly asOfMs: number;
      /** Commands that were still at work then. */
      readonly atWork: readonly CommandId[];
      readonly blocks?: readonly PageBlock[];
    }
  | {
      readonly kind: "pieces-rendered";
      readonly experiment: ExperimentPath;
      /** Known to be the daemon's from before the write that puts them into the file. */
      readonly hashes: readonly string[];
    }
  | {
      /** Two saves changed the same lines: what one of them says is in this kept version. */
      readonly kind: "save-set-aside";
      readonly experiment: ExperimentPath;
      readonly version: string;
      /** The command above the place, where there is one: its receipt tells of it. */
      readonly near?: CommandId;
    }
  | {
      /** The person took the line away that told of it. */
      readonly kind: "set-aside-dismissed";
      readonly experiment: ExperimentPath;
      readonly version: string;
    }
  | {
      /** Receipts that are new or different in the file as it was just read. */
      readonly kind: "receipts-shown";
      readonly experiment: ExperimentPath;
      readonly ids: readonly CommandId[];
    }
  | {
      /** They stand below another heading than before. */
      readonly kind: "commands-moved";
      readonly experiment: ExperimentPath;
      readonly headings: readonly (readonly [id: CommandId, heading: string])[];
    }
  | {
      readonly kind: "receipts-missed";
      readonly experiment: ExperimentPath;
      /** Commands that stand elsewhere now, without the receipt that they had. */
      readonly ids: readonly CommandId[];
    }
);

/** The facts of the given kinds. */
export type FactOf<K extends Fact["kind"]> = Extract<Fact, { readonly kind: K }>;

export type PauseFact = FactOf<"queue-paused">;
