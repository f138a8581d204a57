// A run: one attempt at a command, from its claim to its one ending.
// `RunRecord` is the content of run.json, readable without nightlab.
import type { After, Runner, Verb } from "./command.ts";
import type { Finding } from "./finding.ts";
import type { AttemptId, CommandId, RunFolder } from "../base/ids.ts";
import type { Slot } from "./slot.ts";
import type { PinnedEnvironment, RepeatCompared } from "./repeat.ts";
import type { MetricSummary } from "./sample.ts";

/** How a run ended. `lost`: it is unknown how. */
export type Ending = "done" | "failed" | "stopped" | "lost";

/** What requested a stop: the user in one of two ways, a rule that `stop on` names, or a window. */
export type StopAsker = "journal" | "command-line" | "rule" | "window";

/** Why a run ended. */
export type Cause =
  | { readonly kind: "success" }
  | { readonly kind: "exit-code"; readonly code: number }
  | { readonly kind: "signal"; readonly signal: string }
  | { readonly kind: "hidden-crash" }
  | { readonly kind: "gpu-out-of-memory" }
  /** `limit`: the memory limit in force, bytes. */
  | { readonly kind: "host-out-of-memory"; readonly limit?: number }
  | { readonly kind: "disk-full" }
  | { readonly kind: "import-error"; readonly module: string }
  | { readonly kind: "over-limit"; readonly limitMs: number }
  /** `why`: the message of the rule that stopped it, or which window was over. */
  | { readonly kind: "stopped"; readonly by: StopAsker; readonly why?: string }
  | { readonly kind: "environment"; readonly message: string }
  | { readonly kind: "no-runner"; readonly message: string }
  | { readonly kind: "script-missing"; readonly script: string }
  | { readonly kind: "start-failed"; readonly message: string }
  | { readonly kind: "machine-restarted" }
  | { readonly kind: "lost" };

/** An ending whose cause is known without logs. */
export interface KnownEnding {
  readonly ending: Ending;
  readonly cause: Cause;
}

/** What the shim wrote when the script ended. */
export interface Exit {
  /** 0 to 255 as a shell tells it: 128 + n for signal n. */
  readonly code: number;
  /** A signal ended it: the code alone does not tell that from an exit with 128 + n. */
  readonly signalled?: true;
  readonly endedAtMs: number;
  /** The shim ended it because its time limit had passed. */
  readonly overLimit: boolean;
  /** The kernel killed one of its processes at its memory limit. */
  readonly oomKill?: boolean;
  /** Processes that its main process left behind, and that were ended because they were idle. */
  readonly leftBehind?: readonly LeftBehind[];
}

/** A process that outlived the main process of its run and was ended. */
export interface LeftBehind {
  readonly pid: number;
  /** Program and script: `python worker.py`. */
  readonly command: string;
  readonly idleMs: number;
}

/** The identity of a process: a pid alone may have been reused. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, as in field 22 of /proc/<pid>/stat; "" where unknown. */
  readonly startTime: string;
  readonly bootId: string;
}

/** Everything needed to start one attempt; stored in the attempt folder as spec.json. */
export interface AttemptSpec {
  readonly attempt: AttemptId;
  /**
   * Random, made before the claim: what lies in the attempt's folder counts as written by its run
   * only with this. Attempts of earlier releases have none.
   */
  readonly token?: string;
  readonly command: CommandId;
  readonly verb: Verb;
  readonly name: string;
  readonly lab: string;
  readonly experiment: string;
  /** Script relative to the experiment folder. */
  readonly script: string;
  /** Arguments of the script after its name, as written; the first is the run's name or path. */
  readonly args: readonly string[];
  readonly runner?: Runner;
  readonly env: Readonly<Record<string, string>>;
  readonly limitMs: number;
  /** Absolute path of the copied code that runs in place of the experiment's own. */
  readonly codeDir?: string;
  /** Packages that it gets in place of those that its script declares. */
  readonly pinned?: PinnedEnvironment;
  /** The run that it repeats. */
  readonly repeats?: { readonly id: CommandId; readonly folder: RunFolder };
  /** For `eval:`: the run that it evaluates. */
  readonly onRun?: RunFolder;
  /** Names of variables whose values are in this machine's private file. */
  readonly privateEnv?: readonly string[];
  /** The sweep that it belongs to. */
  readonly sweep?: { readonly id: CommandId; readonly name: string };
  /** Memory limit of all its processes together, bytes, where this machine can enforce one. */
  readonly memory?: number;
  /** The slot that it holds; absent in old facts: the whole machine. */
  readonly place?: Slot;
}

