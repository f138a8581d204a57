// One hostile lab through `watch`, `rebuild`, `status` and `doctor`: nothing outside of it changes,
// no program of its own runs, and nightlab neither hangs nor crashes.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { plantLab } from "./hostile-lab.ts";
import { differences, startTraced, worldOf, type TracedRun } from "./watched-world.ts";

/** How long a daemon is watched after it has read the lab, and after the lab was disturbed. */
const WATCHED_MS = 1_500;
/** A command that has not ended by then hangs. */
const HANGS_MS = 90_000;

/** What nightlab itself may change. */
const OWN = new Set(["lab", "state", "tmp", "traces", "repositories"]);

/** Rejects with the seed and everything that went wrong. */
export async function judgeLab(seed: number): Promise<void> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "nightlab-hostile-")));
  try {
    const wrong = await troublesOf(root, seed);
    assert.deepEqual(wrong, [], `seed ${seed}`);
  } finally {
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function troublesOf(root: string, seed: number): Promise<readonly string[]> {
  for (const folder of ["home", "tmp", "traces", "state", "repositories"])
    mkdirSync(join(root, folder));
  const planted = plantLab(root, seed);
  const { lab, ran } = planted;
  const env = {
    ...process.env,
    HOME: join(root, "home"),
    TMPDIR: join(root, "tmp"),
    NIGHTLAB_STATE_DIR: join(root, "state"),
    NIGHTLAB_LOG_LEVEL: "debug",
    NIGHTLAB_UV: process.env["NIGHTLAB_UV"] ?? "/usr/bin/uv",
  };
  const repository = existsSync(join(lab, ".git")) ? [join(lab, ".git")] : [];
  const before = worldOf(root, OWN);
  const gitBefore = repository.map((path) => worldOf(path, new Set()));
  const wrong: string[] = [];
  const start = (...words: readonly string[]) =>
    startTraced(words, { cwd: root, env, trace: join(root, "traces", words[0] ?? "") });

  const daemon = start("watch", lab);
  const over = new AbortController();
  void daemon.ended.then(() => over.abort());
  const isOver = (): boolean => over.signal.aborted;
  const until = async (look: () => boolean): Promise<boolean> => {
    const deadline = Date.now() + HANGS_MS;
    while (!look() && !isOver() && Date.now() < deadline) await pause(50);
    return look();
  };
  if (await until(() => daemon.output().includes('"watching"'))) {
    await pause(WATCHED_MS);
    planted.disturb();
    await pause(WATCHED_MS);
    // It still answers: what it does next is not held up by anything in the lab.
    if (isOver()) wrong.push("watch ended by itself");
  } else if (!isOver()) wrong.push("watch hangs");
  if (!isOver()) daemon.kill("SIGTERM");
  wrong.push(...judge("watch", await within(daemon.ended, daemon.kill)));
  for (const words of [
    ["rebuild", lab],
    ["status", lab],
    ["doctor", lab],
  ]) {
    const command = start(...words);
    wrong.push(...judge(words[0] ?? "", await within(command.ended, command.kill)));
  }

  wrong.push(...differences(before, worldOf(root, OWN)));
  for (const [i, path] of repository.entries()) {
    wrong.push(...differences(gitBefore[i] ?? new Map(), worldOf(path, new Set())));
  }
  if (existsSync(ran)) wrong.push(`a program of the lab ran: ${readFileSync(ran, "utf8")}`);
  return wrong;
}

/** What a run's end says of itself; "hangs" where it had to be killed. */
async function within(
  ended: Promise<TracedRun>,
  kill: (signal: NodeJS.Signals) => void,
): Promise<TracedRun | "hangs"> {
  const timer = new AbortController();
  const hung = pause(HANGS_MS, "hangs" as const, { signal: timer.signal }).catch(
    () => "hangs" as const,
  );
  const first = await Promise.race([ended, hung]);
  timer.abort();
  if (first === "hangs") {
    kill("SIGKILL");
    await ended;
  }
  return first;
}

function judge(what: string, run: TracedRun | "hangs"): readonly string[] {
  if (run === "hangs") return [`${what} hangs`];
  const { code, output, strangers } = run;
  const stack = /^\s+at .+:\d+:\d+\)?$/m.exec(output);
  const around = (at: number): string => output.slice(Math.max(0, at - 600), at + 600);
  return [
    ...strangers.map((line) => `${what} started ${line}`),
    ...(stack === null ? [] : [`${what} crashed: ${around(stack.index)}`]),
    ...(output.includes('"fault"')
      ? [`${what}: a fault: ${around(output.indexOf('"fault"'))}`]
      : []),
    ...(code === 0 || code === 1 || code === 2
      ? []
      : [`${what} ended with ${code}: ${output.slice(-1_000)}`]),
  ];
}
