// Everything that can happen to the daemon, as one closed union: the only input of `step`.
// Events are not stored; what lasts of them is a fact (fact.ts).
import type { CodeSeen, NotedCode, SnapshotNote } from "./code.ts";
import type { CommandSpec, QueueWord } from "./command.ts";
import type { PauseFact } from "./fact.ts";
import type { Finding } from "./finding.ts";
import type { JournalReading } from "./journal.ts";
import type { AttemptId, CommandId, ExperimentPath, LabPath, RunFolder } from "../base/ids.ts";
import type { PageBlock } from "../base/page-signature.ts";
import type { LabSettings, LabTrust } from "./lab-settings.ts";
import type { Occurrence } from "./window.ts";
import type { GpusSeen } from "./slot.ts";
import type { Mistake } from "../base/problem.ts";
import type { Repeats } from "./repeat.ts";
import type { Exit, PlotRef, ProcessIdentity, RunOutcome } from "./run.ts";

export type Event = { readonly atMs: number } & (
  | {
      readonly kind: "lab-opened";
      readonly lab: LabPath;
      /** Those in force; absent: none are known. */
      readonly settings?: LabSettings;
      readonly problems: readonly Mistake[];
      /** Absent: as before, TRUSTED at first. Posted again whenever it changes. */
      readonly trust?: LabTrust;
      /** Why nothing of the lab may start for now, as in "until you say whether it was moved". */
      readonly halted?: string;
      /** What its person has to know of it: a line each, shown in LAB.md. */
      readonly notices?: readonly string[];
    }
  | {
      readonly kind: "experiment-found";
      readonly lab: LabPath;
      readonly experiment: ExperimentPath;
      readonly sight: ExperimentSight;
    }
  | { readonly kind: "experiment-gone"; readonly experiment: ExperimentPath }
  | {
      readonly kind: "journal-read";
      readonly experiment: ExperimentPath;
      readonly text: string;
      readonly hash: string;
      readonly reading: JournalReading;
      /**
       * The text of the file, where `text` differs from it: concurrent saves were merged, and the
       * merge is still to be written. `hash` is the file's.
       */
      readonly onDisk?: string;
      /** Saves with merge conflicts: some of their lines are not in `text`. */
      readonly setAside?: readonly MergeConflict[];
      /** The save may have been made from an old copy of the file; nothing proves it. */
      readonly oldCopy?: OldCopy;
      /** How the text came into the file, where git wrote it; absent: an editor saved it. */
      readonly origin?: JournalOrigin;
    }
  | {
      /** `trouble`: why REPORT.md was not written, such as a failed check; absent: it was. */
      readonly kind: "report-renewed";
      readonly experiment: ExperimentPath;
      readonly trouble?: string;
    }
  | {
      /** The last editor that is known to have had the journal open has closed it. */
      readonly kind: "editor-closed";
      readonly experiment: ExperimentPath;
    }
  | {
      /** The machine slept or its clock was set forward by this time. */
      readonly kind: "clock-jumped";
      readonly byMs: number;
    }
  | {
      readonly kind: "journal-written";
      readonly experiment: ExperimentPath;
      readonly result: "written" | "changed" | "busy" | "refused" | "failed";
      readonly hash?: string;
      readonly why?: string;
    }
  | {
      /** The code of the experiment when these commands were queued. */
      readonly kind: "code-noted";
      readonly experiment: ExperimentPath;
      readonly commands: readonly CommandId[];
      readonly code: CodeSeen;
      /** The copy for a command with `snapshot`, which is then alone in `commands`. */
      readonly snapshot?: SnapshotNote;
    }
  | {
      readonly kind: "start-examined";
      readonly command: CommandId;
      readonly examination: StartExamination;
    }
  | {
      /** The driver's answer, and the `epoch` of the question. */
      readonly kind: "gpus-seen";
      readonly epoch: number;
      /** How long the answer took, ms. */
      readonly tookMs: number;
      readonly seen: GpusSeen;
    }
  | {
      readonly kind: "environment-prepared";
      readonly attempt: AttemptId;
      /** Absent: ready. */
      readonly failure?: string;
    }
  | {
      /** The command line requests the nightly summary anew. */
      readonly kind: "night-asked";
      readonly lab: LabPath;
    }
  | {
      /** The summary of a night; without blocks it could not be made. */
      readonly kind: "night-composed";
      readonly lab: LabPath;
      readonly night: Occurrence;
      readonly asOfMs: number;
      readonly blocks?: readonly PageBlock[];
    }
  | {
      readonly kind: "attempt-started";
      readonly attempt: AttemptId;
      readonly process: ProcessIdentity;
    }
  | {
      readonly kind: "attempt-not-started";
      readonly attempt: AttemptId;
      readonly message: string;
    }
  | {
      readonly kind: "run-folder-found";
      readonly attempt: AttemptId;
      readonly folder: RunFolder;
    }
  | {
      /** The run goes on without its first process, which ended with this code. */
      readonly kind: "attempt-main-ended";
      readonly attempt: AttemptId;
      readonly code?: number;
    }
  | { readonly kind: "attempt-exited"; readonly attempt: AttemptId; readonly exit: Exit }
  | {
      readonly kind: "attempt-lost";
      readonly attempt: AttemptId;
      readonly why: "machine-restarted" | "lost";
    }
  | {
      /** At the start of the daemon: the state of an attempt of an earlier daemon. */
      readonly kind: "attempt-adopted";
      readonly attempt: AttemptId;
      readonly state: "never-started" | "running";
      readonly process?: ProcessIdentity;
    }
  | {
      /** The findings of the rules about a running run, so far. */
      readonly kind: "run-judged";
      readonly attempt: AttemptId;
      readonly findings: readonly Finding[];
    }
  | {
      readonly kind: "run-concluded";
      readonly attempt: AttemptId;
      readonly outcome: RunOutcome;
      readonly endedAtMs: number;
    }
  | {
      readonly kind: "run-plotted";
      readonly attempt: AttemptId;
      readonly plots: readonly PlotRef[];
    }
  | {
      /** The ledger was replayed and all experiments were found: continue what was under way. */
      readonly kind: "daemon-started";
    }
  | { readonly kind: "stop-asked"; readonly id: CommandId }
  /** `nightlab queue` on the command line. */
  | { readonly kind: "queue-asked"; readonly word: QueueWord }
  /** Another daemon of this machine paused or resumed the queue; the fact that it recorded. */
  | { readonly kind: "queue-told"; readonly fact: PauseFact }
  | {
      /** The command line requests a repeat; its code has been restored. */
      readonly kind: "repeat-asked";
      readonly id: CommandId;
      readonly experiment: ExperimentPath;
      readonly spec: CommandSpec;
      /** The command as the journal had it. */
      readonly source: string;
      readonly repeats: Repeats;
      readonly code: Omit<NotedCode, "atMs">;
    }
  | {
      /** The environment of a waiting command was built, or why it could not be. */
      readonly kind: "environment-ahead";
      readonly command: CommandId;
      readonly failure?: string;
    }
  | { readonly kind: "tick" }
);

