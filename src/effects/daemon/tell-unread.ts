// Tells what cannot be read in a daemon's labs while the daemon goes on, until it can be read again.
import { relative, sep } from "node:path";
import { labPath, type LabPath } from "../../base/ids.ts";
import { onUnread } from "../os/unread.ts";
import type { Troubles } from "../state/troubles.ts";
import type { AttemptPlace } from "../supervise/attempts.ts";

/**
 * Tells of each file that something goes on without: in its lab, or in all of them where it is the
 * machine's. The returned function ends that.
 */
export function tellUnread(labs: readonly LabPath[], troubles: Troubles): () => void {
  return onUnread((path, why, step) => {
    const owners = labs.filter((lab) => path.startsWith(lab + sep));
    for (const lab of owners.length > 0 ? owners : labs) {
      const where = owners.length > 0 ? relative(lab, path) : path;
      const says = `cannot be read, and what it holds is left out: ${why}`;
      troubles.tell({ lab }, `${step} ${path}`, why === undefined ? [] : [{ where, says }]);
    }
  });
}

/** Tells of an attempt whose folder cannot be read; `why` undefined: it can again. */
export function tellUnreadAttempt(
  troubles: Troubles,
  { lab, attempt }: AttemptPlace,
  why: string | undefined,
): void {
  const where = `.nightlab/attempts/${attempt}`;
  const says = `cannot be read, so that its run neither starts nor ends: ${why}`;
  const told = why === undefined ? [] : [{ where, says }];
  troubles.tell({ lab: labPath(lab) }, `attempt ${attempt}`, told);
}
