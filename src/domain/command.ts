// A command as the person meant it: the value that reading a block gives.
// Where it stands in the journal is in journal.ts, what became of it in world.ts.

import type { RuleName } from "./finding.ts";
import type { When } from "./window.ts";

export const VERBS = ["run", "eval", "script", "stop", "queue"] as const;
export type Verb = (typeof VERBS)[number];

/** What `queue:` can be told. `drain`: as `pause`, and it is said when nothing runs any more. */
export const QUEUE_WORDS = ["pause", "resume", "drain"] as const;
export type QueueWord = (typeof QUEUE_WORDS)[number];

export const RUNNERS = ["uv", "pixi"] as const;
export type Runner = (typeof RUNNERS)[number];

/** `after: full` (must succeed) or `after: full (any)` (must have ended). */
export interface After {
  readonly target: string;
  readonly any: boolean;
}

/** One option of a sweep with its values; the first option of a grid changes slowest. */
export interface SweptOption {
  /** As the table of its receipt calls it: `lr`. */
  readonly key: string;
  readonly values: readonly SweptValue[];
}

export interface SweptValue {
  /** As written: `1e-4`. */
  readonly text: string;
  /** What the script gets for it: `--lr`, `1e-4`. */
  readonly args: readonly string[];
}

export const RETRY_CAUSES = ["oom", "restart"] as const;
/** `oom`: the GPU ran out of memory. `restart`: the machine restarted while it ran. */
export type RetryCause = (typeof RETRY_CAUSES)[number];

/** `retry: 2`, or with what is changed before the next try. */
export interface Retry {
  /** Tries after the first one. */
  readonly times: number;
  readonly on: readonly RetryCause[];
  /** Before the next try; absent: a time that grows with each. */
  readonly delayMs?: number;
  /** Options that get another value with each try. */
  readonly set?: readonly OptionChange[];
}

export interface OptionChange {
  /** `--batch-size`. */
  readonly option: string;
  /** `/2`, `*2`, or the new value as written. */
  readonly to: string;
}

export interface CommandSpec {
  readonly verb: Verb;
  /** Name of a run, script, run folder or id; for `queue`: one of its words. */
  readonly target: string;
  /** Arguments handed to the script, each exactly as written, in order. */
  readonly args: readonly string[];
  /** ` !` at the end, `go: true`, or a ticked task item: start without waiting. */
  readonly go: boolean;
  readonly timeoutMs?: number;
  readonly because?: string;
  readonly after?: readonly After[];
  readonly script?: string;
  readonly runner?: Runner;
  /** Rules whose flag stops the run. */
  readonly stopOn?: readonly RuleName[];
  readonly env?: Readonly<Record<string, string>>;
  /** Names of variables whose values are in this machine's private file, sorted. */
  readonly privateEnv?: readonly string[];
  /** How many GPUs it gets to itself; 0: none; absent: one, where the machine has any. */
  readonly gpus?: number;
  /** It takes one part in this many of one GPU. */
  readonly share?: number;
  /** It runs the code as it was when it was queued. */
  readonly snapshot?: boolean;
  /** Bytes of the machine's memory that all of its processes may take together. */
  readonly memory?: number;
  /** The higher goes first; absent: 0. */
  readonly priority?: number;
  /** The options whose every combination is a run of its own; `seeds` is an option here too. */
  readonly sweep?: readonly SweptOption[];
  readonly retry?: Retry;
  /** When it may start; absent: at any time. */
  readonly when?: When;
  /** What an earlier run must show, as written: `full.val/loss < 0.4`. */
  readonly if?: string;
}

/** Reason of a command whose box was ticked: what held it is known to who ticked it. */
export const GO_GIVEN = "your go";

/** A reason as it is told: alone, "your go" behind "queued" reads as if it were waited for. */
export const saidReason = (reason: string | undefined): string | undefined =>
  reason === GO_GIVEN ? "with your go" : reason;

/** The verb and its target as a person reads it: `run: de-risk`. */
export function commandTitle(spec: CommandSpec): string {
  return `${spec.verb}: ${spec.target}`;
}
