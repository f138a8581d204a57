// What the daemon knows: labs, experiments, commands and runs, plus what is only seen in passing.
// It changes through `apply` (apply.ts) and nowhere else; decisions are in step.ts.
import type { NotedCode } from "./code.ts";
import type { CommandState, Swept } from "./command-state.ts";
import type { EventOf } from "./event.ts";
import { type LabSettings, QUIET_MS, SETTLE_LINE_MS } from "./lab-settings.ts";
import type { Repeats } from "./repeat.ts";
import type { Finding } from "./finding.ts";
import type { CommandForm } from "./journal.ts";
import type { JournalView } from "./journal-view.ts";
import type { CommandSpec } from "./command.ts";
import type { AttemptId, CommandId, ExperimentPath, LabPath, RunFolder } from "../base/ids.ts";
import type { PageBlock } from "../base/page-signature.ts";
import type { Occurrence } from "./window.ts";
import type { Problem } from "../base/problem.ts";
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

export interface Command {
  readonly id: CommandId;
  readonly experiment: ExperimentPath;
  readonly spec: CommandSpec;
  readonly canonical: string;
  readonly form: CommandForm;
  /** The block's own text when it was accepted or last edited before its start. */
  readonly source: string;
  readonly heading: string;
  /** Headings that it stood below before, the latest first. */
  readonly earlierHeadings?: readonly string[];
  /** 1-based line in the journal when it was accepted. */
  readonly line: number;
  readonly state: CommandState;
  /** Why it is held, waiting, cancelled or skipped; one line. */
  readonly reason?: string;
  /** A person has given the go, by ` !` or a tick: no further condition but its turn. */
  readonly approved: boolean;
  /** A tick has overruled what held it: until its start, its next hold or an edit. */
  readonly holdOverruled?: true;
  readonly acceptedAtMs: number;
  /** When its block was last changed before its start. */
  readonly editedAtMs?: number;
  /** When its present state began. */
  readonly stateSinceMs: number;
  /** Said in this receipt only, such as a plan without criteria. */
  readonly notes: readonly string[];
  /** The text as it ran, when the block was edited after the start. */
  readonly ranAs?: string;
  /** Number of the write that last changed its receipt; 0: none was ever shown. */
  readonly shownInWrite: number;
  /** Not in the journal since then. */
  readonly absentSinceMs?: number;
  /** The experiment's code when it was queued; of a member of a sweep see the sweep. */
  readonly code?: NotedCode;
  /** The run that it repeats: it stands in no journal. */
  readonly repeats?: Repeats;
  /** The run of its latest try. */
  readonly run?: Run;
  /** Runs of tries before that one, the oldest first: each ended, and was tried again. */
  readonly earlierRuns?: readonly Run[];
  /** It is tried again, and not before then. */
  readonly notBeforeMs?: number;
  /** The script's arguments from now on, where a try before changed them. */
  readonly changedArgs?: readonly string[];
  /**
   * Of a sweep whose turn has come: its runs, each a command of its own in the order of the grid.
   * The sweep itself then never starts, and its state follows from theirs.
   */
  readonly members?: readonly CommandId[];
  /** The sweep that it is a member of. A member has no place in the journal: its sweep has. */
  readonly parent?: CommandId;
  /** Of a member: the values of the swept options, in their order. */
  readonly swept?: readonly Swept[];
}

/** Whether anything of a command has run, or is about to: an edit of its block starts nothing. */
export const hasBegun = ({ run, earlierRuns, members }: Command): boolean =>
  run !== undefined || earlierRuns !== undefined || members !== undefined;

/** The runs of all tries at a command, the oldest first. */
export const runsOf = ({ run, earlierRuns = [] }: Command): readonly Run[] =>
  run === undefined ? earlierRuns : [...earlierRuns, run];

export interface Run {
  readonly attempt: AttemptId;
  readonly claimedAtMs: number;
  readonly spec: AttemptSpec;
  readonly start: StartFacts;
  /** The limit in force: the spec's, or one that was raised since. */
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
  /** It holds no process any more; `exit` says how it left, where that is known. */
  readonly exited: boolean;
  readonly exit?: Exit;
  readonly known?: KnownEnding;
  readonly exitedAtMs?: number;
  readonly endedAtMs?: number;
  /** Flags while it goes on, and when the last of them came; the outcome has those of its end. */
  readonly flags?: readonly Finding[];
  readonly flaggedAtMs?: number;
  readonly outcome?: RunOutcome;
  /** Its plots are final: the receipt may say all. */
  readonly plotted: boolean;
  /** Flags that the person marked `[RESOLVED]`, as `rule metric`. */
  readonly resolved: readonly string[];
}

