// What nightlab cannot read, has lost or finds broken in a lab, as `status`, `doctor` and STATUS.md
// tell it. effects/state/troubles.ts keeps what a daemon found.
import { defined } from "../base/defined.ts";

export interface Trouble {
  /** A path within the lab, such as `one/JOURNAL.md`; `.` is the lab itself. */
  readonly where: string;
  /** What is the matter, as the rest of a sentence: `is not read: it is a folder`. */
  readonly says: string;
  /** The way out, if there is one: a command to copy, or what to do. */
  readonly fix?: string;
}

/** A file that is not read, and so is as if it were not there. */
export const unreadTrouble = (
  where: string,
  { why, fix }: { readonly why: string; readonly fix?: string },
): Trouble => ({
  where,
  says: `is not read, and nothing is done for it: ${why}`,
  ...defined({ fix }),
});
