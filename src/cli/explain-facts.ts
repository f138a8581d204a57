// The facts about one command as a person would tell them, a line each. Which facts there are is in
// domain/fact.ts, what is so now in explain-now.ts.
import { relative } from "node:path";
import type { CommandId, LabPath } from "../base/ids.ts";
import { counted } from "../base/markdown.ts";
import { plainLine } from "../base/markdown-text.ts";
import { spanText } from "../base/time.ts";
import { apply } from "../domain/apply.ts";
import { ENDED } from "../domain/command-state.ts";
import { GO_GIVEN } from "../domain/command.ts";
import type { Fact, FactOf } from "../domain/fact.ts";
import { isFlag, type Finding } from "../domain/finding.ts";
import { flagKey, RECEIPT_TEXT_CHARS } from "../domain/receipt-flags.ts";
import type { Exit } from "../domain/run.ts";
import { slotName } from "../domain/slot.ts";
import { emptyWorld, type Command, type World } from "../domain/world.ts";
import { headOf } from "../effects/state/command-facts.ts";
import { VERSION_DIGITS } from "../journal/merge/merge-conflicts.ts";
import { causeText } from "./status-facts.ts";

/** A fact of a command, in words. */
export interface ToldFact {
  readonly atMs: number;
  readonly kind: Fact["kind"];
  /** Present where it is about another command: the sweep of this one, or one of its runs. */
  readonly about?: CommandId;
  /** One line, without its time. */
  readonly text: string;
  /** As it is in the ledger. */
  readonly fact: Fact;
}

export interface Story {
  readonly facts: readonly ToldFact[];
  /** The command as these facts leave it; undefined where none of them makes it. */
  readonly command: Command | undefined;
}

/** Metrics and flags in the line of a run's end. */
const SHOWN = 3;
/** Digits of a hash of code: enough to tell two apart. */
const HASH_DIGITS = 8;

/** Tells the facts about a command (effects/state/command-facts.ts), oldest first. */
export function tellFacts(facts: readonly Fact[], id: CommandId, lab: LabPath): Story {
  const world = emptyWorld();
  const told: ToldFact[] = [];
  for (const fact of facts) {
    const about = subjectOf(world, fact, id);
    const before = about === undefined ? undefined : world.commands.get(about);
    apply(world, fact);
    world.nowMs = Math.max(world.nowMs, fact.atMs);
    if (about === undefined) continue;
    const command = world.commands.get(about);
    if (command === undefined) continue;
    const hadReceipt = told.some(({ kind }) => kind === "receipts-shown");
    const brief = about !== id && about !== headOf(id);
    const text = wordsFor(fact, { before, command, lab, hadReceipt, brief });
    if (text === undefined) continue;
    const line = plainLine(text.replaceAll("`", ""));
    const of = about === id ? {} : { about };
    told.push({ atMs: fact.atMs, kind: fact.kind, ...of, text: line, fact });
  }
  return { facts: told, command: world.commands.get(id) };
}

/** The command that a fact is told of in the story of `id`; undefined where it is not told. */
function subjectOf(world: World, fact: Fact, id: CommandId): CommandId | undefined {
  const head = headOf(id);
  const hasMembers = world.commands.get(head)?.members !== undefined;
  // A run of a sweep has the sweep's story until it is made.
  const own = id !== head && !hasMembers ? head : id;
  if ("id" in fact) {
    if (fact.id === own || fact.id === id) return fact.id;
    return id === head && headOf(fact.id) === head && ofMember(fact) ? fact.id : undefined;
  }
  if ("ids" in fact) return fact.ids.includes(own) ? own : undefined;
  const command = world.commands.get(own);
  if (command === undefined) return undefined;
  switch (fact.kind) {
    case "commands-moved":
      return fact.headings.some(([one]) => one === own) ? own : undefined;
    case "save-set-aside":
      return fact.near === own ? own : undefined;
    case "experiment-moved":
      return fact.from === command.experiment ? own : undefined;
    case "lab-moved":
      return fact.to === undefined ? undefined : own;
    case "queue-paused": {
      const waits = command.state === "queued" || command.state === "waiting";
      return waits || fact.died?.includes(own) === true ? own : undefined;
    }
    default:
      return undefined;
  }
}

