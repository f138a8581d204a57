// Variables whose values stay on this machine: a dotenv file of its owner, outside any lab, so that
// git brings none and takes none along. Commands name them; their values reach the script only.
import { readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { listed } from "../../base/markdown.ts";
import { errorCode } from "../os/error-code.ts";

/** A larger file holds something else than variables. */
const PRIVATE_FILE_BYTES = 2 ** 20;

export type PrivateEnv =
  | { readonly kind: "values"; readonly values: Readonly<Record<string, string>> }
  /** `message`: what is missing, and how to add it. */
  | { readonly kind: "missing"; readonly message: string };

/** `$XDG_CONFIG_HOME/nightlab/env`, else `~/.config/nightlab/env`. */
export function privateFile(env: NodeJS.ProcessEnv = process.env): string {
  const xdg = env["XDG_CONFIG_HOME"];
  const base = xdg !== undefined && xdg !== "" ? xdg : join(env["HOME"] ?? homedir(), ".config");
  return join(base, "nightlab", "env");
}

const missing = (message: string): PrivateEnv => ({ kind: "missing", message });

/** Lines to add to the file. */
const linesFor = (names: readonly string[]): string => listed(names.map((name) => `\`${name}=…\``));

/**
 * The values of these variables. A file that others may read, or that another user owns, is
 * refused. `env` says where the file is. Never rejects.
 */
export async function privateValues(
  names: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<PrivateEnv> {
  if (names.length === 0) return { kind: "values", values: {} };
  const path = privateFile(env);
  try {
    const facts = await stat(path);
    if (!facts.isFile()) return missing(`${path} is no file`);
    if (facts.size > PRIVATE_FILE_BYTES) return missing(`${path} is larger than 1 MB`);
    const user = process.getuid?.();
    if (user !== undefined && facts.uid !== user) {
      return missing(`${path} belongs to another user: make one of your own`);
    }
    if ((facts.mode & 0o077) !== 0) {
      return missing(`others may read ${path}: \`chmod 600 ${path}\`, then start this`);
    }
    const all = parseEnv(await readFile(path, "utf8"));
    const absent = names.filter((name) => !Object.hasOwn(all, name));
    if (absent.length > 0) {
      return missing(
        `${listed(absent)} is not in ${path}: add ${linesFor(absent)}, then start this`,
      );
    }
    return {
      kind: "values",
      values: Object.fromEntries(names.map((name) => [name, all[name] ?? ""])),
    };
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return missing(
        `there is no ${path}: write ${linesFor(names)} into it, \`chmod 600\` it, then start this`,
      );
    }
    return missing(
      `Cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
