// The environment in which every git is started: one that names no repository and no program.
import { delimiter, isAbsolute } from "node:path";

/** Timeout: git takes milliseconds on a warm disk, and a start must not wait for a network disk. */
export const GIT_MS = 5_000;

/** What a person's environment may say to git: where its programs and the user's settings are. */
const KEPT: ReadonlySet<string> = new Set([
  "GIT_EXEC_PATH",
  "GIT_CONFIG_GLOBAL",
  "GIT_CONFIG_SYSTEM",
  "GIT_CONFIG_NOSYSTEM",
]);

/** The process's environment without git's variables, and with those that keep it quiet. */
export function gitEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith("GIT_") || KEPT.has(name),
  );
  const { PATH = "" } = process.env;
  return {
    ...Object.fromEntries(kept),
    // A relative entry would be looked for in the folder that git is started in.
    PATH: PATH.split(delimiter).filter(isAbsolute).join(delimiter),
    GIT_OPTIONAL_LOCKS: "0",
    GIT_TERMINAL_PROMPT: "0",
    // A partial clone fetches missing objects by the programs that its configuration names.
    GIT_NO_LAZY_FETCH: "1",
    GIT_ALLOW_PROTOCOL: "none",
    LC_ALL: "C",
  };
}
