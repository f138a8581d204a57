// What a command that has not ended waits for now, as sentences: what its facts leave open, from the
// other commands of the lab, the heartbeats of its runs, and whether a daemon is there.
import { relative } from "node:path";
import { commandId, type CommandId, type LabPath } from "../base/ids.ts";
import { counted, listed } from "../base/markdown.ts";
import { localStamp, spanText } from "../base/time.ts";
import { commandTitle } from "../domain/command.ts";
import { unstarted } from "../domain/members.ts";
import { slotName } from "../domain/slot.ts";
import type { Command, World } from "../domain/world.ts";
import { inOrder } from "../scheduler/order.ts";
import type { StatusEntry } from "./status-facts.ts";

export interface NowOptions {
  readonly lab: LabPath;
  /** Every command of the lab that has not ended, and the latest of the others. */
  readonly world: World;
  /** What `nightlab status` says of it. */
  readonly entry: StatusEntry | undefined;
  readonly timeZone: string;
  readonly nowMs: number;
  /** A daemon watches the lab. */
  readonly watched: boolean;
  /** The pause in force, in words. */
  readonly pause: string | undefined;
}

/** Other commands named in one sentence. */
const NAMED = 4;

/** What is so now of a command that has not ended, a sentence each without a full stop. */
export function nowWords(command: Command, options: NowOptions): readonly string[] {
  const gone =
    command.absentSinceMs === undefined || command.run !== undefined
      ? []
      : [`its line is not in the journal since ${clock(command.absentSinceMs, options)}`];
  const nobody = options.watched
    ? []
    : ["no daemon watches this lab: nothing goes on until nightlab watch is started"];
  return [...stateNow(command, options), ...gone, ...nobody];
}

function stateNow(command: Command, options: NowOptions): readonly string[] {
  const since = clock(command.stateSinceMs, options);
  const reason = (command.reason ?? "").replaceAll("`", "");
  const { pause, world } = options;
  const paused = pause === undefined ? [] : [`${pause}; nightlab resume lets it go on`];
  if (command.members !== undefined) return [...sweepNow(command, options), ...paused];
  switch (command.state) {
    case "held": {
      const why = reason === "" ? "" : `: ${reason}`;
      const journal = relative(options.lab, `${command.experiment}/JOURNAL.md`);
      const box = `it starts when you tick the box in its receipt in ${journal}`;
      return [`held since ${since}${why}`, `${box}; an edited line is judged anew`];
    }
    case "waiting": {
      const others = namedIn(command.reason ?? "", world).map((one) => aboutOther(one, options));
      const again =
        command.notBeforeMs === undefined
          ? []
          : [`its next try starts at ${clock(command.notBeforeMs, options)}, or soon after`];
      const then = startsWhen(command);
      return [`waits since ${since}: ${reason}`, ...others, ...then, ...again, ...paused];
    }
    case "queued":
      return [
        `in the queue since ${since}`,
        ...(pause === undefined ? queueNow(command, options) : paused),
      ];
    case "preparing": {
      const how = options.entry?.environment === undefined ? "" : `: ${options.entry.environment}`;
      return [`its environment is being prepared since ${since}${how}`];
    }
    default:
      return [runningNow(command, options)];
  }
}

/** When a waiting command has its turn, where its reason does not say so itself. */
function startsWhen({ reason = "", spec: { after = [], when } }: Command): readonly string[] {
  if (after.length > 0 && /^after |, after /.test(reason)) {
    const runs = after.map(({ target, any }) => `${target} ${any ? "has ended" : "is done"}`);
    return [`it has its turn when ${listed(runs)}`];
  }
  return when === undefined || after.length > 0 ? [] : ["it has its turn then"];
}

