// `nightlab demo`: one full cycle on a real data set, in a new lab that stays for the user. It only
// does what a user would: starts the daemon, writes a line into a journal, and waits.
import { spawn, type ChildProcess } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readdirSync,
  realpathSync,
} from "node:fs";
import { cp } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ENDED } from "../domain/command-state.ts";
import { stateDir } from "../effects/os/state-dir.ts";
import { changeTrust } from "../effects/state/lab-identity.ts";
import { isLocked } from "../effects/state/lab-lock.ts";
import { noteLocalExperiment } from "../effects/state/local-experiments.ts";
import { labPath, type LabPath } from "../base/ids.ts";
import { localStamp, spanText } from "../base/time.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { finalReceipt } from "./demo-receipt.ts";
import { isInLedger, stateOf } from "./lab-world.ts";
import { progressLine, type ProgressLine } from "./progress-line.ts";
import { shellWord } from "../base/shell-word.ts";
import { statusFacts, type StatusEntry } from "./status-facts.ts";

const EXAMPLE = fileURLToPath(new URL("../../examples/digits/", import.meta.url));
const LAUNCHER = fileURLToPath(new URL("../../bin/nightlab.js", import.meta.url));
const EXPERIMENT = "one-small-layer";
const COMMAND = "run: de-risk";
/** Interval between two looks at the lab. */
const LOOK_MS = 200;
const DAEMON_START_MS = 20_000;
/** Generous, because the first run downloads numpy and a few more packages. */
const RUN_MS = 15 * 60_000;
/**
 * From the run's end to its receipt: last plots, report, and waiting for the journal to be quiet.
 */
const RECEIPT_MS = 60_000;
/** The daemon is killed if SIGTERM has not ended it by then. */
const STOP_MS = 5_000;

export interface DemoOptions {
  /** Folder of the new lab; must not exist. Default: the first free `nightlab-demo[-N]` here. */
  readonly dir?: string;
}

/**
 * Runs the demo, printing as it goes. Exit code 0: receipt, plots and report are there. 1: some are
 * missing. 2: it could not run.
 */
