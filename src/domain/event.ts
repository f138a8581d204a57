// Everything that can happen to the daemon, as one closed union: the only input of `step`.
// Events are passing; what they lead to for good is a fact (fact.ts).
import type { CodeSeen, NotedCode, SnapshotNote } from "./code.ts";
import type { CommandSpec, QueueWord } from "./command.ts";
import type { PauseFact } from "./fact.ts";
import type { Finding } from "./finding.ts";
import type { JournalReading } from "./journal.ts";
import type { AttemptId, CommandId, ExperimentPath, LabPath, RunFolder } from "../base/ids.ts";
import type { PageBlock } from "../base/page-signature.ts";
import type { LabSettings } from "./lab-settings.ts";
import type { Occurrence } from "./window.ts";
import type { GpusSeen } from "./slot.ts";
import type { Problem } from "../base/problem.ts";
import type { Repeats } from "./repeat.ts";
import type { Exit, PlotRef, ProcessIdentity, RunOutcome } from "./run.ts";

export type Event = { readonly atMs: number } & (
  | {
      readonly kind: "lab-opened";
      readonly lab: LabPath;
      readonly settings: LabSettings;
      readonly problems: readonly Problem[];
    }
  | {
      readonly kind: "experiment-found";
      readonly lab: LabPath;
      readonly experiment: ExperimentPath;
      /** It was made by `nightlab new`, or appeared while this lab was watched. */
      readonly madeHere: boolean;
    }
  | { readonly kind: "experiment-gone"; readonly experiment: ExperimentPath }
  | {
      readonly kind: "journal-read";
      readonly experiment: ExperimentPath;
      readonly text: string;
      readonly hash: string;
      readonly reading: JournalReading;
      /**
       * What the file holds, where `text` is more than that: saves that crossed one another were
       * merged, and the merge is to be written. `hash` is the file's.
       */
      readonly onDisk?: string;
      /** Saves that gave way in that merge. */
      readonly setAside?: readonly MergeConflict[];
      /** How the text came into the file; absent: somebody saved it. */
      readonly origin?: JournalOrigin;
    }
  | {
      /** `trouble`: why the page was not saved, where it fails its own audit; absent: it is. */
      readonly kind: "report-renewed";
      readonly experiment: ExperimentPath;
      readonly trouble?: string;
    }
  | {
      /** The last editor that shows when it has the journal open has closed it. */
      readonly kind: "editor-closed";
      readonly experiment: ExperimentPath;
    }
  | {
      /** The machine slept or its clock was set: so much time passed that nobody had. */
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
      /** The code of the experiment as it is now that these commands are queued. */
      readonly kind: "code-noted";
      readonly experiment: ExperimentPath;
      readonly commands: readonly CommandId[];
      readonly code: CodeSeen;
      /** For a command that asked for a copy: it is alone in `commands`. */
      readonly snapshot?: SnapshotNote;
    }
  | {
      readonly kind: "start-examined";
      readonly command: CommandId;
      readonly examination: StartExamination;
    }
  | {
      /** What came of asking the driver, and what the question's `epoch` was. */
      readonly kind: "gpus-seen";
      readonly epoch: number;
      /** How long the driver took, ms. */
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
      /** On the command line: LAB.md is to be made anew. */
      readonly kind: "night-asked";
      readonly lab: LabPath;
    }
  | {
      /** How a night was; without blocks it could not be made. */
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
  | { readonly kind: "attempt-exited"; readonly attempt: AttemptId; readonly exit: Exit }
  | {
      readonly kind: "attempt-lost";
      readonly attempt: AttemptId;
      readonly why: "machine-restarted" | "lost";
    }
  | {
      /** On start: an attempt of before was found as it is now. */
      readonly kind: "attempt-adopted";
      readonly attempt: AttemptId;
      readonly state: "never-started" | "running";
      readonly process?: ProcessIdentity;
    }
  | {
      /** While a run goes on: what the rules say of it so far. */
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
      /** The ledger was replayed: what was under way is to be taken up again. */
      readonly kind: "daemon-started";
    }
  | { readonly kind: "stop-asked"; readonly id: CommandId }
  /** On the command line. */
  | { readonly kind: "queue-asked"; readonly word: QueueWord }
  /** Another daemon of this machine paused the queue or let it go on: its fact. */
  | { readonly kind: "queue-told"; readonly fact: PauseFact }
  | {
      /** On the command line; its code has been put together. */
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
      /** The environment of a command that waits was built ahead; `failure`: it cannot be. */
      readonly kind: "environment-ahead";
      readonly command: CommandId;
      readonly failure?: string;
    }
  | { readonly kind: "tick" }
);

/** The events of the given kinds. */
export type EventOf<K extends Event["kind"]> = Extract<Event, { readonly kind: K }>;

/**
 * Git put the text there: `commit` by a pull or a merge that brought commits, `checkout` by
 * anything that swaps what is checked out (another branch, a reset, a stash).
 */
export type JournalOrigin = "commit" | "checkout";

/** A save of which some lines are in the kept versions only: another changed the same lines. */
export interface MergeConflict {
  /** Hash of the kept version that has them. */
  readonly version: string;
  /** 1-based line of the text near which they would stand. */
  readonly line: number;
}

/** What was found when a command's turn came. */
export type StartExamination =
  | {
      readonly kind: "ready";
      /** Of the code that will run. */
      readonly codeHash: string;
      readonly runner: string;
      /** Why this machine cannot hold it to its `memory`; absent: it can, or none was asked for. */
      readonly noMemoryLimit?: string;
      /** The experiment's code as it is now; of a snapshot it may be another than what runs. */
      readonly code?: CodeSeen;
    }
  /** Another daemon of this machine holds these GPUs. */
  | { readonly kind: "gpus-taken"; readonly uuids: readonly string[] }
  /** Less is free on the experiment's disk than the lab wants to be. */
  | { readonly kind: "disk-low" }
  | { readonly kind: "no-runner"; readonly message: string }
  | { readonly kind: "script-missing"; readonly message: string; readonly script: string }
  | { readonly kind: "target-missing"; readonly message: string };
