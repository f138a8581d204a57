// Waits for a folder to change, or for a timeout: a change event comes sooner than the next poll.
// For a folder that cannot be watched, only the timeout counts.
import { watch } from "node:fs";

/** Resolves when the folder changes, after `ms` at the latest, or when aborted. Never rejects. */
export async function folderChanged(path: string, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const cleanups: (() => void)[] = [];
    const done = (): void => {
      for (const cleanup of cleanups.splice(0)) cleanup();
      resolve();
    };
    const timer = setTimeout(done, ms);
    cleanups.push(() => clearTimeout(timer));
    signal.addEventListener("abort", done, { once: true });
    cleanups.push(() => signal.removeEventListener("abort", done));
    try {
      const watcher = watch(path, done);
      watcher.on("error", done);
      cleanups.push(() => watcher.close());
    } catch {
      // Any failure: it does not exist yet or cannot be watched; wait for the timeout.
    }
  });
}
