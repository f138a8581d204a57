// Reads a page that somebody may be saving at this moment, and waits for the save within a bound.
// What a settled version is, is stable-read.ts.
import { setTimeout as pause } from "node:timers/promises";
import { readSettled } from "./stable-read.ts";

/** An editor that saves the page or the journal is waited for: a little over TORN_WAIT_MS. */
const REPORT_BUSY_MS = 12_000;

export type RetriedRead =
  /** `text` is undefined where there is no file. */
  | { readonly kind: "page"; readonly text: string | undefined }
  | { readonly kind: "refused"; readonly why: string };

const STEP_MS = 200;

/** A whole version of the file. Waits REPORT_BUSY_MS at most; never rejects. */
export async function readWithRetry(path: string): Promise<RetriedRead> {
  for (let waitedMs = 0; ; waitedMs += STEP_MS) {
    const read = await readSettled(path);
    switch (read.kind) {
      case "text":
        return { kind: "page", text: read.text };
      case "absent":
        return { kind: "page", text: undefined };
      case "unreadable":
        return { kind: "refused", why: read.why };
      case "busy":
        if (waitedMs >= REPORT_BUSY_MS) return { kind: "refused", why: read.why };
        await pause(STEP_MS);
    }
  }
}
