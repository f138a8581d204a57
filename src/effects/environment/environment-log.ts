// Where the output of a runner that builds an environment is kept, and what its end says.
// Building is prepared-environments.ts's.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { AttemptId, CommandId } from "../../base/ids.ts";
import { environmentProgress } from "../../logs/environment-progress.ts";
import { runnerReason, PREPARE_TAIL_BYTES } from "./environment.ts";
import { attemptDir } from "../supervise/attempts.ts";

/** For an attempt that has been claimed. */
export const environmentLog = (lab: string, attempt: AttemptId): string =>
  join(attemptDir(lab, attempt), "environment.log");

/** For a command that waits; it is there while its environment is built. */
export const prefetchLog = (lab: string, command: CommandId): string =>
  join(lab, ".nightlab", "environments", `${command}.log`);

/** How far the building is, or undefined where none goes on. */
export function readEnvironmentProgress(path: string): string | undefined {
  try {
    const file = openSync(path, "r");
    try {
      const { size } = fstatSync(file);
      const bytes = Buffer.alloc(Math.min(size, PREPARE_TAIL_BYTES));
      readSync(file, bytes, 0, bytes.length, size - bytes.length);
      const text = bytes.toString("utf8");
      if (/^\s*(?:error:|Error:|×)/m.test(text)) return `cannot be built: ${runnerReason(text)}`;
      return environmentProgress(text);
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}