export async function demo(options: DemoOptions = {}): Promise<CommandResult> {
  const chosen = chooseFolder(options);
  if (existsSync(chosen)) return refused(`Cannot make the demo's lab: ${chosen} exists already.`);
  // Keep the machine's state inside the lab too, so that the demo leaves nothing anywhere else.
  process.env["NIGHTLAB_STATE_DIR"] ??= join(chosen, ".nightlab", "state");
  const lab = await copyExample(chosen);
  const experiment = join(lab, EXPERIMENT);
  const journal = join(experiment, "JOURNAL.md");
  console.log(`A lab with a real data set: ${here(lab)}`);

  const daemon = startDaemon(lab);
  const line = progressLine(process.stdout);
  const leave = (signal: NodeJS.Signals): void => {
    daemon.child.kill("SIGTERM");
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  process.once("SIGINT", leave).once("SIGTERM", leave);
  try {
    await until(DAEMON_START_MS, "the daemon did not start", daemon, () => isLocked(lab));
    console.log(`A daemon watches it. Into ${here(journal)} goes one line:\n\n    ${COMMAND}\n`);
    typeCommand(journal);
    const entry = await followRun(lab, daemon, line);
    line.show(`${entry.state}; the receipt is written once nobody has typed for 5 s`);
    const receipt = await until(RECEIPT_MS, "no receipt came", daemon, () =>
      finalReceipt(readFileSync(journal, "utf8"), entry.id),
    );
    const made = await until(RECEIPT_MS, "the report was not renewed", daemon, () => {
      const all = whatWasMade(experiment, entry);
      return showsTheEnd(all.report, entry) ? all : undefined;
    });
    const whole = entry.state === "done" && made.plots.length > 0 && existsSync(made.report);
    return { text: page(receipt, made, lab, journal), exitCode: whole ? 0 : 1 };
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return refused(`The demo stopped: ${cause}. The daemon's log: ${here(daemon.log)}`);
  } finally {
    line.end();
    await stop(daemon.child);
    process.off("SIGINT", leave).off("SIGTERM", leave);
  }
}

/** A path relative to the current folder if it is below it, else as it is. */
const here = (path: string): string => {
  const near = relative(process.cwd(), path);
  return near.startsWith("..") ? path : near || ".";
};

function chooseFolder({ dir }: DemoOptions): string {
  if (dir !== undefined) return resolve(dir);
  for (let count = 1; ; count += 1) {
    const free = resolve(count === 1 ? "nightlab-demo" : `nightlab-demo-${count}`);
    if (!existsSync(free)) return free;
  }
}

async function copyExample(lab: string): Promise<LabPath> {
  await cp(EXAMPLE, lab, {
    recursive: true,
    errorOnExist: true,
    force: false,
    filter: (path) => !/^(runs|\.nightlab|__pycache__)(\/|$)/.test(relative(EXAMPLE, path)),
  });
  const path = labPath(realpathSync(lab));
  changeTrust(stateDir(), path, isInLedger, { trusted: true });
  await noteLocalExperiment({ lab: path, folder: stateOf(path) }, join(path, EXPERIMENT));
  return path;
}

interface Daemon {
  readonly child: ChildProcess;
  readonly log: string;
}

function startDaemon(lab: string): Daemon {
  const log = join(lab, ".nightlab", "demo-daemon.log");
  const out = openSync(log, "w");
  const child = spawn(process.execPath, [LAUNCHER, "watch", lab], { stdio: ["ignore", out, out] });
  closeSync(out);
  // Without a listener the event would throw; `until` notices a daemon that did not start.
  child.on("error", () => undefined);
  return { child, log };
}

/** Appends what a user would write: the day's heading, then the command. */
function typeCommand(journal: string): void {
  const today = localStamp(Date.now(), Intl.DateTimeFormat().resolvedOptions().timeZone);
  appendFileSync(journal, `\n## ${today.slice(0, 10)}\n\n${COMMAND}\n`);
}

/** Shows the run's progress until it has ended. */
async function followRun(lab: LabPath, daemon: Daemon, line: ProgressLine): Promise<StatusEntry> {
  return until(RUN_MS, "the run did not end", daemon, async () => {
    const entry = await newestEntry(lab);
    line.show(entry === undefined ? "waiting for the line to settle" : progressText(entry));
    return entry !== undefined && isEnded(entry) ? entry : undefined;
  });
}

async function newestEntry(lab: LabPath): Promise<StatusEntry | undefined> {
  const { commands } = await statusFacts(lab, { nowMs: Date.now(), all: false });
  return commands.at(-1);
}

const isEnded = ({ state }: StatusEntry): boolean => [...ENDED].some((ended) => ended === state);

function progressText({ state, tookMs, metrics }: StatusEntry): string {
  const took = tookMs === undefined ? "" : ` ${spanText(tookMs)}`;
  const values = Object.entries(metrics).map(([key, token]) => `${key} ${token.slice(0, 6)}`);
  const what = state === "preparing" ? "preparing (uv brings numpy, once)" : state;
  return [`${what}${took}`, ...values].join(" · ");
}

/** Paths of what the run produced. */
interface Made {
  readonly plots: readonly string[];
  readonly report: string;
  /** The page with interactive plots. */
  readonly live: string;
}

function whatWasMade(experiment: string, entry: StatusEntry): Made {
  const plots = join(experiment, "runs", entry.folder ?? "", "plots");
  const images = existsSync(plots)
    ? readdirSync(plots).filter((name) => name.endsWith(".webp"))
    : [];
  return {
    plots: images.toSorted().map((name) => join(plots, name)),
    report: join(experiment, "REPORT.md"),
    live: join(experiment, "plots", "index.html"),
  };
}

/** Whether the report was renewed since the run ended. */
function showsTheEnd(report: string, { id }: StatusEntry): boolean {
  if (!existsSync(report)) return false;
  const row = readFileSync(report, "utf8")
    .split("\n")
    .find((line) => line.includes(`| ${id} `));
  return row !== undefined && !row.includes("| running ");
}

function page(receipt: string, made: Made, lab: string, journal: string): string {
  return [
    "The journal now says:",
    "",
    `    ${COMMAND}`,
    "",
    ...receipt.split("\n").map((text) => `    ${text}`),
    "",
    ...made.plots.map((plot, i) => `${i === 0 ? "Plots   " : "        "}${here(plot)}`),
    `Report  ${here(made.report)}`,
    ...(existsSync(made.live) ? [`Page    ${here(made.live)} (the same plots, alive)`] : []),
    "",
    "The daemon is stopped; the lab is yours. To go on:",
    "",
    `    export NIGHTLAB_STATE_DIR=${shellWord(process.env["NIGHTLAB_STATE_DIR"] ?? "")}`,
    `    npx nightlab watch ${shellWord(here(lab))}`,
    "",
    `and write a line such as \`run: wide --hidden 128\` at the end of ${here(journal)}.`,
  ].join("\n");
}

/** Polls `ask` until it returns something; throws on timeout or when the daemon has ended. */
async function until<T>(
  limitMs: number,
  complaint: string,
  { child }: Daemon,
  ask: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`the daemon ended (${child.signalCode ?? `exit code ${child.exitCode}`})`);
    }
    if (Date.now() > deadline) throw new Error(`${complaint} within ${spanText(limitMs)}`);
    await pause(LOOK_MS);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(timer);
}
