// Starts the saving process and passes its orders on; what it does is in saver.ts.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface SaveOrder {
  /** `hold` opens for writing and stays so until `finish`, which saves the text and closes. */
  readonly how: "in-place" | "rename-over" | "backup" | "hold" | "finish";
  readonly text: string;
  /** Waits this long first, ms. */
  readonly afterMs: number;
}

export interface Saver {
  readonly pid: number;
  /** Resolves with "saved", or with the error that a person would see. */
  readonly order: (how: SaveOrder["how"], text?: string, afterMs?: number) => Promise<string>;
  readonly end: () => Promise<void>;
}

export async function startSaver(path: string): Promise<Saver> {
  const script = fileURLToPath(new URL("saver.ts", import.meta.url));
  const child = spawn(process.execPath, [script, path], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  await next();
  return {
    pid: child.pid ?? 0,
    order: (how, text = "", afterMs = 0) => {
      child.stdin.write(`${JSON.stringify({ how, text, afterMs })}\n`);
      return next();
    },
    end: async () => {
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    },
  };
}
