// Where this machine's state is kept, according to the XDG base directory specification. It holds
// the ledger and what can be rebuilt from it.
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** `$NIGHTLAB_STATE_DIR`, else `$XDG_STATE_HOME/nightlab`, else `~/.local/state/nightlab`. */
export function stateDir(env: NodeJS.ProcessEnv = process.env): string {
  const own = env["NIGHTLAB_STATE_DIR"];
  if (own !== undefined && own !== "") return resolve(own);
  const xdg = env["XDG_STATE_HOME"];
  const base = xdg !== undefined && xdg !== "" ? xdg : join(homedir(), ".local", "state");
  return join(base, "nightlab");
}
