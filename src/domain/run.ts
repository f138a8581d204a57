// A run: one try at a command, from its claim to its one ending.
// `RunRecord` is what stands in run.json, readable without nightlab.
import type { After, Runner, Verb } from "./command.ts";
import type { Finding } from "./finding.ts";
import type { AttemptId, CommandId, RunFolder } from "../base/ids.ts";
import type { Slot } from "./slot.ts";
import type { PinnedEnvironment, RepeatCompared } from "./repeat.ts";
import type { MetricSummary } from "./sample.ts";

export type Ending = "done" | "failed" | "stopped" | "lost";

/** Who asked for the end of a run: a person, a rule that `stop on` names, or its window's end. */
export type StopAsker = "journal" | "command-line" | "rule" | "window";

/** Why a run ended, from facts. */
export type Cause =
  | { readonly kind: "success" }
  | { readonly kind: "exit-code"; readonly code: number }
  | { readonly kind: "signal"; readonly signal: string }
  | { readonly kind: "hidden-crash" }
  | { readonly kind: "gpu-out-of-memory" }
  /** `limit`: bytes that it was held to. */
  | { readonly kind: "host-out-of-memory"; readonly limit?: number }
  | { readonly kind: "disk-full" }
  | { readonly kind: "import-error"; readonly module: string }
  | { readonly kind: "over-limit"; readonly limitMs: number }
  /** `why`: what the rule said that stopped it, or which window was over. */
  | { readonly kind: "stopped"; readonly by: StopAsker; readonly why?: string }
  | { readonly kind: "environment"; readonly message: string }
  | { readonly kind: "no-runner"; readonly message: string }
  | { readonly kind: "script-missing"; readonly script: string }
  | { readonly kind: "start-failed"; readonly message: string }
  | { readonly kind: "machine-restarted" }
  | { readonly kind: "lost" };

/** An ending whose cause is known without any log. */
export interface KnownEnding {
  readonly ending: Ending;
  readonly cause: Cause;
}

/** What the shim wrote when the script ended. */
export interface Exit {
  /** 0 to 255 as the shell sees it: 128 + n for signal n. */
  readonly code: number;
  readonly endedAtMs: number;
  /** The shim itself ended it because its limit had passed. */
  readonly overLimit: boolean;
  /** The kernel ended a process of it at its limit on memory. */
  readonly oomKill?: boolean;
}

/** The identity of a process: a pid alone may be somebody else's by now. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, as in field 22 of /proc/<pid>/stat; "" where unknown. */
  readonly startTime: string;
  readonly bootId: string;
}

/** Everything needed to start one attempt; written to the attempt folder as spec.json. */
export interface AttemptSpec {
  readonly attempt: AttemptId;
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
  /** Absolute path of the copied code that runs instead of the experiment's own. */
  readonly codeDir?: string;
  /** Packages that it gets instead of what its script asks for. */
  readonly pinned?: PinnedEnvironment;
  /** The run that it repeats. */
  readonly repeats?: { readonly id: CommandId; readonly folder: RunFolder };
  /** For `eval:`: the run it works on. */
  readonly onRun?: RunFolder;
  /** The sweep that it is a run of. */
  readonly sweep?: { readonly id: CommandId; readonly name: string };
  /** Bytes that its processes may take together, where this machine can hold them to it. */
  readonly memory?: number;
  /** What it holds while it runs; absent: everything, as with one run at a time. */
  readonly place?: Slot;
}

/** What was so when an attempt was claimed, for its record. */
export interface StartFacts {
  /** Hash of the experiment's scripts. */
  readonly codeHash: string;
  readonly runner: string;
  /** Scripts that are others than when it was queued: `train.py`, `new.py (new)`. */
  readonly changed?: readonly string[];
  /** Hash of the code when it was queued, where `changed` is there. */
  readonly queuedCodeHash?: string;
  /** Why its `memory` is not held, where a go started it all the same. */
  readonly noMemoryLimit?: string;
  /** The command as the journal had it. */
  readonly said: string;
  readonly because?: string;
  readonly queuedAtMs: number;
  /** Its limit is over that of a de-risking run: by default it is evidence. */
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
  /** The last line of the traceback that ended it, and where it stands. */
  readonly lastLine?: { readonly text: string; readonly file: string; readonly line: number };
  readonly metrics: readonly MetricSummary[];
  readonly findings: readonly Finding[];
  readonly plots: readonly PlotRef[];
  /** For a run that repeats another: how the two compare. */
  readonly repeated?: RepeatCompared;
}

/** `runs/<run>/run.json`. Times are ISO 8601 with the UTC offset of the machine. */
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
  /** The sweep that it is a run of: its id, and the name that was written. */
  readonly sweep?: { readonly id: string; readonly name: string };
  readonly seed?: string;
  readonly cwd: string;
  readonly runner: string;
  readonly interpreter?: string;
  readonly environment?: {
    readonly metadataHash?: string;
    readonly lockHash?: string;
    /** File beside run.json with what was resolved, where the script has no lock. */
    readonly resolved?: string;
    readonly resolvedHash?: string;
    /** Version of Python that ran: `3.12.4`. */
    readonly python?: string;
  };
  readonly codeHash?: string;
  /** Scripts that were others when it was queued, and the hash of all of them then. */
  readonly changedSinceQueued?: readonly string[];
  readonly queuedCodeHash?: string;
  /** It ran a copy of the code: of when it was queued, or of an earlier run's. */
  readonly snapshot?: true;
  readonly repeats?: { readonly id: string; readonly folder: string };
  /** Variables that its command set. */
  readonly env?: Readonly<Record<string, string>>;
  /** Bytes of the machine's memory that it was allowed. */
  readonly memory?: number;
  /** What it had while it ran: how many GPUs, or which part of one. */
  readonly place?: { readonly gpus: number; readonly share?: number };
  readonly git?: {
    readonly commit: string;
    readonly dirty: boolean;
    /** Files beside run.json that hold the difference, where there is one. */
    readonly patch?: string;
    /** Files whose change is too large for the patch. */
    readonly left?: readonly string[];
  };
  readonly host: string;
  readonly gpus: readonly {
    readonly uuid: string;
    readonly name: string;
    readonly driver: string;
  }[];
  readonly limitMs: number;
  /** Whether the limit was written by the person (then the run may be evidence). */
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
