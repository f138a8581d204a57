// The page that `status` prints and `top` refreshes: GPUs, running commands with progress, waiting
// ones with reasons, the last ended ones. status-facts.ts gathers the facts.
import { printable } from "../base/visible-text.ts";
import { counted } from "../base/markdown.ts";
import { spanText } from "../base/time.ts";
import { ENDED } from "../domain/command-state.ts";
import type { GpuUse } from "../effects/gpu/gpu-probe.ts";
import type { Command } from "../domain/world.ts";
import { columns, cutTo, folded } from "./columns.ts";
import type { StatusEntry, StatusFacts } from "./status-facts.ts";

export interface PageOptions {
  /** Columns of the terminal; longer lines are cut. */
  readonly width: number;
  /** Number of ended commands listed. */
  readonly ended: number;
  /** Also list each waiting or held run of a sweep. */
  readonly members?: boolean;
}

/** Metrics shown of an ended run. */
const SHOWN_METRICS = 3;
/** Width of a progress bar, in columns. */
const BAR = 20;
/** Troubles shown; `nightlab doctor` lists all. */
const SHOWN_TROUBLES = 5;
/** Figures older than this are shown with their time. */
const STALE_MS = 60_000;

/** The page as lines; none but the commands that mend a trouble is wider than the terminal. */
export function statusLines(facts: StatusFacts, options: PageOptions): readonly string[] {
  const { commands, pause } = facts;
  const is = (...states: readonly string[]): readonly StatusEntry[] =>
    commands.filter(({ state }) => states.includes(state));
  const isListed = ({ parent }: StatusEntry): boolean =>
    options.members === true || !commands.some(({ id }) => id === parent);
  const ended = commands.filter(({ state }) => ENDED.has(state as Command["state"]));
  const all = ended.length + facts.earlier;
  const lines = [
    `${facts.lab} · ${daemonText(facts)}`,
    // On its own line: after a long path it would be cut off at the terminal's edge.
    ...(pause === undefined ? [] : [pause]),
    ...(facts.settings ?? []),
    ...facts.notices,
    ...gpuLines(facts),
    ...runningLines(is("running", "preparing"), facts, options),
    ...block("waiting", byPriority(is("queued", "waiting").filter(isListed))),
    ...block("held, for your go", is("held").filter(isListed)),
    ...block(
      all > options.ended ? `ended, the last ${options.ended} of ${all}` : "ended",
      ended.toSorted((a, b) => (a.endedAtMs ?? 0) - (b.endedAtMs ?? 0)).slice(-options.ended),
    ),
  ];
  lines.push(...oldCopyLines(facts));
  if (all === 0 && commands.length === 0) {
    lines.push("", "Nothing was run yet. Write `run: de-risk` into an experiment's JOURNAL.md.");
  }
  // A notice holds the command that answers it, so a terminal has to break it.
  const shown = lines.map((line) =>
    facts.notices.includes(line) ? printable(line) : cutTo(printable(line), options.width),
  );
  return shown.toSpliced(1, 0, ...troubleLines(facts, options).map(printable));
}

/** What a person has to mend. Folded, not cut; a command to copy stays in one piece. */
function troubleLines(
  { troubles, daemon }: StatusFacts,
  { width }: PageOptions,
): readonly string[] {
  if (troubles.length === 0) return [];
  const shown = troubles
    .slice(0, SHOWN_TROUBLES)
    .flatMap(({ where, says, fix }) => [
      ...folded(`  ${where} ${says}`, width),
      ...(fix === undefined ? [] : [`      to mend it: ${fix}`]),
    ]);
  const more = troubles.length - SHOWN_TROUBLES;
  const rest = more > 0 ? [`  and ${more} more; \`nightlab doctor\` lists them`] : [];
  const title = daemon === undefined ? "trouble, as the last daemon saw it" : "trouble";
  return ["", title, ...shown, ...rest];
}

/** Saves that stand, though an old copy would look the same, with the way to what they lack. */
function oldCopyLines({ oldCopies = [] }: StatusFacts): readonly string[] {
  if (oldCopies.length === 0) return [];
  const rows = oldCopies.map(({ experiment, atMs, lines, restore }) => [
    `  ${experiment}`,
    localClock(atMs),
    `lacks ${counted(lines, "line")}`,
    restore,
  ]);
  return ["", "perhaps an old copy", ...columns(rows)];
}

/** Higher priority first, the order in which they start. */
const byPriority = (entries: readonly StatusEntry[]): readonly StatusEntry[] =>
  entries.toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0));

const daemonText = ({ daemon }: StatusFacts): string =>
  daemon === undefined ? "no daemon; start one with `nightlab watch`" : `daemon ${daemon.pid}`;

function gpuLines({ gpus, commands, atMs }: StatusFacts): readonly string[] {
  if (gpus === undefined || gpus.gpus.length === 0) return [];
  const old = atMs - gpus.atMs > STALE_MS ? `, at ${localClock(gpus.atMs)}` : "";
  const rows = gpus.gpus.map((gpu, i) => {
    const name = gpuName(gpu, i);
    const on = commands.filter(({ place }) => place !== undefined && includesGpu(place, name));
    return [
      `  ${name}`,
      gpu.busy === undefined ? "" : `${Math.round(gpu.busy * 100)} %`.padStart(5),
      gpu.busy === undefined ? "" : bar(gpu.busy, BAR / 2),
      memoryText(gpu),
      on.map(({ id }) => id).join(" "),
      gpu.name ?? "",
    ];
  });
  return ["", `GPUs${old}`, ...columns(rows)];
}