export interface Experiment {
  readonly path: ExperimentPath;
  readonly lab: LabPath;
  /** Commands at the first sight of it are held: it came from elsewhere. */
  readonly foreign: boolean;
  /** Present ones in the order of the journal as last read, then those gone from it. */
  readonly commands: readonly CommandId[];
  /** Hashes of every piece of text that the daemon has rendered into this journal. */
  readonly rendered: Set<string>;
  /** Its commands that stand in no journal, the oldest first. */
  readonly repeats?: readonly CommandId[];
  /** How many times the daemon has written this journal. */
  readonly writes: number;
  /** Kept versions that the person is to be told of, and the command whose receipt does. */
  readonly mergeConflicts?: readonly { readonly version: string; readonly near?: CommandId }[];
  /** Its folder is a copy of another one's. */
  readonly copied?: ExperimentCopy;
}

export interface ExperimentCopy {
  readonly of: ExperimentPath;
  readonly atMs: number;
  /** Commands that stood in the copy when it was first seen: they start nothing. */
  readonly inert: readonly string[];
}

export interface Lab {
  readonly path: LabPath;
  readonly settings: LabSettings;
  /** What is wrong with nightlab.yaml. */
  readonly problems?: readonly Problem[];
}

/** The night that LAB.md told of last. */
export interface NightlySummary {
  readonly night: Occurrence;
  readonly asOfMs: number;
  /** Commands that were still at work then: when the last of them has ended, it is told anew. */
  readonly atWork: readonly CommandId[];
  /** What stands there: of that night, or of the last one that had anything to tell. */
  readonly blocks: readonly PageBlock[];
}

/** An experiment that was found on disk and whose journal has not been read yet. */
export interface FoundExperiment {
  readonly lab: LabPath;
  readonly local: boolean;
}

export type JournalRead = EventOf<"journal-read">;

export interface Examining {
  readonly command: CommandId;
  readonly place: Slot;
}

/** What is known of environments that are built ahead; not durable. */
export interface PrefetchWatch {
  /** Whose environment is being built, one at a time. */
  asked?: CommandId | undefined;
  /** When a command's environment was last looked at, and why it cannot be built. */
  readonly looked: Map<CommandId, { readonly atMs: number; readonly failure?: string }>;
}

export interface World {
  nowMs: number;
  readonly labs: Map<LabPath, Lab>;
  readonly found: Map<ExperimentPath, FoundExperiment>;
  readonly experiments: Map<ExperimentPath, Experiment>;
  readonly commands: Map<CommandId, Command>;
  readonly views: Map<ExperimentPath, JournalView>;
  /** Every experiment that there is has been found: one that was not is gone. */
  allFound: boolean;
  /** Journals with receipts of other experiments, read before all were found. */
  readonly undecided: Map<ExperimentPath, JournalRead>;
  /** Experiments that have just gone, with the hash of what their journals said last. */
  readonly gone: Map<ExperimentPath, { readonly hash: string; readonly atMs: number }>;
  /** `queue: pause` is in force. */
  paused: boolean;
  /** How that came, while it is so. */
  pause?: Pause | undefined;
  /** Runs that failed young, one after the other, the oldest first. */
  earlyFailures: readonly EarlyFailure[];
  /** `queue: drain` commands that wait for the last run's end. */
  readonly drains: Set<CommandId>;
  /** The start that is being examined, one at a time, and the place that is kept for it. */
  examining?: Examining | undefined;
  readonly gpus: GpuWatch;
  /** Labs whose disk was under its floor when a start was examined, and when that was. */
  readonly lowDisks: Map<LabPath, number>;
  readonly nightlySummaries: Map<LabPath, NightlySummary>;
  /** Labs whose night is being told, or could not be. */
  readonly summarizing: Map<LabPath, { readonly asked: boolean; readonly notBeforeMs: number }>;
  readonly prefetch: PrefetchWatch;
}

/** A world that knows nothing yet. */
export function emptyWorld(): World {
  return {
    nowMs: 0,
    labs: new Map(),
    found: new Map(),
    experiments: new Map(),
    commands: new Map(),
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

const DEFAULTS: LabSettings = { settleMs: SETTLE_LINE_MS, quietMs: QUIET_MS, timeZone: "UTC" };

/** Settings of the lab that an experiment belongs to. */
export function settingsOf(world: World, experiment: ExperimentPath): LabSettings {
  const lab = world.experiments.get(experiment)?.lab;
  return (lab === undefined ? undefined : world.labs.get(lab)?.settings) ?? DEFAULTS;
}
