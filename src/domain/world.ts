// What the daemon knows: labs, experiments, commands and runs, plus what it has only seen.
// The durable part changes through facts alone (apply.ts); scheduler/ decides which.
import type { NotedCode } from "./code.ts";
import type { CommandState, Swept } from "./command-state.ts";
import type { EventOf, ExperimentSight, OldCopy } from "./event.ts";
import { type LabSettings, type LabTrust, TRUSTED, UNKNOWN_SETTINGS } from "./lab-settings.ts";
import type { Repeats } from "./repeat.ts";
import type { Came } from "./fact.ts";
import type { Finding } from "./finding.ts";
import type { CommandForm } from "./journal.ts";
import type { JournalView } from "./journal-view.ts";
import type { CommandSpec } from "./command.ts";
import type { AttemptId, CommandId, ExperimentPath, LabPath, RunFolder } from "../base/ids.ts";
import type { PageBlock } from "../base/page-signature.ts";
import type { Occurrence } from "./window.ts";
import type { Mistake } from "../base/problem.ts";
import type { Pause, EarlyFailure } from "./pause.ts";
import { emptyGpuWatch, type GpuWatch, type Slot } from "./slot.ts";
import type {
  AttemptSpec,
  Exit,
  KnownEnding,
  ProcessIdentity,
  RunOutcome,
  StartFacts,
  StopAsker,
} from "./run.ts";

/** A command that was accepted from a journal, a member of a sweep, or a repeat. */
export interface Command {
  readonly id: CommandId;
  readonly experiment: ExperimentPath;
  readonly spec: CommandSpec;
  /** Hash of the canonical form (journal.ts). */
  readonly canonical: string;
  readonly form: CommandForm;
  /** The block's text when it was accepted or last edited before its start. */
  readonly source: string;
  /** How it came to start. */
  readonly came?: Came;
  /** The nearest heading above its block, or "". */
  readonly heading: string;
  /** Headings that its block was below before, latest first. */
  readonly earlierHeadings?: readonly string[];
  /** 1-based line in the journal when it was accepted. */
  readonly line: number;
  readonly state: CommandState;
  /** Why it is held, waiting, cancelled or skipped; one line. */
  readonly reason?: string;
  /** The user approved it, by ` !` or a tick: as a long run it needs nothing more. */
  readonly approved: boolean;
  /** A tick has overruled what held it; valid until its start, its next hold or an edit. */
  readonly holdOverruled?: true;
  readonly acceptedAtMs: number;
  /** When its block was last edited before its start. */
  readonly editedAtMs?: number;
  /** When its present state began. */
  readonly stateSinceMs: number;
  /** Shown in this receipt only, such as that the plan has no criteria. */
  readonly notes: readonly string[];
  /** The text as it ran, where the block was edited after the start. */
  readonly ranAs?: string;
  /** Number of the write that last changed its receipt; 0: it has none. */
  readonly shownInWrite: number;
  /**
   * Its receipt was deleted in the journal and stays away; or it was, perhaps by an old copy of the
   * file, and came back.
   */
  readonly receiptTakenOut?: "once" | "for good";
  /** Its block is gone from the journal since then. */
  readonly absentSinceMs?: number;
  /** The experiment's code when it was queued; for a member of a sweep that of the sweep counts. */
  readonly code?: NotedCode;
  /** The run that it repeats; such a command is in no journal. */
  readonly repeats?: Repeats;
  /** The highest number among attempts on the lab's disk that the ledger does not know. */
  readonly attemptsFound?: number;
  /** Those of them whose claim the user was told of. */
  readonly claimsTold?: readonly AttemptId[];
  /** The run of its latest attempt. */
  readonly run?: Run;
  /** The runs of earlier attempts, oldest first: each ended and was retried. */
  readonly earlierRuns?: readonly Run[];
  /** The retry does not start before then. */
  readonly notBeforeMs?: number;
  /** The script's arguments from now on, where a retry changed them. */
  readonly changedArgs?: readonly string[];
  /**
   * The members of a sweep whose turn has come, in the order of its grid: each is a command of its
   * own. The sweep itself never starts; its state follows from theirs.
   */
  readonly members?: readonly CommandId[];
  /** The sweep that it is a member of. Members have no block of their own in the journal. */
  readonly parent?: CommandId;
  /** Members only: the values of the swept options, in order. */
  readonly swept?: readonly Swept[];
}

/** Whether any run of a command was claimed: an edit of its block then starts nothing. */
export const hasBegun = ({ run, earlierRuns, members }: Command): boolean =>
  run !== undefined || earlierRuns !== undefined || members !== undefined;

