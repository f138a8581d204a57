// What the tests of runs share: a lab in a folder with an awkward name, scripts, and waiting on
// conditions. It starts nothing by itself.
import { mkdtempSync, mkdirSync, existsSync, writeFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { attemptId, commandId } from "../../src/base/ids.ts";
import type { AttemptSpec } from "../../src/domain/run.ts";

/** Spaces, quotes, a substitution, a line end and letters beyond ASCII, all at once. */
export const AWKWARD = `a b'c"d $(touch pwned) é\nλ`;

export interface Bench {
  readonly lab: string;
  readonly experiment: string;
  write(name: string, text: string): void;
  spec(number: number, changes?: Partial<AttemptSpec>): AttemptSpec;
  remove(): void;
}

/** A fresh lab with one experiment; both folders have awkward names. */
export function makeBench(): Bench {
  const root = mkdtempSync(join(tmpdir(), "nightlab-runs-"));
  const lab = join(root, AWKWARD);
  const experiment = join(lab, `ex ${AWKWARD}`);
  mkdirSync(experiment, { recursive: true });
  return {
    lab,
    experiment,
    write: (name, text) => {
      writeFileSync(join(experiment, name), text);
    },
    spec: (number, changes = {}) => ({
      attempt: attemptId(`k7f3-${number}`),
      command: commandId("k7f3"),
      verb: "run",
      name: "de-risk",
      lab,
      experiment,
      script: "train.py",
      args: ["de-risk"],
      env: {},
      limitMs: 60_000,
      ...changes,
    }),
    remove: () => {
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Waits until `look` gives something, and fails with `what` after the deadline. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = 15_000,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited ${deadlineMs} ms for: ${what}`);
    await wait(10);
  }
}

/** The real uv: NIGHTLAB_UV, the checkout's own copy, or the one on PATH. */
export function realUv(): string {
  const own = fileURLToPath(new URL("../../.tools/uv/bin/uv", import.meta.url));
  const onPath = (process.env["PATH"] ?? "").split(delimiter).map((dir) => join(dir, "uv"));
  const found = [process.env["NIGHTLAB_UV"] ?? "", own, ...onPath].find(
    (path) => path !== "" && existsSync(path),
  );
  if (found === undefined) throw new Error("no uv: npm run setup brings one");
  return found;
}
