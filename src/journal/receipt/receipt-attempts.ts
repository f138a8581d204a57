// The receipt's lines on a command's earlier attempts: how each ended, and what the next one
// changed. scheduler/retry.ts decides whether there is another attempt.
import { localStamp, spanText } from "../../base/time.ts";
import type { Command, Run } from "../../domain/world.ts";
import { listed } from "../../base/markdown.ts";
import { codeSpan, markdownLink } from "../../base/markdown-text.ts";
import { causeWords } from "./receipt-cause.ts";
import { logLink } from "../../domain/receipt-flags.ts";

/** One list item for each attempt before the latest: time, duration, cause, changed arguments. */
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
    const link = linkOf(earlier);
    const then = changed === "" ? "" : `; then ${changed}`;
    return `- ${stamp} try ${i + 1}${took}: ${short ?? "ended"}${link}${then}`;
  });
}

/** Link to the log line that shows how it ended, else to the attempt's run folder. */
function linkOf({ outcome, folder }: Run): string {
  if (outcome?.lastLine !== undefined) return ` (${logLink(outcome.lastLine, folder)})`;
  return folder === undefined ? "" : ` (${markdownLink("run", `runs/${folder}`)})`;
}

/** The arguments of the next attempt; for `run:` the run's name comes first. */
function nextArgs({ changedArgs, spec }: Command, last: readonly string[]): readonly string[] {
  const name = spec.verb === "run" ? [spec.target] : [];
  return changedArgs === undefined ? last : [...name, ...changedArgs];
}

/** `--batch-size 32 instead of 64`. */
function changes(before: readonly string[], after: readonly string[]): string {
  const changed = after.flatMap((arg, i) => {
    const old = before[i];
    if (arg === old) return [];
    const option = arg.startsWith("--") ? "" : `${after[i - 1] ?? ""} `;
    return [
      `${codeSpan(`${option}${arg}`)}${old === undefined ? "" : ` instead of ${codeSpan(old)}`}`,
    ];
  });
  return listed(changed);
}