/** The runs of all attempts at a command, oldest first. */
export const runsOf = ({ run, earlierRuns = [] }: Command): readonly Run[] =>
  run === undefined ? earlierRuns : [...earlierRuns, run];

/** A run as the world knows it; run.ts has what is stored in files. */
export interface Run {
  readonly attempt: AttemptId;
  readonly claimedAtMs: number;
  readonly spec: AttemptSpec;
  readonly start: StartFacts;
  /** The time limit in force: the spec's, or one that was raised since. */
  readonly limitMs: number;
  /** When the script's shim started. */
  readonly startedAtMs?: number;
  readonly process?: ProcessIdentity;
  readonly folder?: RunFolder;
  readonly folderAtMs?: number;
  readonly stopRequested?: {
    readonly by: StopAsker;
    readonly why?: string;
    readonly atMs: number;
  };
  /** It has no process any more; `exit` says how the process ended, where that is known. */
  readonly exited: boolean;
  readonly exit?: Exit;
  readonly known?: KnownEnding;
  readonly exitedAtMs?: number;
  readonly endedAtMs?: number;
  /** Flags while it was running, and when the last came; the outcome has those of its end. */
  readonly flags?: readonly Finding[];
  readonly flaggedAtMs?: number;
  readonly outcome?: RunOutcome;
  /** Its plots are final, so its receipt may show the ending. */
  readonly plotted: boolean;
  /** Keys (receipt-flags.ts) of flags that the user or a later run resolved. */
  readonly resolved: readonly string[];
}

/** A folder with a journal. */
export interface Experiment {
  readonly path: ExperimentPath;
  readonly lab: LabPath;
  /** It came from elsewhere: commands of its first reading are held. */
  readonly foreign: boolean;
  /** Commands in the journal, in its order. */
  readonly present: readonly CommandId[];
  /** Commands gone from the journal, those that went last at the end; extended in place. */
  readonly gone: CommandId[];
  /** What its commands are looked up by, kept by change-command.ts. */
  readonly index: CommandIndex;
  /** Hashes of all receipt blocks that the daemon has rendered into this journal. */
  readonly rendered: Set<string>;
  /** Its repeats, which are in no journal, oldest first. */
  readonly repeats?: readonly CommandId[];
  /** The code that was noted last. */
  readonly lastCode?: NotedCode;
  /** One of its runs went to the CPU for want of a GPU. */
  readonly ranWithoutGpu?: true;
  /** How many times the daemon has written this journal. */
  readonly writes: number;
  /** Kept versions with merge conflicts, and the command whose receipt shows each. */
  readonly mergeConflicts?: readonly { readonly version: string; readonly near?: CommandId }[];
  /** Saves that may have been made from old copies of the journal, oldest first. */
  readonly oldCopies?: readonly (OldCopy & { readonly atMs: number })[];
  /** Its folder is a copy of another experiment's. */
  readonly copied?: ExperimentCopy;
}

/** Finds commands of an experiment among tens of thousands, its repeats among them. */
export interface CommandIndex {
  /** By their target, oldest first. */
  readonly named: Map<string, CommandId[]>;
  /** By the folder of any of their runs. */
  readonly inFolder: Map<RunFolder, CommandId>;
  /** Hashes of the code of short runs that are done and have no blocking flag. */
  readonly passed: Set<string>;
}

export interface ExperimentCopy {
  readonly of: ExperimentPath;
  readonly atMs: number;
  /** Keys of the commands in the copy when it was first read: they start nothing. */
  readonly inert: readonly string[];
}

export interface Lab {
  readonly path: LabPath;
  /** Absent: nightlab.yaml was never whole and without a problem, so nothing of the lab starts. */
  readonly settings?: LabSettings;
  /** Absent: TRUSTED. */
  readonly trust?: LabTrust;
  /** Why nothing of it may start for now. */
  readonly halted?: string;
  /** What its person has to know of it, a line each. */
  readonly notices?: readonly string[];
  /** What is wrong with nightlab.yaml. */
  readonly problems?: readonly Mistake[];
}

/** The latest nightly summary in LAB.md. */
export interface NightlySummary {
  readonly night: Occurrence;
  readonly asOfMs: number;
  /** Commands that had not ended at `asOfMs`: once the last has, the summary is made again. */
  readonly atWork: readonly CommandId[];
  /** The blocks of that night, or of the last one that had news. */
  readonly blocks: readonly PageBlock[];
}

