// Which settings of a lab are in force: those of nightlab.yaml where it is whole and without a
// problem, else the last ones that were. What cannot be read permits nothing that they do not.
import type { Mistake } from "../base/problem.ts";
import type { LabSettings } from "../domain/lab-settings.ts";
import { readLabSettings } from "./lab.ts";

export interface SettingsInForce {
  /** Absent: the file has never been whole and without a problem, so nothing of the lab starts. */
  readonly settings?: LabSettings;
  readonly problems: readonly Mistake[];
}

/**
 * The settings in force where nightlab.yaml does not count, and why it does not.
 *
 * @param good the last text that was whole and without a problem
 */
export function insteadOf(
  problems: readonly Mistake[],
  good: string | undefined,
  timeZone: string,
): SettingsInForce {
  const last = good === undefined ? undefined : readLabSettings(good, timeZone);
  // A newer nightlab may see a problem where an older one saw none.
  const settings = last?.problems.length === 0 ? last.value : undefined;
  if (problems.length === 0) return { ...(settings && { settings }), problems };
  const message =
    settings === undefined
      ? "nothing of this lab starts before that is mended"
      : "the settings before it hold until that is mended";
  return { ...(settings && { settings }), problems: [...problems, { message }] };
}
