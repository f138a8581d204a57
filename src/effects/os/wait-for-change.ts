// Waiting for a folder to change, or for some time to pass: the kernel tells sooner than a poll.
// A folder that cannot be watched is only waited for by time.
import { watch } from "node:fs";

/** Resolves at the folder's next change, or after `ms` at the latest, or when aborted. */
export async function folderChanged(path: string, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const ends: (() => void)[] = [];
    const done = (): void => {
      for (const end of ends.splice(0)) end();
      resolve();
    };
    const timer = setTimeout(done, ms);
    ends.push(() => clearTimeout(timer));
    signal.addEventListener("abort", done, { once: true });
    ends.push(() => signal.removeEventListener("abort", done));
    try {
      const watcher = watch(path, done);
      watcher.on("error", done);
      ends.push(() => watcher.close());
    } catch {
      // Not there yet, or no watch to be had: the timer serves.
    }
  });
}