/** An experiment that was found on disk, and how; `followed`: its journal has been read since. */
export interface FoundExperiment {
  readonly lab: LabPath;
  readonly sight: ExperimentSight | "followed";
}

export type JournalRead = EventOf<"journal-read">;

/** The start that is being examined, and the slot that is reserved for it. */
export interface Examining {
  readonly command: CommandId;
  readonly place: Slot;
}

/** What is known of the environments of waiting commands; not durable. */
export interface PrefetchWatch {
  /** The command whose environment is being built, one at a time. */
  asked?: CommandId | undefined;
  /** When each command's environment was last built, and why it could not be. */
  readonly looked: Map<CommandId, { readonly atMs: number; readonly failure?: string }>;
}

/**
 * Durable, by facts: `experiments`, `commands`, `open`, `paused`, `pause`, `earlyFailures`, `drains` and
 * `nightlySummaries`. All else is seen or asked anew after a start.
 */
export interface World {
  /** The time of the last event, ms since 1970; it never goes back. */
  nowMs: number;
  /** The time of the latest fact. */
  recordedMs: number;
  /** The same, before this daemon began. */
  replayedMs: number;
  readonly labs: Map<LabPath, Lab>;
  /** Experiments on disk. */
  readonly found: Map<ExperimentPath, FoundExperiment>;
  readonly experiments: Map<ExperimentPath, Experiment>;
  /** Every command ever accepted, oldest first. */
  readonly commands: Map<CommandId, Command>;
  /**
   * Those of them for which something may be left to do: all others have ended, and so have their
   * plots. A turn looks at these alone.
   */
  readonly open: Set<CommandId>;
  /** The journals as last read. */
  readonly views: Map<ExperimentPath, JournalView>;
  /** All experiments on disk have been found: one that is not in `found` is gone. */
  allFound: boolean;
  /** Journals with receipts of other experiments, read before `allFound`. */
  readonly undecided: Map<ExperimentPath, JournalRead>;
  /** Experiments that have just gone, with the last hash of their journal. */
  readonly gone: Map<ExperimentPath, { readonly hash: string; readonly atMs: number }>;
  /** A pause of the queue is in force. */
  paused: boolean;
  /** The pause in force. */
  pause?: Pause | undefined;
  /** The latest early failures in a row, oldest first. */
  earlyFailures: readonly EarlyFailure[];
  /** `queue: drain` commands that wait for the last run to exit. */
  readonly drains: Set<CommandId>;
  /** One at a time. */
  examining?: Examining | undefined;
  readonly gpus: GpuWatch;
  /** Labs whose disk was below its floor when a start was examined, and when. */
  readonly lowDisks: Map<LabPath, number>;
  readonly nightlySummaries: Map<LabPath, NightlySummary>;
  /** Labs whose summary is being made (`asked`), or could not be made before `notBeforeMs`. */
  readonly summarizing: Map<LabPath, { readonly asked: boolean; readonly notBeforeMs: number }>;
  readonly prefetch: PrefetchWatch;
}

/** A world without any knowledge. */
export function emptyWorld(): World {
  return {
    nowMs: 0,
    recordedMs: 0,
    replayedMs: 0,
    labs: new Map(),
    found: new Map(),
    experiments: new Map(),
    commands: new Map(),
    open: new Set(),
    views: new Map(),
    allFound: false,
    undecided: new Map(),
    gone: new Map(),
    paused: false,
    earlyFailures: [],
    drains: new Set(),
    gpus: emptyGpuWatch(),
    lowDisks: new Map(),
    nightlySummaries: new Map(),
    summarizing: new Map(),
    prefetch: { looked: new Map() },
  };
}

/** The commands for which something may be left to do. */
export const openCommands = (world: World): readonly Command[] =>
  [...world.open].flatMap((id) => world.commands.get(id) ?? []);

/** How far the lab that an experiment belongs to is trusted. */
export function trustOf(world: World, experiment: ExperimentPath): LabTrust {
  const lab = (world.experiments.get(experiment) ?? world.found.get(experiment))?.lab;
  return (lab === undefined ? undefined : world.labs.get(lab)?.trust) ?? TRUSTED;
}

/** Settings of the lab that an experiment belongs to. */
export function settingsOf(world: World, experiment: ExperimentPath): LabSettings {
  const lab = world.experiments.get(experiment)?.lab;
  return (lab === undefined ? undefined : world.labs.get(lab)?.settings) ?? UNKNOWN_SETTINGS;
}
