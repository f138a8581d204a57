// Where this machine's state is kept, by the XDG rules.
// What is in it belongs to the ledger and to what can be rebuilt.
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
