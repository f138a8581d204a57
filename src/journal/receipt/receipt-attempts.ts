// What a receipt says of the tries of a command before the latest: how each ended, what it changed.
// Whether there is another try is decided in scheduler/retry.ts.
import { localStamp, spanText } from "../../base/time.ts";
import type { Command, Run } from "../../domain/world.ts";
import { listed } from "../../base/markdown.ts";
import { codeSpan, markdownLink } from "../../base/markdown-text.ts";
import { causeWords } from "./receipt-cause.ts";
import { logLink } from "../../domain/receipt-flags.ts";

/** How tries of one command before the latest ended, and what each changed. */
export function earlierAttempts(command: Command, timeZone: string): readonly string[] {
  const { earlierRuns = [], run } = command;
  return earlierRuns.map((earlier, i) => {
    const { outcome, startedAtMs, claimedAtMs, endedAtMs } = earlier;
    const stamp = localStamp(startedAtMs ?? claimedAtMs, timeZone).slice(11);
    const took =
      startedAtMs === undefined || endedAtMs === undefined || outcome?.ending === "lost"
        ? ""
        : `, ${spanText(endedAtMs - startedAtMs)}`;
    const short = outcome === undefined ? undefined : causeWords(command, outcome).short;
    const next =
      earlierRuns[i + 1]?.spec.args ?? run?.spec.args ?? nextArgs(command, earlier.spec.args);
    const changed = changes(earlier.spec.args, next);
    const link = whereOf(earlier);
    const then = changed === "" ? "" : `; then ${changed}`;
    return `- ${stamp} try ${i + 1}${took}: ${short ?? "ended"}${link}${then}`;
  });
}

/** The line that shows how it ended, else the run's folder: each try has its own. */
function whereOf({ outcome, folder }: Run): string {
  if (outcome?.lastLine !== undefined) return ` (${logLink(outcome.lastLine, folder)})`;
  return folder === undefined ? "" : ` (${markdownLink("run", `runs/${folder}`)})`;
}

/** The arguments of the try to come; a run's name stands before those of its command. */
function nextArgs({ changedArgs, spec }: Command, last: readonly string[]): readonly string[] {
  const name = spec.verb === "run" ? [spec.target] : [];
  return changedArgs === undefined ? last : [...name, ...changedArgs];
}

/** `--batch-size 32 instead of 64`. */
function changes(before: readonly string[], after: readonly string[]): string {
  const said = after.flatMap((arg, i) => {
    const old = before[i];
    if (arg === old) return [];
    const option = arg.startsWith("--") ? "" : `${after[i - 1] ?? ""} `;
    return [
      `${codeSpan(`${option}${arg}`)}${old === undefined ? "" : ` instead of ${codeSpan(old)}`}`,
    ];
  });
  return listed(said);
}
