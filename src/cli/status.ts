// `nightlab status`: what runs, what waits and for what, what ended last, from the ledger and logs.
// It asks no daemon, so that it answers whether one is there or not.
import { join } from "node:path";
import { isLocked } from "../effects/lab-lock.ts";
import { readRun } from "../effects/tail.ts";
import { commandTitle } from "../model/command.ts";
import type { LabPath } from "../model/ids.ts";
import { placeName } from "../model/place.ts";
import { spanText } from "../model/time.ts";
import type { MetricSummary } from "../model/sample.ts";
import { ENDED, type Command, type World } from "../model/world.ts";
import { refused, type Answer } from "./answer.ts";
import { columns } from "./columns.ts";
import { experimentName, findLab, noLab, readWorld } from "./lab-world.ts";

const SHOWN_ENDED = 8;
const SHOWN_METRICS = 3;

/** One command as `--json` gives it; times in ms since 1970, spans in ms. */
export interface StatusEntry {
  readonly id: string;
  readonly experiment: string;
  readonly command: string;
  readonly state: string;
  readonly reason?: string;
  readonly folder?: string;
  readonly startedAtMs?: number;
  readonly endedAtMs?: number;
  readonly tookMs?: number;
  readonly limitMs?: number;
  readonly exitCode?: number;
  readonly cause?: string;
  /** `GPU 0`, `CPU`: what it has while it runs. */
  readonly place?: string;
  readonly flags: number;
  /** Literal tokens of the last logged values. */
  readonly metrics: Readonly<Record<string, string>>;
}

/** `nightlab status [DIR] [--json]`. */
export async function status(
  from: string,
  options: { readonly json: boolean; readonly nowMs: number },
): Promise<Answer> {
  const lab = findLab(from);
  if (lab === undefined) return refused(noLab(from));
  const world = readWorld(lab);
  const daemon = isLocked(lab);
  const entries: StatusEntry[] = [];
  for (const command of world.commands.values()) {
    entries.push(await entryOf(lab, command, options.nowMs));
  }
  if (options.json) {
    const json = { lab, daemon, paused: world.paused, commands: entries };
    return { text: JSON.stringify(json, undefined, 2), exitCode: 0 };
  }
  return { text: page(lab, world, daemon, entries), exitCode: 0 };
}

async function entryOf(lab: LabPath, command: Command, nowMs: number): Promise<StatusEntry> {
  const { run } = command;
  const from = run?.startedAtMs;
  const tookMs = from === undefined ? undefined : (run?.endedAtMs ?? nowMs) - from;
  const given = {
    reason: command.reason,
    folder: run?.folder,
    startedAtMs: from,
    endedAtMs: run?.endedAtMs,
    tookMs,
    limitMs: run?.limitMs,
    exitCode: run?.outcome?.exitCode,
    cause: run?.outcome?.cause.kind,
    place: run === undefined || run.exited ? undefined : placeName(run.spec.place),
  };
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  return {
    id: command.id,
    experiment: experimentName(lab, command),
    command: commandTitle(command.spec),
    state: command.state,
    ...Object.fromEntries(known),
    flags: run?.outcome?.findings.filter(({ tier }) => tier !== "note").length ?? 0,
    metrics: Object.fromEntries(
      (await metricsOf(command)).map(({ key, last }) => [key, last.token]),
    ),
  };
}

/** Of an ended run as recorded; of a running one as its logs say now. */
async function metricsOf(command: Command): Promise<readonly MetricSummary[]> {
  const { run } = command;
  if (run?.outcome !== undefined) return run.outcome.metrics;
  if (run?.folder === undefined || run.exited) return [];
  const reading = await readRun(join(command.experiment, "runs", run.folder));
  return reading.series.map(({ summary }) => summary);
}

function page(
  lab: LabPath,
  world: World,
  daemon: { readonly pid: number | undefined } | undefined,
  entries: readonly StatusEntry[],
): string {
  const who =
    daemon === undefined ? "no daemon; start one with `nightlab watch`" : `daemon ${daemon.pid}`;
  const head = `${lab} · ${who}${world.paused ? " · queue paused" : ""}`;
  const is = (...states: readonly string[]): readonly StatusEntry[] =>
    entries.filter(({ state }) => states.includes(state));
  const ended = entries.filter(({ state }) => ENDED.has(state as Command["state"]));
  const parts = [
    head,
    ...block("running", is("running", "preparing")),
    ...block("waiting", is("queued", "waiting")),
    ...block("held, for your go", is("held")),
    ...block(
      ended.length > SHOWN_ENDED ? `ended, the last ${SHOWN_ENDED} of ${ended.length}` : "ended",
      ended.slice(-SHOWN_ENDED),
    ),
  ];
  if (entries.length === 0) {
    parts.push("", "Nothing was run yet. Write `run: de-risk` into an experiment's JOURNAL.md.");
  }
  return parts.join("\n");
}

function block(title: string, entries: readonly StatusEntry[]): readonly string[] {
  if (entries.length === 0) return [];
  const rows = entries.map((entry) => [
    `  ${entry.id}`,
    entry.command,
    entry.experiment,
    entry.state,
    timeOf(entry),
    detailOf(entry),
  ]);
  return ["", title, ...columns(rows)];
}

function timeOf({ state, tookMs, limitMs }: StatusEntry): string {
  if (tookMs === undefined) return "";
  if (state !== "running" || limitMs === undefined) return spanText(tookMs);
  return `${spanText(tookMs)} of ${spanText(limitMs)}`;
}

function detailOf(entry: StatusEntry): string {
  const metrics = Object.entries(entry.metrics)
    .slice(0, SHOWN_METRICS)
    .map(([key, token]) => `${key} ${token}`);
  const flags = entry.flags === 0 ? [] : [`${entry.flags} flag${entry.flags === 1 ? "" : "s"}`];
  const cause = entry.cause === undefined || entry.cause === "success" ? [] : [entry.cause];
  const reason = entry.reason === undefined ? [] : [entry.reason.replaceAll("`", "")];
  const place = entry.place === undefined ? [] : [entry.place];
  return [...place, ...cause, ...reason, ...flags, ...metrics].join(" · ");
}
