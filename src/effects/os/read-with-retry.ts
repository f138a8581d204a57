// Reads a page that somebody may be saving right now, and waits for the save to finish, up to a
// limit. stable-read.ts decides what counts as a complete version.
import { setTimeout as pause } from "node:timers/promises";
import { readSettled } from "./stable-read.ts";

/** How long to wait for a save: a little over TORN_WAIT_MS, when a short text is believed. */
const SAVE_WAIT_MS = 12_000;

export type RetriedRead =
  /** `text` is undefined where there is no file. */
  | { readonly kind: "page"; readonly text: string | undefined }
  | { readonly kind: "refused"; readonly why: string };

const POLL_MS = 200;

/** Reads a complete version of a text file. Waits SAVE_WAIT_MS at most; never rejects. */
export async function readWithRetry(path: string): Promise<RetriedRead> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const read = await readSettled(path);
    switch (read.kind) {
      case "text":
        return { kind: "page", text: read.text };
      case "absent":
        return { kind: "page", text: undefined };
      case "unreadable":
        return { kind: "refused", why: read.why };
      case "busy":
        if (waitedMs >= SAVE_WAIT_MS) return { kind: "refused", why: read.why };
        await pause(POLL_MS);
    }
  }
}
