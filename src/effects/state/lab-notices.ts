// What the person of a lab has to know of it, by its record: that it is not trusted, or that it
// looks like a lab that was moved or copied. Shown by `status`, in LAB.md and in the daemon's log.
import type { LabPath } from "../../base/ids.ts";
import { shellWord } from "../../base/shell-word.ts";
import type { LabRecord } from "./lab-records.ts";

/** What a lab's record has to tell: a line each. */
export function noticesFor(lab: LabPath, record: LabRecord): readonly string[] {
  const trust = `nightlab trust ${shellWord(lab)}`;
  if (record.asked !== undefined) {
    return [
      `moved or copied? This folder is not the one that was the lab ${record.path}, but has its ` +
        `name or id: \`${trust} --moved\` goes on with it, \`${trust} --copied\` makes it a lab of ` +
        "its own. Until then nothing starts",
    ];
  }
  if (record.trusted) return [];
  const whence =
    record.copyOf === undefined ? "was not made on this machine" : `is a copy of ${record.copyOf}`;
  return [
    `this lab ${whence}: what it asks to run is held until you let it go, one by one, or all ` +
      `from now on: \`${trust}\``,
  ];
}