/** Whether a fact about a run of a sweep is told in the sweep's story: its own has the others. */
function ofMember({ kind }: Fact): boolean {
  switch (kind) {
    case "run-started":
    case "run-retried":
    case "run-flagged":
    case "stop-requested":
    case "run-ended":
      return true;
    default:
      return false;
  }
}

interface Telling {
  /** The command before the fact, and after it. */
  readonly before: Command | undefined;
  readonly command: Command;
  readonly lab: LabPath;
  /** A receipt of it was written before. */
  readonly hadReceipt: boolean;
  /** It is a line among those of a whole sweep. */
  readonly brief: boolean;
}

function wordsFor(fact: Fact, telling: Telling): string | undefined {
  const { before, command, lab, hadReceipt } = telling;
  switch (fact.kind) {
    case "command-accepted":
      return accepted(fact, command, lab);
    case "repeat-queued": {
      const { id, folder, differs } = fact.repeats;
      const other = differs.length === 0 ? "" : `; not as it was: ${differs.join(", ")}`;
      return `asked for by nightlab repeat: ${id} again, runs/${folder}${other}`;
    }
    case "command-edited":
      return fact.source === before?.source
        ? `its time limit is ${spanText(fact.spec.timeoutMs ?? 0)} now`
        : `edited before its start: ${oneLine(fact.source)}`;
    case "command-state":
      return stateWords(fact, before, command);
    case "command-released":
      return before?.state === "held" ? undefined : "your go is in its line now";
    case "code-noted":
      return codeWords(fact);
    case "command-ran-as":
      return fact.text === undefined
        ? "its line is again as it ran"
        : `its line was edited after the start; it ran as: ${oneLine(fact.text)}`;
    case "attempts-found":
      return fact.claimed === undefined
        ? `the lab's disk has tries of it up to number ${fact.last} that the ledger lacks; the next has a higher number`
        : `the lab's disk has a try of it that the ledger lacks: ${fact.claimed}`;
    case "members-made": {
      const [first, last] = [fact.members[0]?.id ?? "", fact.members.at(-1)?.id ?? ""];
      return `its turn: ${counted(fact.members.length, "run")}, ${first} to ${last}`;
    }
    case "commands-moved": {
      const heading = command.heading === "" ? "the top of the journal" : `“${command.heading}”`;
      return `moved in the journal, to ${heading}`;
    }
    case "experiment-moved":
      return `its folder was renamed to ${relative(lab, fact.to) || fact.to}`;
    case "lab-moved":
      return `its lab moved here from ${fact.from}`;
    case "save-set-aside":
      return `two saves changed the lines here: those of one are in the kept version ${fact.version.slice(0, VERSION_DIGITS)}`;
    case "receipts-shown":
      return hadReceipt ? "receipt renewed in the journal" : "receipt written into the journal";
    case "receipts-missed":
      return "its line was moved without its receipt, which is written anew";
    case "receipts-taken-out":
      return fact.surely
        ? "its receipt was deleted, and stays away"
        : "its receipt is gone, perhaps by a save from an old copy: it comes back once";
    case "queue-paused":
      return pauseWords(fact);
    default:
      return runWords(fact, telling);
  }
}

