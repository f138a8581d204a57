// What reading a journal gives: commands, receipts, entries and the plan, each with its place.
// How it is read is in journal/, what it leads to in step.ts.
import type { CommandSpec, Runner } from "./command.ts";
import type { RuleName, RuleSettings } from "./finding.ts";
import type { Problem, Span } from "../base/problem.ts";

/** Frontmatter of a journal: what the experiment is to show, and how its scripts run. */
export interface Plan {
  readonly hypothesis?: string;
  readonly success?: string;
  readonly failure?: string;
  /** Promised metrics in written order; a direction where the person gave one. */
  readonly metrics: readonly PromisedMetric[];
  /** A regular expression whose named groups are metrics of the script's own lines. */
  readonly metricsPattern?: string;
  readonly baseline?: string;
  /** Names of the runs that the criteria judge; absent: the runs with a limit over 2 minutes. */
  readonly evidence?: readonly string[];
  readonly script: string;
  readonly evalScript: string;
  readonly runner?: Runner;
  /** Default time limit of a run where its command names none. */
  readonly timeoutMs?: number;
  /** Rules that the person switched off, by name: `rules: { no-metrics: off }`. */
  readonly rulesOff: readonly string[];
  /** What the person wrote of single rules: `rules: { overfitting: { by: 10% } }`. */
  readonly rules?: RuleSettings;
  /** Rules whose flag stops a run of this journal: `stop on: [not-finite]`. */
  readonly stopOn?: readonly RuleName[];
  /** 1-based lines of the written keys, for citing: `success` → 4. */
  readonly lines: Readonly<Record<string, number>>;
}

export interface PromisedMetric {
  readonly key: string;
  readonly direction?: "min" | "max";
}

export type CommandForm = "line" | "task" | "fence";

/** One command of the journal, or a block that meant to be one. */
export interface FoundCommand {
  /** Absent when the block could not be understood; then `problems` says why. */
  readonly spec?: CommandSpec;
  readonly problems: readonly Problem[];
  readonly form: CommandForm;
  /** For a task item: whether its box is ticked. */
  readonly ticked?: boolean;
  /** Hash of the canonical command: equal for texts that differ in layout only. */
  readonly canonical: string;
  /** The command's own lines as written, without a final line end. */
  readonly source: string;
  /** 1-based line on which the command starts. */
  readonly line: number;
}

/**
 * A stretch of text that holds one command, or several lines that each are one; or a place with
 * problems that belong to no command, or with what is left of their receipt.
 */
export interface CommandBlock {
  /** None where only the place matters. */
  readonly commands: readonly FoundCommand[];
  /** The block's own lines, their last line end included, without its receipt. */
  readonly span: Span;
  /** Nothing can be typed on to it: a line end, then a blank line, the end or a new block. */
  readonly closed: boolean;
  /** The block's last line has its line end. */
  readonly lineEnded: boolean;
  /** Text of the nearest heading above, or "". */
  readonly heading: string;
  /** What every receipt line begins with to stay in the block's list item: "" or spaces. */
  readonly indent: string;
  readonly receipt?: FoundReceipt;
  /** Problems of the text here that are those of no command. */
  readonly problems?: readonly Problem[];
  /** Its receipt stands inside of code, where a blank line above it would be one line of code. */
  readonly tight?: boolean;
}

/** The quote right under a command. Its pieces say which of its lines can be the daemon's. */
export interface FoundReceipt {
  /** All of its lines, last line end included, and the one blank line that closes it if any. */
  readonly span: Span;
  /** State and id of each head line in order; a problem's head has no id. */
  readonly heads: readonly { readonly state: string; readonly id?: string }[];
  /** Paragraphs and list items in order. */
  readonly blocks: readonly ReceiptBlock[];
}

export interface ReceiptBlock {
  /** Full lines of the piece in the file, `>` markers included. */
  readonly span: Span;
  /** The piece's text without markers, white space folded: what is compared with what was rendered. */
  readonly normal: string;
  /** For a `- [ ]` item: whether it is ticked. */
  readonly ticked?: boolean;
}

export type EntryTag = "WEIRD" | "HUNCH" | "TODO" | "RESOLVED";

/** A tagged line of the person's own text. */
export interface Entry {
  readonly tags: readonly EntryTag[];
  /** As written: `2025-02-02 14:45`, `14:45`, or absent. */
  readonly time?: string;
  /** Nearest date above it (heading or entry), `2025-02-02`, where the entry has none itself. */
  readonly date?: string;
  readonly text: string;
  readonly line: number;
}

/** A heading of the person's with the text below it, receipts left out. */
export interface Section {
  readonly title: string;
  readonly depth: number;
  readonly line: number;
  readonly text: string;
}

export interface IgnoredRun {
  /** Run folder, id or name, as written. */
  readonly target: string;
  readonly reason?: string;
  readonly line: number;
  /** `JOURNAL.md` or `IGNORED_RUNS.md`. */
  readonly file: string;
}

export interface JournalReading {
  readonly plan: Plan;
  /** First level-1 heading, or absent. */
  readonly title?: string;
  readonly blocks: readonly CommandBlock[];
  readonly entries: readonly Entry[];
  readonly sections: readonly Section[];
  readonly ignored: readonly IgnoredRun[];
  /** Problems that belong to no command; each is in a block as well, which says where it is told. */
  readonly problems: readonly Problem[];
  /** Git conflict markers outside fences: nothing starts and nothing is written. */
  readonly conflicted: boolean;
}
