// A program in a terminal multiplexer: keys go in as a person types them, and its screen is read.
// Which editor it is, and what its dialogues ask, stands in editors.ts.
import { execFile } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

export interface Terminal {
  /** Names of keys as tmux knows them: `Escape`, `C-s`, `Enter`. */
  readonly keys: (...names: readonly string[]) => Promise<void>;
  /** Characters as they are, in small portions with pauses as a quick typist makes them. */
  readonly type: (text: string) => Promise<void>;
  readonly screen: () => Promise<string>;
  readonly close: () => Promise<void>;
}

const run = promisify(execFile);
const PORTION = 8;
const PORTION_MS = 25;

/** Starts a program in a terminal of its own; `name` must be unique on this machine. */
export async function openTerminal(
  name: string,
  argv: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Terminal> {
  const tmux = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run("tmux", ["-L", name, "-f", "/dev/null", ...args]);
    return stdout;
  };
  const env = Object.entries(options.env).flatMap(([key, value]) => ["-e", `${key}=${value}`]);
  const size = ["-x", "110", "-y", "45"];
  await tmux("new-session", "-d", "-s", "main", ...size, "-c", options.cwd, ...env, ...argv);
  // Otherwise Escape and the next key would be read as one with Alt.
  await tmux("set-option", "-s", "escape-time", "0");
  return {
    async keys(...names) {
      for (const key of names) {
        await tmux("send-keys", "-t", "main", key);
        await pause(PORTION_MS);
      }
    },
    async type(text) {
      for (let i = 0; i < text.length; i += PORTION) {
        await tmux("send-keys", "-t", "main", "-l", "--", text.slice(i, i + PORTION));
        await pause(PORTION_MS);
      }
    },
    screen: () => tmux("capture-pane", "-p", "-t", "main"),
    async close() {
      await tmux("kill-server").catch(() => undefined);
    },
  };
}