/** The circumstances of an attempt when it was claimed, for its record. */
export interface StartFacts {
  /** Hash of the code that runs. */
  readonly codeHash: string;
  readonly runner: string;
  /** Scripts that changed since it was queued: `train.py`, `new.py (new)`. */
  readonly changed?: readonly string[];
  /** Hash of the code when it was queued; present with `changed`. */
  readonly queuedCodeHash?: string;
  /** Why its `memory` is not enforced, where it was approved all the same. */
  readonly noMemoryLimit?: string;
  /** The command as the journal had it. */
  readonly said: string;
  readonly because?: string;
  readonly queuedAtMs: number;
  /** Whether it is a long run (scheduler/approval.ts): by default it is evidence. */
  readonly long: boolean;
  /** The criteria in force, as written. */
  readonly criteria: { readonly success?: string; readonly failure?: string };
}

/** A plot that was made for a run. */
export interface PlotRef {
  readonly metric: string;
  /** Relative to the run folder: `plots/val-loss.webp`. */
  readonly file: string;
}

/** What the journal and the report say of a run that ended. */
export interface RunOutcome {
  readonly ending: Ending;
  readonly cause: Cause;
  readonly exitCode?: number;
  /** The last line of the traceback that ended it, and its position. */
  readonly lastLine?: { readonly text: string; readonly file: string; readonly line: number };
  readonly metrics: readonly MetricSummary[];
  readonly findings: readonly Finding[];
  readonly plots: readonly PlotRef[];
  /** For a repeat: its metrics compared with those of the earlier run. */
  readonly repeated?: RepeatCompared;
}

/** `runs/<run>/run.json`. Times are ISO 8601 with the machine's UTC offset. */
export interface RunRecord {
  readonly version: 1;
  readonly id: string;
  readonly attempt: string;
  readonly verb: Verb;
  readonly name: string;
  readonly folder: string;
  /** The experiment's folder name. */
  readonly experiment: string;
  readonly argv: readonly string[];
  readonly script: string;
  readonly args: readonly string[];
  /** The sweep that it belongs to: its id, and the name that was written. */
  readonly sweep?: { readonly id: string; readonly name: string };
  readonly seed?: string;
  readonly cwd: string;
  readonly runner: string;
  readonly interpreter?: string;
  readonly environment?: {
    readonly metadataHash?: string;
    readonly lockHash?: string;
    /** File beside run.json with the resolved packages, where the script has no lock file. */
    readonly resolved?: string;
    readonly resolvedHash?: string;
    /** Version of Python that ran: `3.12.4`. */
    readonly python?: string;
  };
  readonly codeHash?: string;
  /** Scripts that changed since it was queued, and the hash of all of them then. */
  readonly changedSinceQueued?: readonly string[];
  readonly queuedCodeHash?: string;
  /** It ran copied code: as of its queueing, or that of an earlier run. */
  readonly snapshot?: true;
  readonly repeats?: { readonly id: string; readonly folder: string };
  /** Environment variables that its command set. */
  readonly env?: Readonly<Record<string, string>>;
  /** Names of those whose values came from the private file. */
  readonly privateEnv?: readonly string[];
  /** What looked like a secret and is masked here: options and variables by their names. */
  readonly masked?: readonly string[];
  /** Its memory limit, bytes. */
  readonly memory?: number;
  /** Its slot: the number of GPUs, and which fraction of one (1/share). */
  readonly place?: { readonly gpus: number; readonly share?: number };
  readonly git?: {
    readonly commit: string;
    readonly dirty: boolean;
    /** File beside run.json with the uncommitted changes, where there are any. */
    readonly patch?: string;
    /** Files whose changes were too large for the patch. */
    readonly left?: readonly string[];
    /** Files that look as if they held a secret; their changes are not in the patch. */
    readonly secret?: readonly string[];
  };
  readonly host: string;
  readonly gpus: readonly {
    readonly uuid: string;
    readonly name: string;
    readonly driver: string;
  }[];
  readonly limitMs: number;
  /** As `StartFacts.long`. */
  readonly long: boolean;
  readonly because?: string;
  /** The command as the journal had it when it was queued. */
  readonly said: string;
  readonly criteria: { readonly success?: string; readonly failure?: string };
  readonly after?: readonly After[];
  readonly queuedAt: string;
  readonly startedAt: string;
  readonly endedAt?: string;
  /** Seconds from the script's start to its end. */
  readonly seconds?: number;
  readonly exitCode?: number;
  readonly ending?: Ending;
  readonly cause?: Cause;
  readonly nightlab: string;
}
