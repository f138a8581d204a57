// Effect handlers for an experiment's code: hash it when commands are queued, and copy it for
// commands with `snapshot`. The scheduler decides what follows from a change.
import type { ExperimentPath } from "../../base/ids.ts";
import { codeSeen } from "../code/code-hash.ts";
import type { EffectHandlers } from "./effect-handlers.ts";
import { dropSnapshotEnvironments } from "../environment/snapshot-environment.ts";
import { dropSnapshot } from "../code/snapshot-places.ts";
import { takeSnapshot } from "../code/snapshots.ts";

type CodeHandlers = Pick<EffectHandlers, "note-code" | "drop-snapshot">;

/**
 * The effect handlers for code. `warn` gets snapshots that could not be removed, and files that a
 * run wrote into its snapshot and that stay there for want of another place.
 */
export function codeHandlers(
  warn: (message: string, facts: Readonly<Record<string, unknown>>) => void,
): CodeHandlers {
  /** The last work queued for each experiment. */
  const last = new Map<ExperimentPath, Promise<unknown>>();
  /** One at a time for each experiment: two copies for one command must not mix. */
  const inTurn = async (experiment: ExperimentPath, work: () => Promise<void>): Promise<void> => {
    const before = last.get(experiment);
    const own = (async () => {
      // Any failure: it was told; the next in turn goes on.
      await before?.catch(() => undefined);
      await work();
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
