// `disk-floor:` of nightlab.yaml: nothing of a lab starts while its disk has less room than that,
// nor, without it, on a disk that is as good as full.
// The disk is looked at when a command's turn has come, and again after a while.
import type { CommandId } from "../base/ids.ts";
import { settingsOf, type Command, type World } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";
import type { Readiness } from "./readiness.ts";

/** A start needs room for the run's own record: with less, nothing starts that could not be told. */
const DISK_LEAST_BYTES = 10e6;
/** A disk that was too full for a start is looked at again: somebody may have made room. */
const DISK_LOOK_MS = 60_000;

/** Notes that a command's disk was found too full for its start. */
export function onDiskLow({ world, atMs }: Turn, id: CommandId): void {
  const command = world.commands.get(id);
  const lab = command && world.experiments.get(command.experiment)?.lab;
  if (lab !== undefined) world.lowDisks.set(lab, atMs);
}

/** Whether the disk of a command's lab may be looked at, or was found too full just now. */
export function roomFor(turn: Turn, { experiment }: Command): Readiness {
  const floor = floorOf(turn.world, experiment);
  const lab = turn.world.experiments.get(experiment)?.lab;
  const lowAtMs = lab === undefined ? undefined : turn.world.lowDisks.get(lab);
  if (lowAtMs === undefined) return { kind: "ready" };
  const lookAtMs = lowAtMs + DISK_LOOK_MS;
  if (turn.atMs >= lookAtMs) return { kind: "ready" };
  turn.wake(lookAtMs);
  const isWritten = settingsOf(turn.world, experiment).diskFloor !== undefined;
  const free = `less than ${sizeText(floor)} are free on this disk`;
  const reason = isWritten ? `${free}, its \`disk-floor\`` : free;
  return { kind: "wait", reason };
}

/** Bytes that must be free. */
export const floorOf = (world: World, experiment: Command["experiment"]): number =>
  settingsOf(world, experiment).diskFloor ?? DISK_LEAST_BYTES;

/** `50 GB`; what was written in powers of two is told in powers of ten. */
function sizeText(bytes: number): string {
  const units = ["kB", "MB", "GB", "TB"];
  const power = Math.min(units.length, Math.max(1, Math.floor(Math.log10(bytes) / 3)));
  const number = Number((bytes / 1000 ** power).toPrecision(3));
  return `${number} ${units[power - 1] ?? "TB"}`;
}
