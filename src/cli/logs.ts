// `nightlab logs ID [-f]`: prints a run's console output from its first byte, wherever the file is
// now. A file or a pipe gets its bytes, a terminal text that it does not obey.
import { open, stat } from "../effects/os/lab-files.ts";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ENDED } from "../domain/command-state.ts";
import { attemptDir } from "../effects/supervise/attempts.ts";
import type { LabPath } from "../base/ids.ts";
import { runsOf, type Command, type Run } from "../domain/world.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { findCommand, findLab, noLab, notFound, readWorld } from "./lab-world.ts";
import { logText } from "./log-text.ts";

/** Interval between two looks at the file, with `-f`. */
const LOOK_MS = 250;

/**
 * Prints a run's console output; with `follow` until the run has ended. Exit code
 * 0: printed. 1: it never started, so there is none. 2: no lab, no such command, or it is a sweep.
 */
export async function logs(
  target: string,
  from: string,
  options: {
    readonly follow: boolean;
    readonly stdout: Pick<NodeJS.WriteStream, "isTTY" | "write">;
  },
): Promise<CommandResult> {
  const lab = findLab(from);
  if (lab === undefined) return refused(noLab(from));
  const world = readWorld(lab);
  const named = findCommand(world, target);
  if (named === undefined) return refused(notFound(world, target));
  const { id, members } = named;
  if (members !== undefined) {
    const ids = `${members[0] ?? id} to ${members.at(-1) ?? id}`;
    return refused(`${id} is a sweep: name one of its ${members.length} runs, ${ids}.`);
  }
  const { stdout } = options;
  const text = stdout.isTTY ? logText() : undefined;
  const print = (bytes: Uint8Array): void =>
    void stdout.write(text === undefined ? bytes : text.next(bytes));
  let position = 0;
  let attempt = "";
  for (;;) {
    const command = readWorld(lab).commands.get(id);
    const ended = command === undefined || ENDED.has(command.state);
    const run = command === undefined ? undefined : runsOf(command).at(-1);
    const path =
      command === undefined || run === undefined ? undefined : await consoleOf(lab, command, run);
    // Each attempt has a console file of its own.
    if (run !== undefined && run.attempt !== attempt) position = 0;
    attempt = run?.attempt ?? attempt;
    if (path !== undefined) position = await printFrom(path, position, print);
    if (ended && path === undefined) {
      return { text: `${target} printed nothing: it never started`, exitCode: 1 };
    }
    if (ended || !options.follow) return { text: text?.end() ?? "", exitCode: 0 };
    await pause(LOOK_MS);
  }
}

/**
 * The console file of an attempt: in the attempt's folder while it runs, later in the run's folder
 * under one of two names; while its environment is prepared, the log of that.
 */
async function consoleOf(lab: LabPath, command: Command, run: Run): Promise<string | undefined> {
  const dir = attemptDir(lab, run.attempt);
  const inRun =
    run.folder === undefined
      ? []
      : [`console-${run.attempt}.log`, "console.log"].map((name) =>
          join(command.experiment, "runs", run.folder ?? "", "logs", name),
        );
  for (const path of [join(dir, "console.log"), ...inRun, join(dir, "prepare.log")]) {
    // Any failure: the next place is looked at.
    if ((await stat(path).catch(() => undefined))?.isFile() === true) return path;
  }
  return undefined;
}

/** Prints a file from `position` to its end; returns the new position. */
async function printFrom(
  path: string,
  position: number,
  print: (bytes: Uint8Array) => void,
): Promise<number> {
  const file = await open(path);
  try {
    const buffer = new Uint8Array(1 << 16);
    let at = position;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) return at;
      print(buffer.slice(0, bytesRead));
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}