/** The events of the given kinds. */
export type EventOf<K extends Event["kind"]> = Extract<Event, { readonly kind: K }>;

/**
 * Git wrote the file: `commit` by a pull or merge that brought commits, `checkout` by anything that
 * changes what is checked out (another branch, a reset, a stash).
 */
export type JournalOrigin = "commit" | "checkout";

/**
 * How an experiment was found: made by `nightlab new`; its journal appeared in a folder that had
 * stood without one (`typed`), or with its folder (`arrived`); or both stood there when the daemon
 * came.
 */
export type ExperimentSight = "made" | "typed" | "arrived" | "stood";

/** A save that lost lines in a merge: a concurrent save changed the same ones. */
export interface MergeConflict {
  /** Hash of the kept version that still has them. */
  readonly version: string;
  /** 1-based line of the merged text near which they would be. */
  readonly line: number;
}

/** A claim on the lab's disk for an attempt that the ledger does not know. */
export interface ForgottenClaim {
  readonly attempt: AttemptId;
  readonly atMs: number;
  /** The machine that claimed it. */
  readonly host?: string;
  /** A process of it lives on this machine. */
  readonly goesOn: boolean;
}

/** A save that lacks exactly the lines that came since some earlier text. */
export interface OldCopy {
  /** Hash of the saved text. */
  readonly saved: string;
  /** Hash of the kept version that it replaced, which has the lines. */
  readonly version: string;
  /** How many lines are missing. */
  readonly lines: number;
}

/** What was found when a command's start was examined. */
export type StartExamination =
  | {
      readonly kind: "ready";
      /** Hash of the code that will run. */
      readonly codeHash: string;
      readonly runner: string;
      /** Random, for the attempt that it is claimed for. */
      readonly token?: string;
      /** Why this machine cannot enforce its `memory`; absent: it can, or there is no limit. */
      readonly noMemoryLimit?: string;
      /** The experiment's code as it is now; with `snapshot` an older copy may run. */
      readonly code?: CodeSeen;
    }
  /** Another daemon of this machine holds these GPUs, or they cannot be locked: `why`. */
  | {
      readonly kind: "gpus-taken";
      readonly gpus: readonly { readonly uuid: string; readonly why?: string }[];
    }
  | {
      /** The lab's disk has attempts at it that the ledger does not know. */
      readonly kind: "claimed-before";
      /** The highest number of an attempt at it. */
      readonly last: number;
      /** Absent: none of them was claimed. */
      readonly claim?: ForgottenClaim;
    }
  /** Less than `diskFloor` is free on the experiment's disk. */
  | { readonly kind: "disk-low" }
  | { readonly kind: "no-runner"; readonly message: string }
  | { readonly kind: "script-missing"; readonly message: string; readonly script: string }
  | { readonly kind: "target-missing"; readonly message: string }
  /** A variable of the private file is not there, or the file is open to others. */
  | { readonly kind: "variable-missing"; readonly message: string };
