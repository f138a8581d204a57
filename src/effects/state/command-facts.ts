// The facts about one command, and which command a word means, searched for in the ledger: a replay
// of all that ever ran would take seconds. What the facts say in words is in cli/explain-facts.ts.
import { basename } from "node:path";
import { COMMAND_ID, commandId, type CommandId, type LabPath } from "../../base/ids.ts";
import { nearest } from "../../base/nearest.ts";
import { commandTitle, type CommandSpec } from "../../domain/command.ts";
import type { Fact } from "../../domain/fact.ts";
import type { Ledger } from "./ledger.ts";
import { defined } from "../../base/defined.ts";

/** A command as an answer names it. */
export interface NamedCommand {
  readonly id: CommandId;
  /** `run: full`. */
  readonly title: string;
}

/** What a word means: an id or its beginning, an attempt, a run folder or a name. */
export type Meaning =
  /** `others`: earlier commands of the same name, latest first. */
  | {
      readonly kind: "command";
      readonly id: CommandId;
      /** Every fact that tells of it (`factsAbout`). */
      readonly facts: readonly Fact[];
      readonly others: readonly NamedCommand[];
    }
  /** The beginning of several ids. */
  | { readonly kind: "several"; readonly commands: readonly NamedCommand[] }
  /** `near`: what may have been meant; `latest`: the lab's latest commands. */
  | {
      readonly kind: "none";
      readonly near?: NamedCommand;
      readonly latest: readonly NamedCommand[];
    };

type Searched = Pick<Ledger, "having">;

/** Commands named in an answer at most. */
const NAMED = 5;
/** A shorter beginning of an id would mean half of the lab. */
const SHORT_ID = /^[a-z][a-z0-9]{1,7}$/;

/** The command of a lab that a word means: exactly if it can, else by the beginning of its id. */
export function meaningOf(ledger: Searched, lab: LabPath, word: string): Meaning {
  const target = basename(word.replace(/\/+$/, ""));
  const command = (id: CommandId, others: readonly NamedCommand[] = []): Meaning => ({
    kind: "command",
    id,
    facts: factsAbout(ledger, lab, id),
    others,
  });
  // An id is asked for most, and then one search is enough.
  if (COMMAND_ID.test(target)) {
    const id = commandId(target);
    const facts = factsAbout(ledger, lab, id);
    const isMade = facts.some((fact) => commandsMade(fact).some((one) => one.id === id));
    if (isMade) return { kind: "command", id, facts, others: [] };
  }
  const whole = ledger.having([lab], [JSON.stringify(target)]);
  const owner = ownerOf(whole, target);
  if (owner !== undefined) return command(owner);
  const [called, ...others] = calledSo(whole, target).toReversed();
  if (called !== undefined) return command(called.id, others);
  if (SHORT_ID.test(target)) {
    const begun = ledger.having([lab], [`"id":"${target}`]).flatMap(commandsMade);
    const commands = begun.filter(({ id, isMember }) => !isMember && id.startsWith(target));
    const [only, ...more] = commands;
    if (only !== undefined)
      return more.length > 0 ? { kind: "several", commands } : command(only.id);
  }
  const all = ledger.having([lab], [], MAKING).flatMap(commandsMade);
  const near = nearest(
    target,
    all.flatMap((one) => (isRunner(one) ? [one.id, one.spec.target] : [one.id])),
  );
  const meant = all.findLast(
    (one) => one.id === near || (isRunner(one) && one.spec.target === near),
  );
  return {
    kind: "none",
    ...defined({ near: meant }),
    latest: all.filter(({ isMember }) => !isMember).slice(-NAMED),
  };
}

/**
 * Every fact that tells of a command, oldest first: those of its sweep or its members among them,
 * and those of its folder, its lab and the queue.
 */
function factsAbout(ledger: Searched, lab: LabPath, id: CommandId): readonly Fact[] {
  const [head = id] = id.split(".");
  const parts = head === id ? [`"${id}"`, `"${id}.`] : [`"${head}"`, `"${id}"`];
  return ledger.having([lab], parts, AROUND);
}

/** Kinds of facts that make commands. */
const MAKING = ["command-accepted", "repeat-queued", "members-made"] as const;
/** Kinds that concern commands which they do not name; a lab has few of them. */
const AROUND = [
  "experiment-known",
  "experiment-copied",
  "experiment-moved",
  "lab-moved",
  "queue-paused",
] as const;

/** Whether its target is its own name: `stop:` and `eval:` name other commands. */
const isRunner = ({ spec }: { readonly spec: CommandSpec }): boolean =>
  spec.verb === "run" || spec.verb === "script";

interface MadeCommand extends NamedCommand {
  readonly spec: CommandSpec;
  readonly isMember: boolean;
}

/** The commands that a fact makes. */
function commandsMade(fact: Fact): readonly MadeCommand[] {
  switch (fact.kind) {
    case "command-accepted":
    case "repeat-queued":
      return [made(fact.id, fact.spec, false)];
    case "members-made":
      return fact.members.map(({ id, spec }) => made(id, spec, true));
    default:
      return [];
  }
}

const made = (id: CommandId, spec: CommandSpec, isMember: boolean): MadeCommand => ({
  id,
  spec,
  isMember,
  title: commandTitle(spec),
});

/** The command whose attempt or run folder has this name. */
function ownerOf(facts: readonly Fact[], name: string): CommandId | undefined {
  for (const fact of facts) {
    if (fact.kind === "run-claimed" && fact.spec.attempt === name) return fact.id;
    if (fact.kind === "run-folder-known" && fact.folder === name) return fact.id;
  }
  return undefined;
}

/** Commands of this name, now or before an edit, in the order of their making. */
function calledSo(facts: readonly Fact[], name: string): readonly NamedCommand[] {
  const found = new Map<CommandId, MadeCommand>();
  for (const fact of facts) {
    const edited = fact.kind === "command-edited" ? [made(fact.id, fact.spec, false)] : [];
    for (const one of [...commandsMade(fact), ...edited]) {
      if (one.spec.target === name) found.set(one.id, one);
    }
  }
  const all = [...found.values()];
  const runners = all.filter(isRunner);
  return runners.length > 0 ? runners : all;
}

/** The id of the sweep that a member belongs to; the id itself for any other command. */
export const headOf = (id: CommandId): CommandId => commandId(id.split(".")[0] ?? id);
