// Where the output of an environment's build is kept, and the progress that its end shows.
// prepared-environments.ts writes it.
import { closeSync, fstatSync, readSync } from "node:fs";
import { join } from "node:path";
import type { AttemptId, CommandId } from "../../base/ids.ts";
import { environmentProgress } from "../../logs/environment-progress.ts";
import { runnerReason, PREPARE_TAIL_BYTES } from "./environment.ts";
import { openSync } from "../os/lab-files.ts";
import { attemptDir } from "../supervise/attempts.ts";

/** Log of the build for an attempt. */
export const environmentLog = (lab: string, attempt: AttemptId): string =>
  join(attemptDir(lab, attempt), "environment.log");

/** Log of the build for a waiting command; it exists while the environment is being built. */
export const prefetchLog = (lab: string, command: CommandId): string =>
  join(lab, ".nightlab", "environments", `${command}.log`);

/** How far a build is, or why it failed; undefined where the log is missing or says nothing. */
export function readEnvironmentProgress(path: string): string | undefined {
  try {
    const file = openSync(path);
    try {
      const { size } = fstatSync(file);
      const bytes = Buffer.alloc(Math.min(size, PREPARE_TAIL_BYTES));
      readSync(file, bytes, 0, bytes.length, size - bytes.length);
      const text = bytes.toString("utf8");
      if (/^[ \t]*(?:error:|Error:|×)/m.test(text)) return `cannot be built: ${runnerReason(text)}`;
      return environmentProgress(text);
    } finally {
      closeSync(file);
    }
  } catch {
    // Any failure: `status` shows no progress.
    return undefined;
  }
}
