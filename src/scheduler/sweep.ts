// A sweep as a whole: its members are made when its turn comes, and its state follows from theirs.
// Which members there are is in domain/grid.ts; each is a command like any other.
import type { CommandId } from "../base/ids.ts";
import { type CommandState, ENDED } from "../domain/command-state.ts";
import type { Command } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";
import { membersOfSweep } from "../domain/grid.ts";
import { isSweep, membersOf } from "../domain/members.ts";
import { defined } from "../base/defined.ts";

/** The command that starts first: of a sweep its first member, as it will be made. */
export function firstOf(command: Command): Command {
  const [first] = isSweep(command) ? membersOfSweep(command.id, command.spec) : [];
  if (first === undefined) return command;
  const { id, spec, swept } = first;
  return { ...command, id, spec, swept, parent: command.id };
}

/** Makes the members of a sweep whose turn has come and returns the first. */
export function makeMembers(turn: Turn, head: Command): Command {
  const members = membersOfSweep(head.id, head.spec);
  turn.record({ kind: "members-made", id: head.id, members });
  return turn.world.commands.get(members[0]?.id ?? head.id) ?? head;
}

/** Records the state of sweeps whose members changed in this turn. */
export function followMembers(turn: Turn): void {
  const heads = new Set<CommandId>();
  for (const fact of turn.facts) {
    const changed = "id" in fact ? turn.world.commands.get(fact.id) : undefined;
    if (changed?.parent !== undefined) heads.add(changed.parent);
    if (changed?.members !== undefined) heads.add(changed.id);
  }
  for (const id of heads) {
    const head = turn.world.commands.get(id);
    if (head === undefined) continue;
    const { state, reason } = stateOf(membersOf(turn.world, head));
    if (head.state === state && head.reason === reason) continue;
    turn.record({ kind: "command-state", id, state, ...defined({ reason }) });
  }
}

/** A sweep ends as the first of these that a member ended as; it is done only if all are. */
const WORST_FIRST = ["failed", "lost", "stopped", "cancelled", "skipped"] as const;

const reasonOf = ([first]: readonly Command[]): { readonly reason?: string } =>
  first?.reason === undefined ? {} : { reason: first.reason };

/** The state of a sweep by those of its members. */
function stateOf(members: readonly Command[]): Pick<Command, "state" | "reason"> {
  const are = (...states: readonly CommandState[]): readonly Command[] =>
    members.filter(({ state }) => states.includes(state));
  if (are("preparing", "running").length > 0) return { state: "running" };
  const open = members.filter(({ state }) => !ENDED.has(state));
  if (open.length === 0) {
    const state = WORST_FIRST.find((one) => are(one).length > 0) ?? "done";
    const begun = members.some(({ run }) => run !== undefined);
    // Members that never started in a sweep that had begun: the sweep was stopped.
    if (begun && (state === "cancelled" || state === "skipped")) return { state: "stopped" };
    return { state, ...(state === "cancelled" ? reasonOf(are(state)) : {}) };
  }
  const held = are("held");
  if (held.length === open.length) return { state: "held", ...reasonOf(held) };
  const waiting = are("waiting");
  if (waiting.length + held.length === open.length) {
    return { state: "waiting", ...reasonOf(waiting) };
  }
  // Nothing runs for a moment between one member and the next.
  return { state: open.length < members.length ? "running" : "queued" };
}
