// The hands that look at an experiment's code for commands that were queued, and copy it for those
// that want to run it as it was then. What follows from a change is step's to decide.
import type { ExperimentPath } from "../../base/ids.ts";
import { codeSeen } from "../code/code-hash.ts";
import type { EffectHandlers } from "./effect-handlers.ts";
import { dropSnapshotEnvironments } from "../environment/snapshot-environment.ts";
import { dropSnapshot } from "../code/snapshot-places.ts";
import { takeSnapshot } from "../code/snapshots.ts";

type CodeHandlers = Pick<EffectHandlers, "note-code" | "drop-snapshot">;

/** `warn` tells of files that a run wrote into its copy and that had no other place to go. */
export function codeHandlers(
  warn: (message: string, facts: Readonly<Record<string, unknown>>) => void,
): CodeHandlers {
  /** One look at an experiment after the other: two copies of one command must not mix. */
  const last = new Map<ExperimentPath, Promise<unknown>>();
  const inTurn = async (experiment: ExperimentPath, look: () => Promise<void>): Promise<void> => {
    const before = last.get(experiment);
    const own = (async () => {
      await before?.catch(() => undefined);
      await look();
    })();
    last.set(experiment, own);
    try {
      await own;
    } finally {
      if (last.get(experiment) === own) last.delete(experiment);
    }
  };
  return {
    "note-code": ({ experiment, lab, commands }, post) =>
      inTurn(experiment, async () => {
        const plain = commands.filter(({ snapshot }) => !snapshot).map(({ id }) => id);
        if (plain.length > 0) {
          const code = await codeSeen(experiment);
          post({ kind: "code-noted", experiment, commands: plain, code });
        }
        for (const { id, snapshot } of commands) {
          if (!snapshot) continue;
          const { code, note } = await takeSnapshot(lab, experiment, id);
          post({ kind: "code-noted", experiment, commands: [id], code, snapshot: note });
        }
      }),

    "drop-snapshot": ({ experiment, lab, command }) =>
      inTurn(experiment, async () => {
        try {
          await dropSnapshotEnvironments(lab, experiment, command);
          const left = await dropSnapshot(lab, experiment, command);
          if (left.length > 0) warn("files of a run stay in its snapshot", { command, left });
        } catch (error) {
          warn("a snapshot stays", { command, error: String(error) });
        }
      }),
  };
}
