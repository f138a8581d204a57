// `nightlab explain ID`: every fact and reason of one command in order, from its acceptance to its
// end, and what it waits for now. Reads the ledger by command, so it is quick, and needs no daemon.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { CommandId, LabPath } from "../base/ids.ts";
import { plainLine } from "../base/markdown-text.ts";
import { localStamp } from "../base/time.ts";
import { ENDED } from "../domain/command-state.ts";
import { commandTitle, saidReason } from "../domain/command.ts";
import type { Command } from "../domain/world.ts";
import { readSettingsInForce } from "../effects/run-store/lab-settings.ts";
import { meaningOf, type Meaning, type NamedCommand } from "../effects/state/command-facts.ts";
import { hasLedger, openLedger } from "../effects/state/ledger.ts";
import { readStatusView } from "../effects/state/status-view.ts";
import { stateDir } from "../effects/os/state-dir.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { tellFacts, type ToldFact } from "./explain-facts.ts";
import { nowWords } from "./explain-now.ts";
import { experimentName, findLab, noLab } from "./lab-world.ts";
import { statusFacts } from "./status-facts.ts";
import { defined } from "../base/defined.ts";

/** The whole answer, as in the output of `--json`; times in ms since 1970. */
export interface Explanation {
  readonly lab: LabPath;
  readonly id: CommandId;
  readonly experiment: string;
  /** `run: full`. */
  readonly command: string;
  /** As the journal had it when it was accepted or last edited before its start. */
  readonly source: string;
  readonly state: string;
  readonly reason?: string;
  /** The sweep that it belongs to. */
  readonly parent?: CommandId;
  /** The runs of a sweep whose turn has come. */
  readonly members?: readonly CommandId[];
  /** Earlier commands of the same name, where it was asked for by that, latest first. */
  readonly others?: readonly CommandId[];
  /** Oldest first. */
  readonly facts: readonly ToldFact[];
  /** What is so now, a sentence each; empty once it has ended. */
  readonly now: readonly string[];
}

export interface ExplainOptions {
  readonly json: boolean;
  readonly nowMs: number;
}

/**
 * Explains the command that an id or its beginning, an attempt, a run folder or a name means. Exit
 * code 0: shown. 2: no lab, or no one command is meant; the text names those that may be.
 */
export async function explain(target: string, options: ExplainOptions): Promise<CommandResult> {
  // A run's folder may be given from anywhere.
  const place = target.includes("/") && existsSync(target) ? resolve(target) : ".";
  const lab = findLab(place);
  if (lab === undefined) return refused(noLab(place));
  if (!hasLedger(stateDir())) return refused(unknown(target, { kind: "none", latest: [] }));
  const ledger = openLedger(stateDir(), { readOnly: true });
  try {
    const meaning = meaningOf(ledger, lab, target);
    if (meaning.kind !== "command") return refused(unknown(target, meaning));
    const { facts, command } = tellFacts(meaning.facts, meaning.id, lab);
    if (command === undefined) return refused(unknown(target, { kind: "none", latest: [] }));
    const timeZone = await zoneOf(lab);
    const now = ENDED.has(command.state)
      ? []
      : await nowOf(lab, command, { timeZone, nowMs: options.nowMs });
    const found = explanation({ lab, command, meaning, facts, now });
    const text = options.json
      ? JSON.stringify(found, undefined, 2)
      : linesOf(found, timeZone).join("\n");
    return { text, exitCode: 0, atOnce: true };
  } finally {
    ledger.close();
  }
}

const zoneOf = async (lab: LabPath): Promise<string> => {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (await readSettingsInForce(lab, own)).settings.timeZone;
};

async function nowOf(
  lab: LabPath,
  command: Command,
  { timeZone, nowMs }: { readonly timeZone: string; readonly nowMs: number },
): Promise<readonly string[]> {
  const { daemon, pause, commands } = await statusFacts(lab, { nowMs, all: false });
  const { world } = readStatusView(stateDir(), lab);
  // The view has what only the journal's order says, such as that its line is gone.
  return nowWords(world.commands.get(command.id) ?? command, {
    lab,
    world,
    entry: commands.find(({ id }) => id === command.id),
    timeZone,
    nowMs,
    watched: daemon !== undefined,
    pause,
  });
}

interface Found {
  readonly lab: LabPath;
  readonly command: Command;
  readonly meaning: Extract<Meaning, { kind: "command" }>;
  readonly facts: readonly ToldFact[];
  readonly now: readonly string[];
}

function explanation({ lab, command, meaning, facts, now }: Found): Explanation {
  const { id, spec, source, state, parent, members } = command;
  const reason = saidReason(command.reason);
  const others = meaning.others.map((other) => other.id);
  return {
    lab,
    id,
    experiment: experimentName(lab, command),
    command: commandTitle(spec),
    source,
    state,
    ...defined({ reason, parent, members }),
    ...(others.length === 0 ? {} : { others }),
    facts,
    now,
  };
}

function linesOf(found: Explanation, timeZone: string): readonly string[] {
  const { id, command, experiment, state, source, parent, others = [] } = found;
  const of = parent === undefined ? [] : [`a run of the sweep ${parent}`];
  const lines = [
    [id, command, experiment, ...of, state].join(" · "),
    ...(parent === undefined ? [plainLine(source, SOURCE_CHARS)] : []),
  ];
  if (others.length > 0) lines.push(`the latest of its name; before it ${others.join(", ")}`);
  let day = "";
  for (const [first, ...more] of repeated(found.facts)) {
    if (first === undefined) continue;
    const { atMs, about, text } = first;
    const stamp = localStamp(atMs, timeZone);
    if (stamp.slice(0, 10) !== day) lines.push("", (day = stamp.slice(0, 10)));
    const whose = about === undefined || about === parent ? "" : `${about} `;
    const last = localStamp(more.at(-1)?.atMs ?? atMs, timeZone);
    const until = last.startsWith(day) ? last.slice(11) : last;
    const times = more.length === 0 ? "" : `, ${more.length + 1} times until ${until}`;
    lines.push(`  ${stamp.slice(11)}  ${whose}${text}${times}`);
  }
  if (found.now.length > 0) lines.push("", "now", ...found.now.map((text) => `  ${text}`));
  return lines;
}

/** Facts that say the same one after another, as the receipts of a long wait do, together. */
function repeated(facts: readonly ToldFact[]): readonly (readonly ToldFact[])[] {
  const groups: ToldFact[][] = [];
  for (const fact of facts) {
    const last = groups.at(-1);
    if (last?.[0]?.text === fact.text && last[0].about === fact.about) last.push(fact);
    else groups.push([fact]);
  }
  return groups;
}

/** Commands named where a word means several. */
const SHOWN = 8;
/** Length of the command in the answer's head. */
const SOURCE_CHARS = 300;

const named = ({ id, title }: NamedCommand): string => `${id} (${title})`;

function unknown(target: string, meaning: Exclude<Meaning, { kind: "command" }>): string {
  if (meaning.kind === "several") {
    const { commands } = meaning;
    const shown = commands.slice(0, SHOWN).map(named).join(", ");
    const more = commands.length > SHOWN ? `, and ${commands.length - SHOWN} more` : "";
    return `${JSON.stringify(target)} is the beginning of several ids: ${shown}${more}. Give one of them.`;
  }
  const { near, latest } = meaning;
  const meant = near === undefined ? "" : ` Did you mean ${named(near)}?`;
  const list = latest.length === 0 ? "" : ` The latest are ${latest.map(named).join(", ")}.`;
  return `Nothing in this lab is called ${JSON.stringify(target)}.${meant}${list} See \`nightlab status\`.`;
}