const gpuName = ({ index, slice }: GpuUse, at: number): string =>
  `GPU ${index ?? at}${slice === undefined ? "" : ` slice ${slice}`}`;

/** Whether a slot such as `GPUs 0, 3` or `1/2 of GPU 0 slice 1` includes the GPU of that name. */
function includesGpu(slot: string, name: string): boolean {
  const [, list = ""] = /GPUs? (.*)$/.exec(slot) ?? [];
  return list.split(", ").includes(name.slice("GPU ".length));
}

const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);

function memoryText({ memory, memoryTotal }: GpuUse): string {
  if (memory === undefined) return "";
  return memoryTotal === undefined
    ? `${gib(memory)} GiB`
    : `${gib(memory)} of ${gib(memoryTotal)} GiB`;
}

function runningLines(
  running: readonly StatusEntry[],
  facts: StatusFacts,
  options: PageOptions,
): readonly string[] {
  if (running.length === 0) return [];
  const rows = columns(running.map(rowOf));
  return [
    "",
    "running",
    ...running.flatMap((entry, i) => [rows[i] ?? "", ...details(entry, facts, options)]),
  ];
}

/** Lines below a running command: its progress, and its last values with sparklines. */
function details(
  entry: StatusEntry,
  { atMs }: StatusFacts,
  { width }: PageOptions,
): readonly string[] {
  const { progress, endsAtMs, seenAtMs, metrics, curves } = entry;
  const stale =
    seenAtMs !== undefined && atMs - seenAtMs > STALE_MS ? [`as of ${localClock(seenAtMs)}`] : [];
  const progressParts =
    progress === undefined
      ? []
      : [
          `${bar(progress.done / progress.total, BAR)} ${shareText(progress)}`,
          ...(endsAtMs === undefined ? [] : [endText(endsAtMs, atMs)]),
          ...stale,
        ];
  const values = Object.entries(metrics).map(([key, token]) => {
    const curve = curves?.[key] ?? "";
    return `${key} ${token}${curve === "" ? "" : ` ${curve}`}`;
  });
  return [
    ...(progressParts.length === 0 ? [] : [`      ${progressParts.join(" · ")}`]),
    ...filled(values, width - 6).map((line) => `      ${line}`),
  ];
}

/** At most two lines, each filled up to `width`; values that do not fit are left out. */
function filled(values: readonly string[], width: number): readonly string[] {
  const lines: string[] = [];
  for (const value of values) {
    const last = lines.at(-1);
    const joined = last === undefined ? value : `${last}   ${value}`;
    if (last !== undefined && joined.length <= width) lines[lines.length - 1] = joined;
    else if (lines.length === 2) break;
    else lines.push(value);
  }
  return lines;
}

function shareText({ unit, done, total }: NonNullable<StatusEntry["progress"]>): string {
  const share = `${Math.floor((100 * done) / total)} %`;
  return unit === "%" ? share : `${unit} ${done}/${total}, ${share}`;
}

function endText(endsAtMs: number, atMs: number): string {
  const leftMs = endsAtMs - atMs;
  if (leftMs <= 0) return "about to end";
  return `ends about ${clockFrom(endsAtMs, atMs)}, in ${spanText(leftMs)}`;
}

const two = (n: number): string => String(n).padStart(2, "0");

/** `14:30`, in this process's time zone. Not through Intl, which takes 20 ms to load. */
export function localClock(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The same, with the date if it is another day than `nowMs`. */
function clockFrom(ms: number, nowMs: number): string {
  const [then, now] = [new Date(ms), new Date(nowMs)];
  if (then.toDateString() === now.toDateString()) return localClock(ms);
  return `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())} ${localClock(ms)}`;
}

function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return "█".repeat(full) + "░".repeat(width - full);
}

function block(title: string, entries: readonly StatusEntry[]): readonly string[] {
  return entries.length === 0 ? [] : ["", title, ...columns(entries.map(rowOf))];
}

const rowOf = (entry: StatusEntry): readonly string[] => [
  `  ${entry.id}`,
  entry.command,
  entry.experiment,
  entry.state,
  timeOf(entry),
  detailOf(entry),
];

function timeOf({ state, tookMs, limitMs }: StatusEntry): string {
  if (tookMs === undefined) return "";
  if (state !== "running" || limitMs === undefined) return spanText(tookMs);
  return `${spanText(tookMs)} of ${spanText(limitMs)}`;
}

function detailOf(entry: StatusEntry): string {
  const isOver = ENDED.has(entry.state as Command["state"]);
  const metrics = Object.entries(entry.metrics)
    .slice(0, isOver ? SHOWN_METRICS : 0)
    .map(([key, token]) => `${key} ${token}`);
  const flags = entry.flags === 0 ? [] : [counted(entry.flags, "flag")];
  const cause = entry.why === undefined ? [] : [entry.why];
  const reason = entry.reason === undefined ? [] : [entry.reason.replaceAll("`", "")];
  const slot = entry.place === undefined ? [] : [entry.place];
  const asks = entry.state === "queued" && entry.asks !== undefined ? [`for ${entry.asks}`] : [];
  const isWaiting = entry.state === "queued" || entry.state === "waiting";
  const priority = isWaiting && entry.priority !== undefined ? [`priority ${entry.priority}`] : [];
  const runs =
    entry.runs === undefined ? [] : [`${entry.runs.ended} of ${entry.runs.all} runs ended`];
  const environment = entry.environment === undefined ? [] : [`environment: ${entry.environment}`];
  const now = [...slot, ...asks, ...runs, ...cause, ...reason, ...environment];
  return [...now, ...priority, ...flags, ...metrics].join(" · ");
}
