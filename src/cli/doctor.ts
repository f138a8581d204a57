// `nightlab doctor`: checks what runs depend on, on this machine and in this lab, and says how to
// fix it. The checks are in effects/daemon/health.ts.
import type { Check } from "../effects/daemon/health-lab.ts";
import { checkHealth } from "../effects/daemon/health.ts";
import { stateDir } from "../effects/os/state-dir.ts";
import type { CommandResult } from "./command-result.ts";
import { columns } from "./columns.ts";
import { findLab } from "./lab-world.ts";

/** `nightlab doctor [DIR] [--json]`. Exit code 0: no check is `bad`. 1: some are. */
export async function doctor(
  from: string,
  options: { readonly json: boolean },
): Promise<CommandResult> {
  const lab = findLab(from);
  const checks = await checkHealth({ lab, stateDir: stateDir(), env: process.env });
  const exitCode = checks.some(({ state }) => state === "bad") ? 1 : 0;
  if (options.json) {
    return { text: JSON.stringify({ lab: lab ?? null, checks }, undefined, 2), exitCode };
  }
  return { text: page(checks), exitCode };
}

function page(checks: readonly Check[]): string {
  const rows = columns(checks.map(({ what, state, says }) => [state, what, says]));
  const lines = rows.flatMap((row, i) => {
    const fix = checks[i]?.fix;
    return fix === undefined ? [row] : [row, `        to mend it: ${fix}`];
  });
  const count = (state: Check["state"]): number =>
    checks.filter((one) => one.state === state).length;
  const [bad, warn] = [count("bad"), count("warn")];
  const sum =
    bad > 0
      ? `${bad} to mend before runs go well.`
      : warn > 0
        ? "All that is needed is there."
        : "All is well.";
  return [...lines, "", sum].join("\n");
}
