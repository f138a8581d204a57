// Walks a daemon's lab now and then, and tells what in it looks like an experiment and is not
// followed: the watch of watch.ts never hears of these.
import type { LabPath } from "../../base/ids.ts";
import { surveyLab } from "../run-store/lab-experiments.ts";
import type { Troubles } from "../state/troubles.ts";

/** One walk answers all that happened in the folders within this time. */
const PAUSE_MS = 1_000;
/** A lab of a million files is walked as well, but for this part of the time at most. */
const SHARE = 0.01;

export interface FollowedSurvey {
  /** A folder of the lab changed: walk it soon. */
  readonly touch: () => void;
  readonly close: () => void;
}

/** Tells the troubles of the first walk soon, and those of later ones after `touch`. */
export function followSurvey(
  lab: LabPath,
  troubles: Troubles,
  warn: (message: string, facts: Readonly<Record<string, unknown>>) => void,
): FollowedSurvey {
  let timer: NodeJS.Timeout | undefined;
  let earliestMs = 0;
  let isWalking = false;
  let isClosed = false;
  let isTouched = false;
  const walk = async (): Promise<void> => {
    timer = undefined;
    isWalking = true;
    isTouched = false;
    const fromMs = performance.now();
    const found = await surveyLab(lab);
    const now = performance.now();
    earliestMs = now + (now - fromMs) / SHARE;
    isWalking = false;
    if (isClosed) return;
    troubles.tell({ lab }, "folders", found.troubles);
    if (isTouched) touch();
  };
  const touch = (): void => {
    isTouched = true;
    if (isWalking || isClosed || timer !== undefined) return;
    timer = setTimeout(
      () =>
        void walk().catch((error: unknown) =>
          warn("lab not walked", { lab, error: String(error) }),
        ),
      Math.max(PAUSE_MS, earliestMs - performance.now()),
    ).unref();
  };
  touch();
  return {
    touch,
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
