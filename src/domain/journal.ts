// The parse result of a journal: commands, receipts, entries and the plan, each with its position.
// journal/read/ parses it; scheduler/align-journal.ts decides what it means.
import type { CommandSpec, Runner } from "./command.ts";
import type { RuleName, RuleSettings } from "./finding.ts";
import type { Problem, Span } from "../base/problem.ts";

/** The frontmatter of a journal: what the experiment is to show, and how its scripts run. */
export interface Plan {
  readonly hypothesis?: string;
  readonly success?: string;
  readonly failure?: string;
  /** Promised metrics in written order. */
  readonly metrics: readonly PromisedMetric[];
  /** A regular expression for the script's log lines; its named groups are metrics. */
  readonly metricsPattern?: string;
  readonly baseline?: string;
  /** Names of the runs that the criteria judge; absent: the runs with a limit over 2 minutes. */
  readonly evidence?: readonly string[];
  readonly script: string;
  readonly evalScript: string;
  readonly runner?: Runner;
  /** Time limit of runs whose command has none. */
  readonly timeoutMs?: number;
  /** Rules that are switched off: `rules: { no-metrics: off }`. */
  readonly rulesOff: readonly string[];
  /** Settings of single rules: `rules: { overfitting: { by: 10% } }`. */
  readonly rules?: RuleSettings;
  /** Rules whose flag stops a run of this journal: `stop on: [not-finite]`. */
  readonly stopOn?: readonly RuleName[];
  /** Keys that say how a script starts and what stops it, and whose written value cannot be used. */
  readonly unusable?: readonly StartKey[];
  /** The 1-based line of each written key: `success` → 4. */
  readonly lines: Readonly<Record<string, number>>;
}

/** A key of the frontmatter that says how a script starts, and what stops it. */
export type StartKey = "script" | "eval" | "runner" | "timeout" | "stop on";

/** A metric that the plan promises, with its better direction where one is written. */
export interface PromisedMetric {
  readonly key: string;
  readonly direction?: "min" | "max";
}

/** A paragraph line, a task list item, or a fenced code block. */
export type CommandForm = "line" | "task" | "fence";

/** One command of the journal, or text that looks like one but has problems. */
export interface FoundCommand {
  /** Absent where the text could not be parsed; `problems` says why. */
  readonly spec?: CommandSpec;
  readonly problems: readonly Problem[];
  readonly form: CommandForm;
  /** Task items only: whether the box is ticked. */
  readonly ticked?: boolean;
  /** Hash of the canonical form: equal for texts that differ in layout only. */
  readonly canonical: string;
  /** The command's own lines as written, without a final line end. */
  readonly source: string;
  /** 1-based line on which the command starts. */
  readonly line: number;
}

/**
 * A range of text with one command, or with several lines that are one each. A block without
 * commands marks the position of problems that belong to none, or of what is left of their receipt.
 */
export interface CommandBlock {
  /** Empty for a block that only marks a position. */
  readonly commands: readonly FoundCommand[];
  /** The block's lines with their last line end, without its receipt. */
  readonly span: Span;
  /** Typing cannot continue it: a line end follows, then a blank line, the end or another block. */
  readonly closed: boolean;
  /** Its last line has a line end. */
  readonly lineEnded: boolean;
  /** Text of the nearest heading above, or "". */
  readonly heading: string;
  /** What every receipt line begins with to stay in the block's list item: "" or spaces. */
  readonly indent: string;
  readonly receipt?: FoundReceipt;
  /** Problems of the text here that belong to no command. */
  readonly problems?: readonly Problem[];
  /** Its receipt is inside code, where a blank line above it would be a line of code. */
  readonly tight?: boolean;
}

/** The quote right below a command. Its blocks are compared with what the daemon has rendered. */
export interface FoundReceipt {
  /** All of its lines with the last line end, and the blank line that closes it, if any. */
  readonly span: Span;
  /** State and id of each head line in order; a problem's head has no id. */
  readonly heads: readonly { readonly state: string; readonly id?: string }[];
  /** Paragraphs and list items in order. */
  readonly blocks: readonly ReceiptBlock[];
}

/** One paragraph or list item of a receipt. */
export interface ReceiptBlock {
  /** Full lines of the block in the file, with their `>` markers. */
  readonly span: Span;
  /** Its text without markers, white space folded: compared with rendered blocks. */
  readonly normal: string;
  /** `- [ ]` items only: whether the box is ticked. */
  readonly ticked?: boolean;
}

export type EntryTag = "WEIRD" | "HUNCH" | "TODO" | "RESOLVED";

/** A line of the user's text with a tag. */
export interface Entry {
  readonly tags: readonly EntryTag[];
  /** As written: `2025-02-02 14:45`, `14:45`, or absent. */
  readonly time?: string;
  /** `2025-02-02`, the nearest date above it (heading or entry), where it has none itself. */
  readonly date?: string;
  readonly text: string;
  readonly line: number;
}

/** A heading with the text below it, without receipts. */
export interface Section {
  readonly title: string;
  readonly depth: number;
  readonly line: number;
  readonly text: string;
}

/** A run that the user excluded from the report. */
export interface IgnoredRun {
  /** Run folder, id or name, as written. */
  readonly target: string;
  readonly reason?: string;
  readonly line: number;
  /** `JOURNAL.md` or `IGNORED_RUNS.md`. */
  readonly file: string;
}

/** Everything that parsing a journal gives. */
export interface JournalReading {
  readonly plan: Plan;
  /** First level-1 heading, or absent. */
  readonly title?: string;
  readonly blocks: readonly CommandBlock[];
  readonly entries: readonly Entry[];
  readonly sections: readonly Section[];
  readonly ignored: readonly IgnoredRun[];
  /** Problems that belong to no command; each is in a block as well, where it is shown. */
  readonly problems: readonly Problem[];
  /** There are git conflict markers outside of fences: nothing starts and nothing is written. */
  readonly conflicted: boolean;
}