/** What of the lab stands before a command that lacks nothing but a slot. */
function queueNow(command: Command, options: NowOptions): readonly string[] {
  const { world } = options;
  const going = [...world.commands.values()].filter(({ run }) => run !== undefined && !run.exited);
  // Those that wait for a time or a run have their turn later, whenever they were written.
  const order = inOrder(world).filter(({ state }) => state === "queued");
  const at = order.findIndex(({ id }) => id === command.id);
  const ahead = order.slice(0, Math.max(0, at));
  const runs = going.slice(0, NAMED).map((one) => aboutOther(one, options));
  const more = going.length - runs.length;
  if (going.length + ahead.length === 0) {
    return [
      "nothing of this lab stands before it: it starts within seconds, or another lab's runs hold what it needs",
    ];
  }
  return [
    ...(going.length === 0
      ? []
      : [`what it needs is held: ${runs.join("; ")}${more > 0 ? `; and ${more} more` : ""}`]),
    ...(ahead.length === 0
      ? ["it is the next"]
      : [
          `${counted(ahead.length, "command")} ${ahead.length === 1 ? "goes" : "go"} first: ${idsOf(ahead)}`,
        ]),
  ];
}

function sweepNow(command: Command, { world, timeZone, nowMs }: NowOptions): readonly string[] {
  const all = command.members ?? [];
  const open = unstarted(world, command);
  const members = all.flatMap((id) => world.commands.get(id) ?? []);
  const going = members.filter(({ run }) => run !== undefined && !run.exited);
  const held = open.filter(({ state }) => state === "held");
  const [waits] = open.filter(({ state }) => state === "waiting");
  const since = (one: Command): string =>
    clock(one.run?.startedAtMs ?? one.stateSinceMs, { timeZone, nowMs });
  return [
    `${counted(all.length, "run")}: ${going.length} going on, ${open.length} to come`,
    ...going
      .slice(0, NAMED)
      .map((one) => `${one.id} (${one.spec.target}) runs since ${since(one)}`),
    ...(held.length === 0 ? [] : [`${counted(held.length, "run")} held: ${held[0]?.reason ?? ""}`]),
    ...(waits === undefined ? [] : [`${waits.id} waits: ${waits.reason ?? ""}`]),
  ].map((text) => text.replaceAll("`", ""));
}

function runningNow(command: Command, options: NowOptions): string {
  const { run } = command;
  const { nowMs, entry } = options;
  const fromMs = run?.startedAtMs ?? command.stateSinceMs;
  const slot = slotName(run?.spec.place);
  const progress = entry?.progress;
  return [
    `running since ${clock(fromMs, options)}${slot === undefined ? "" : ` on ${slot}`}`,
    ...(run === undefined
      ? []
      : [`${spanText(nowMs - fromMs)} of at most ${spanText(run.limitMs)}`]),
    ...(progress === undefined ? [] : [`${progress.unit} ${progress.done} of ${progress.total}`]),
    ...(entry?.endsAtMs === undefined ? [] : [`ends about ${clock(entry.endsAtMs, options)}`]),
    ...(command.reason === undefined ? [] : [command.reason.replaceAll("`", "")]),
  ].join(", ");
}

/** The commands whose ids a reason names. */
function namedIn(reason: string, world: World): readonly Command[] {
  const ids = new Set([...reason.matchAll(/`([a-z0-9.]+)`/g)].map(([, id = ""]) => commandId(id)));
  return [...ids].flatMap((id) => world.commands.get(id) ?? []).slice(0, NAMED);
}

function aboutOther(
  { id, spec, state, run, reason, stateSinceMs }: Command,
  options: NowOptions,
): string {
  const title = `${id} (${commandTitle(spec)})`;
  const slot = slotName(run?.spec.place);
  const on = slot === undefined ? "" : ` on ${slot}`;
  const why = reason === undefined ? "" : `: ${reason.replaceAll("`", "")}`;
  const isGoing = state === "running" || state === "preparing";
  return `${title} is ${state}${isGoing ? on : why} since ${clock(run?.startedAtMs ?? stateSinceMs, options)}`;
}

const idsOf = (commands: readonly { readonly id: CommandId }[]): string => {
  const shown = commands.slice(0, NAMED).map(({ id }) => id);
  const more = commands.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : listed(shown);
};

/** `14:02`, or with its date where that is another than today's. */
function clock(ms: number, { timeZone, nowMs }: Pick<NowOptions, "timeZone" | "nowMs">): string {
  const stamp = localStamp(ms, timeZone).slice(0, 16);
  return stamp.slice(0, 10) === localStamp(nowMs, timeZone).slice(0, 10) ? stamp.slice(11) : stamp;
}
