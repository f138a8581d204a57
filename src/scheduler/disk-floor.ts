// `disk-floor:` of nightlab.yaml: nothing of a lab starts while its disk has less free space than
// that. The disk is checked when a command's turn has come, and again DISK_LOOK_MS later.
import type { CommandId } from "../base/ids.ts";
import { settingsOf, type Command, type World } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";
import { READY, type Readiness } from "./readiness.ts";

/** The floor of a lab without `disk-floor:`, so that at least the run's record can be written. */
const DISK_LEAST_BYTES = 10e6;
/** A disk that was too full for a start is checked again after this long. */
const DISK_LOOK_MS = 60_000;

/** Notes that the disk of a command's lab was found too full for its start. */
export function onDiskLow({ world, atMs }: Turn, id: CommandId): void {
  const command = world.commands.get(id);
  const lab = command && world.experiments.get(command.experiment)?.lab;
  if (lab !== undefined) world.lowDisks.set(lab, atMs);
}

/** Makes a command wait where its lab's disk was found too full less than DISK_LOOK_MS ago. */
export function roomFor(turn: Turn, { experiment }: Command): Readiness {
  const floor = floorOf(turn.world, experiment);
  const lab = turn.world.experiments.get(experiment)?.lab;
  const lowAtMs = lab === undefined ? undefined : turn.world.lowDisks.get(lab);
  if (lowAtMs === undefined) return READY;
  const lookAtMs = lowAtMs + DISK_LOOK_MS;
  if (turn.atMs >= lookAtMs) return READY;
  turn.wake(lookAtMs);
  const isWritten = settingsOf(turn.world, experiment).diskFloor !== undefined;
  const free = `less than ${sizeText(floor)} are free on this disk`;
  const reason = isWritten ? `${free}, its \`disk-floor\`` : free;
  return { kind: "wait", reason };
}

/** Bytes that must be free on the disk of an experiment. */
export const floorOf = (world: World, experiment: Command["experiment"]): number =>
  settingsOf(world, experiment).diskFloor ?? DISK_LEAST_BYTES;

/** `50 GB`, in powers of ten even where it was written in powers of two. */
function sizeText(bytes: number): string {
  const units = ["kB", "MB", "GB", "TB"];
  const power = Math.min(units.length, Math.max(1, Math.floor(Math.log10(bytes) / 3)));
  const number = Number((bytes / 1000 ** power).toPrecision(3));
  return `${number} ${units[power - 1] ?? "TB"}`;
}