function runWords(fact: Fact, { before, command, brief }: Telling): string | undefined {
  switch (fact.kind) {
    case "run-claimed":
      return claimed(fact, before);
    case "run-started": {
      const sinceMs = fact.atMs - (command.run?.claimedAtMs ?? fact.atMs);
      const slot = slotName(command.run?.spec.place);
      const on = slot === undefined ? "" : ` on ${slot}`;
      const after = sinceMs < 1_000 ? "" : `, ${spanText(sinceMs)} after its turn came`;
      return `started${on} (pid ${fact.process.pid})${after}`;
    }
    case "run-folder-known":
      return `run folder: runs/${fact.folder}`;
    case "run-flagged": {
      const known = new Set((before?.run?.flags ?? []).map(flagKey));
      return flagWords(fact.flags.filter((flag) => !known.has(flagKey(flag))));
    }
    case "limit-extended":
      return `its time limit was raised to ${spanText(fact.limitMs)}`;
    case "stop-requested":
      return stopWords(fact);
    case "run-exited":
      return exitWords(fact);
    case "run-ended":
      return brief ? endedBriefly(fact, command) : ended(fact, before, command);
    case "run-plotted":
      return fact.plots.length === 0 ? undefined : `${counted(fact.plots.length, "plot")} drawn`;
    case "run-retried": {
      const args = fact.args === undefined ? "" : `; its arguments then: ${fact.args.join(" ")}`;
      return `tried again: ${fact.reason}${args}`;
    }
    case "flag-resolved":
      return `flag resolved: ${fact.flag}`;
    default:
      return undefined;
  }
}

const oneLine = (source: string): string => plainLine(source, RECEIPT_TEXT_CHARS);

function accepted(fact: FactOf<"command-accepted">, command: Command, lab: LabPath): string {
  const journal = relative(lab, `${command.experiment}/JOURNAL.md`);
  const place = `${journal}:${fact.line}`;
  const how = {
    saved: `accepted: saved in ${place}`,
    "first-text": `accepted: ${place}, in the journal's first text`,
    commit: `accepted: git brought it, ${place}`,
    unknown: `accepted: ${place}`,
  }[fact.came ?? "unknown"];
  const go = fact.released ? "with your go" : undefined;
  const reason = fact.reason === undefined ? "" : `: ${fact.reason}`;
  const state = fact.state === "queued" ? undefined : `${shownState(fact.state)}${reason}`;
  return [how, go, state, ...fact.notes].filter((part) => part !== undefined).join("; ");
}

const shownState = (state: Command["state"]): string => (state === "waiting" ? "waits" : state);

function stateWords(
  { state, reason }: FactOf<"command-state">,
  before: Command | undefined,
  command: Command,
): string | undefined {
  const why = reason === undefined ? "" : `: ${reason}`;
  // A sweep's own state follows from its runs, whose starts and ends are told.
  const isHead = command.members !== undefined;
  switch (state) {
    case "queued":
      if (reason === GO_GIVEN) return "let go by a tick in its receipt; in the queue";
      return isHead ? undefined : `in the queue${why}`;
    case "running":
      if (before?.spec.verb === "queue") return `waits until nothing runs any more${why}`;
      return reason === undefined ? undefined : reason;
    case "preparing":
      return undefined;
    default:
      return `${isHead && ENDED.has(state) ? "all of its runs have ended: " : ""}${shownState(state)}${why}`;
  }
}

function codeWords({ code, snapshot }: FactOf<"code-noted">): string {
  const files = Object.keys(code.files).length;
  const seen = `code noted: ${shortHash(code.hash)} (${counted(files, "script")})`;
  if (snapshot === undefined) return seen;
  if (snapshot.kind === "failed") return `${seen}, which could not be copied: ${snapshot.why}`;
  const left = snapshot.leftCount === 0 ? "" : `, without ${counted(snapshot.leftCount, "file")}`;
  return `${seen}, copied to ${snapshot.dir}${left}`;
}

const shortHash = (hash: string): string => hash.slice(0, HASH_DIGITS);

function pauseWords({ paused, drain, why, died }: FactOf<"queue-paused">): string {
  if (!paused) return "the queue goes on";
  if (why !== undefined) {
    const runs = died === undefined ? "" : ` (${died.join(", ")})`;
    return `the queue paused itself: ${why}${runs}`;
  }
  return drain === true ? "the queue was drained" : "the queue was paused";
}

