// A sweep as one: when its runs are made, how it stands by them, and how it is stopped and let go.
// Which combinations there are is in grid.ts; each run's own life is that of any command.
import type { CommandId } from "../base/ids.ts";
import { type CommandState, ENDED } from "../domain/command-state.ts";
import type { Command } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";
import { membersOfSweep } from "../domain/grid.ts";
import { isSweep, membersOf } from "../domain/members.ts";

/** What starts first when a command's turn comes: of a sweep its first member, not yet made. */
export function firstOf(command: Command): Command {
  const [first] = isSweep(command) ? membersOfSweep(command.id, command.spec) : [];
  if (first === undefined) return command;
  const { id, spec, swept } = first;
  return { ...command, id, spec, swept, parent: command.id };
}

/** Makes the members of a sweep whose turn has come; the first of them is the answer. */
export function makeMembers(turn: Turn, head: Command): Command {
  const members = membersOfSweep(head.id, head.spec);
  turn.record({ kind: "members-made", id: head.id, members });
  return turn.world.commands.get(members[0]?.id ?? head.id) ?? head;
}

/** Records how sweeps stand whose members changed in this turn. */
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
    const { state, reason } = standing(membersOf(turn.world, head));
    if (head.state === state && head.reason === reason) continue;
    turn.record({ kind: "command-state", id, state, ...(reason === undefined ? {} : { reason }) });
  }
}

/** Endings from the one that tells most; a sweep is done only where all of it is. */
const TELLING = ["failed", "lost", "stopped", "cancelled", "skipped"] as const;

const reasonOf = ([first]: readonly Command[]): { readonly reason?: string } =>
  first?.reason === undefined ? {} : { reason: first.reason };

/** How a sweep stands by its members. */
function standing(members: readonly Command[]): Pick<Command, "state" | "reason"> {
  const are = (...states: readonly CommandState[]): readonly Command[] =>
    members.filter(({ state }) => states.includes(state));
  if (are("preparing", "running").length > 0) return { state: "running" };
  const open = members.filter(({ state }) => !ENDED.has(state));
  if (open.length === 0) {
    const state = TELLING.find((one) => are(one).length > 0) ?? "done";
    const begun = members.some(({ run }) => run !== undefined);
    // What was left out of a sweep that had begun is what it was stopped at.
    if (begun && (state === "cancelled" || state === "skipped")) return { state: "stopped" };
    return { state, ...(state === "cancelled" ? reasonOf(are(state)) : {}) };
  }
  const held = are("held");
  if (held.length === open.length) return { state: "held", ...reasonOf(held) };
  const waiting = are("waiting");
  if (waiting.length + held.length === open.length) {
    return { state: "waiting", ...reasonOf(waiting) };
  }
  // Between one member and the next nothing runs for a moment.
  return { state: open.length < members.length ? "running" : "queued" };
}
