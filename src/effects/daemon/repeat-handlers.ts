// Handles a request of `nightlab repeat`: restores the run's code, posts the repeat, and answers
// with the new command or with why there is none. The scheduler queues it.
import { NAME_CHARS } from "../../base/limits.ts";
import { experimentPath, mintCommandId, RUN_FOLDER, type LabPath } from "../../base/ids.ts";
import type { World } from "../../domain/world.ts";
import type { Post } from "./effect-handlers.ts";
import { answerRequest, type RepeatAnswer, type RepeatRequest } from "../state/requests.ts";
import { restoreRun } from "../repeat/restore-run.ts";
import { listRunFolders } from "../supervise/run-folders.ts";

/** How many names (`full-repeat`, `full-repeat-2`, …) are considered for a repeated run. */
const REPEAT_NAMES = 1_000;

export interface RepeatParts {
  readonly lab: LabPath;
  /** The lab's part of the state folder, where the answer goes. */
  readonly state: string;
  readonly world: World;
  readonly post: Post;
  /** ms since 1970. */
  readonly now: () => number;
}

/** Executes a request and answers it; never rejects. */
export async function startRepeat(parts: RepeatParts, request: RepeatRequest): Promise<void> {
  const answer = await repeat(parts, request).catch((error: unknown): RepeatAnswer => ({
    why: error instanceof Error ? error.message : String(error),
  }));
  answerRequest(parts.state, "repeat", request.id, answer);
}

async function repeat(
  { lab, world, post, now }: RepeatParts,
  { experiment, folder, id: asked }: RepeatRequest,
): Promise<RepeatAnswer> {
  const path = experimentPath(experiment);
  if (world.experiments.get(path)?.lab !== lab) {
    return { why: `${experiment} is no experiment of this lab` };
  }
  const names = new Set(
    (await listRunFolders(experiment)).map((run) => RUN_FOLDER.exec(run)?.[2] ?? ""),
  );
  for (const command of world.commands.values()) {
    if (command.experiment === path) names.add(command.spec.target);
  }
  const id = mintCommandId(`repeat ${experiment}\n${folder}\n${asked}\n${now()}`, (taken) =>
    world.commands.has(taken),
  );
  const nameFor = (name: string): string => repeatName(name, names);
  const restored = await restoreRun({ lab, experiment, folder, id, nameFor });
  if (restored.kind === "refused") return { why: restored.why };
  const { spec, source, repeats, code, from } = restored;
  post({ kind: "repeat-asked", id, experiment: path, spec, source, repeats, code });
  return { command: id, name: spec.target, of: repeats.id, from, differs: repeats.differs };
}

/**
 * The name of a run that repeats `full` or one of its repeats: `full-repeat`, or the first of
 * `full-repeat-2`, … that is not taken. `full-repeat` again if all REPEAT_NAMES are taken.
 */
export function repeatName(name: string, taken: ReadonlySet<string>): string {
  const base = `${name.replace(/-repeat(?:-\d+)?$/, "").slice(0, NAME_CHARS - 12)}-repeat`;
  for (let n = 2; taken.has(base) && n < REPEAT_NAMES; n += 1) {
    if (!taken.has(`${base}-${n}`)) return `${base}-${n}`;
  }
  return base;
}