function claimed(
  { atMs, spec, start }: FactOf<"run-claimed">,
  before: Command | undefined,
): string {
  const waitedMs = before?.state === "queued" ? atMs - before.stateSinceMs : 0;
  const parts = [
    `its turn${waitedMs < 1_000 ? "" : ` after ${spanText(waitedMs)} in the queue`}`,
    `try ${spec.attempt}`,
    ...(start.codeHash === "" ? [] : [`code ${shortHash(start.codeHash)}`]),
    ...(spec.codeDir === undefined ? [] : [`run from the copy in ${spec.codeDir}`]),
    `at most ${spanText(spec.limitMs)}`,
  ];
  const { changed, noMemoryLimit } = start;
  const since = changed === undefined ? "" : `; ${changed.join(", ")} changed since it was queued`;
  const memory = noMemoryLimit === undefined ? "" : `; its memory is not held: ${noMemoryLimit}`;
  return `${parts.join(", ")}${since}${memory}`;
}

function flagWords(flags: readonly Finding[]): string | undefined {
  if (flags.length === 0) return undefined;
  const places = flags.map(({ message, evidence }) =>
    evidence === undefined ? message : `${message} (${evidence.file}:${evidence.line})`,
  );
  const more = places.length - SHOWN;
  return `flagged: ${places.slice(0, SHOWN).join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}

function stopWords({ by, why }: FactOf<"stop-requested">): string {
  switch (by) {
    case "journal":
      return "to be stopped: a stop in the journal";
    case "command-line":
      return "to be stopped: nightlab stop";
    case "rule":
      return `to be stopped, as stop on asks: ${why ?? "a rule spoke"}`;
    case "window":
      return `to be stopped, as at-end: stop asks: ${why ?? "its window was over"}`;
  }
}

function exitWords({ exit, known }: FactOf<"run-exited">): string {
  if (exit !== undefined) return `its script ended: ${exitText(exit)}`;
  switch (known?.ending) {
    case "lost":
      return "its processes are gone, and nothing says how they ended";
    case "stopped":
      return "ended before its script was started";
    default:
      return "its script was not started";
  }
}

function exitText({ code, signalled, overLimit, oomKill, leftBehind = [] }: Exit): string {
  const named = leftBehind.map(({ pid, command }) => `${command} (pid ${pid})`);
  return [
    signalled === true ? `by signal ${code - 128}` : `exit code ${code}`,
    ...(overLimit ? ["at its time limit"] : []),
    ...(oomKill === true ? ["the kernel killed a process of it for memory"] : []),
    ...(named.length === 0 ? [] : [`left behind and ended: ${named.join("; ")}`]),
  ].join(", ");
}

/** `failed after 41 s: exit code 1`: the one cause of its end. */
function ending({ outcome, endedAtMs }: FactOf<"run-ended">, command: Command): string {
  const cause = causeText(command);
  const startedAtMs = command.run?.startedAtMs;
  const took =
    startedAtMs === undefined || outcome.ending === "lost"
      ? ""
      : ` after ${spanText(endedAtMs - startedAtMs)}`;
  return `${outcome.ending}${took}${cause === undefined ? "" : `: ${cause}`}`;
}

const lastValues = ({ outcome }: FactOf<"run-ended">): readonly string[] =>
  outcome.metrics.slice(0, SHOWN).map(({ key, last: { token } }) => `${key} ${token}`);

function endedBriefly(fact: FactOf<"run-ended">, command: Command): string {
  const flags = fact.outcome.findings.filter(isFlag).length;
  const counts = flags === 0 ? [] : [counted(flags, "flag")];
  return [ending(fact, command), ...lastValues(fact), ...counts].join(" · ");
}

function ended(fact: FactOf<"run-ended">, before: Command | undefined, command: Command): string {
  const { lastLine, findings } = fact.outcome;
  const last =
    lastLine === undefined ? [] : [`${lastLine.text} (${lastLine.file}:${lastLine.line})`];
  const known = new Set((before?.run?.flags ?? []).map(flagKey));
  const flags = flagWords(findings.filter((one) => isFlag(one) && !known.has(flagKey(one))));
  const isInFlag = lastLine !== undefined && flags?.includes(lastLine.text) === true;
  return [
    ending(fact, command),
    ...(isInFlag ? [] : last),
    ...lastValues(fact),
    ...(flags === undefined ? [] : [flags]),
  ].join(" · ");
}
