// `nightlab status`: running commands with progress, waiting ones with reasons, the last ended
// ones. It reads files only, so it works with or without a daemon.
import { existsSync } from "node:fs";
import type { LabPath } from "../base/ids.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { findCommand, findLab, noLab, notFound, readWorld } from "./lab-world.ts";
import { statusFacts } from "./status-facts.ts";
import { statusLines } from "./status-page.ts";

/** Ended commands shown without `--all`. */
const SHOWN_ENDED = 8;

export interface StatusOptions {
  readonly json: boolean;
  /** Show every command that ever ended. */
  readonly all: boolean;
  readonly nowMs: number;
  /** Columns of the terminal; without it no line is cut. */
  readonly width?: number;
}

/**
 * `nightlab status [DIR|ID] [--json] [--all]`; a word that is no path means an id or a name. Exit
 * code 0: shown. 2: no lab or no such command.
 */
export async function status(from: string, options: StatusOptions): Promise<CommandResult> {
  const word = !from.includes("/") && !existsSync(from) ? from : undefined;
  const place = word === undefined ? from : ".";
  const lab = findLab(place);
  if (lab === undefined) return refused(noLab(place));
  if (word !== undefined) return statusOf(lab, word, options);
  const facts = await statusFacts(lab, options);
  if (options.json) return { text: JSON.stringify(facts, undefined, 2), exitCode: 0, atOnce: true };
  const { all, width = Number.POSITIVE_INFINITY } = options;
  const ended = all ? Number.POSITIVE_INFINITY : SHOWN_ENDED;
  return { text: statusLines(facts, { width, ended }).join("\n"), exitCode: 0, atOnce: true };
}

/** The page of one command; for a sweep with all of its runs. */
async function statusOf(
  lab: LabPath,
  target: string,
  options: StatusOptions,
): Promise<CommandResult> {
  const world = readWorld(lab);
  const id = findCommand(world, target)?.id;
  if (id === undefined) return refused(notFound(world, target));
  const facts = await statusFacts(lab, { ...options, all: true });
  const commands = facts.commands.filter((one) => one.id === id || one.parent === id);
  const { width = Number.POSITIVE_INFINITY } = options;
  const shown = { width, ended: Number.POSITIVE_INFINITY, members: true };
  const text = options.json
    ? JSON.stringify({ ...facts, commands }, undefined, 2)
    : statusLines({ ...facts, commands }, shown).join("\n");
  return { text, exitCode: 0, atOnce: true };
}
