// Follows each lab's nightlab.yaml and posts the settings in force. run-store/lab-settings.ts says
// which ones those are; here is when to look, and how long trouble must last to be told.
import { statSync } from "node:fs";
import { join } from "node:path";
import { POLL_MS } from "../../base/limits.ts";
import type { LabPath } from "../../base/ids.ts";
import { TORN_WAIT_MS } from "../os/stable-read.ts";
import { keepGoodSettings, lastGoodSettings } from "../run-store/good-settings.ts";
import { lookAtSettings, type SettingsLook } from "../run-store/lab-settings.ts";
import type { Post } from "./effect-handlers.ts";
import type { LabStanding } from "./lab-states.ts";

/** Trouble is told once it has lasted this long: most saves that are seen half done take less. */
const TROUBLE_TOLD_MS = TORN_WAIT_MS;
/** Trouble that does not end by time alone is looked at again after this long. */
const TROUBLE_LOOK_MS = 1_000;

export interface WatchedSettings {
  /** Posts the settings in force; waits for a save that was under way, TORN_WAIT_MS at most. */
  open(): Promise<void>;
  /** The file may have changed. */
  touch(): void;
  /** What is known of the lab beside its settings may have changed. */
  standingChanged(): void;
  close(): void;
}

export interface WatchedSettingsParts {
  readonly lab: LabPath;
  readonly post: Post;
  readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void;
  readonly stateDir: string;
  readonly timeZone: string;
  /** What is posted with the settings: how far the lab is trusted. */
  readonly standing: () => LabStanding;
}

/** Watches the settings of one lab, from `open` on. */
export function watchSettings(parts: WatchedSettingsParts): WatchedSettings {
  const { lab, post, warn, stateDir, timeZone, standing } = parts;
  let good: string | undefined;
  /** What was found and posted last, and since when the file does not count. */
  let last: SettingsLook["inForce"] | undefined;
  let posted: string | undefined;
  let troubleSinceMs: number | undefined;
  let stamp = "";
  let timer: NodeJS.Timeout | undefined;
  let turn = Promise.resolve();
  let closed = false;

  const accept = async (text: string): Promise<void> => {
    if (text === good) return;
    // Before anything follows from it: what may start by it, a restart must know of, too.
    await keepGoodSettings(stateDir, lab, text).catch((error: unknown) =>
      warn("the last good settings are not kept", { lab, error: String(error) }),
    );
    good = text;
  };
  const postLook = ({ inForce }: Pick<SettingsLook, "inForce">): void => {
    last = inForce;
    const event = { kind: "lab-opened", lab, ...inForce, ...standing() } as const;
    const said = JSON.stringify(event);
    if (said === posted) return;
    posted = said;
    post(event);
  };
  const lookLater = (ms: number): void => {
    if (closed) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      turn = turn.then(look);
    }, ms).unref();
  };
  const look = async (): Promise<void> => {
    if (closed) return;
    stamp = stampOf(lab);
    const found = await lookAtSettings(lab, timeZone, good);
    if (found.good !== undefined) {
      await accept(found.good);
      postLook(found);
      troubleSinceMs = undefined;
      return;
    }
    troubleSinceMs ??= Date.now();
    const isTold = Date.now() - troubleSinceMs >= TROUBLE_TOLD_MS;
    if (isTold) postLook(found);
    const { againMs = isTold ? POLL_MS : TROUBLE_LOOK_MS } = found;
    lookLater(againMs);
  };
  const poll = setInterval(() => {
    if (posted !== undefined && stampOf(lab) !== stamp) lookLater(0);
  }, POLL_MS).unref();
  return {
    async open() {
      good = await lastGoodSettings(stateDir, lab);
      stamp = stampOf(lab);
      const deadline = Date.now() + TORN_WAIT_MS;
      let found = await lookAtSettings(lab, timeZone, good);
      while (found.againMs !== undefined && Date.now() < deadline) {
        const ms = found.againMs;
        await new Promise((resolve) => setTimeout(resolve, ms));
        found = await lookAtSettings(lab, timeZone, good);
      }
      if (found.good !== undefined) await accept(found.good);
      postLook(found);
      if (found.good === undefined) lookLater(TROUBLE_LOOK_MS);
    },
    touch: () => lookLater(0),
    standingChanged() {
      if (last !== undefined) postLook({ inForce: last });
    },
    close() {
      closed = true;
      clearInterval(poll);
      clearTimeout(timer);
    },
  };
}

/** Changes with the file, its rights and its absence. */
function stampOf(lab: LabPath): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(join(lab, "nightlab.yaml"));
    return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  } catch (error) {
    return String(error);
  }
}
