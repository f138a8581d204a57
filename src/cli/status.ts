// `nightlab status`: what runs and how far it is, what waits and for what, what ended last.
// It asks no daemon, so that it answers whether one is there or not.
import { refused, type Answer } from "./answer.ts";
import { findLab, noLab } from "./lab-world.ts";
import { statusFacts } from "./status-facts.ts";
import { statusLines } from "./status-page.ts";

const SHOWN_ENDED = 8;

export interface StatusOptions {
  readonly json: boolean;
  /** Every command that ever ended. */
  readonly all: boolean;
  readonly nowMs: number;
  /** Columns of the terminal; absent: none is cut. */
  readonly width?: number;
}

/** `nightlab status [DIR] [--json] [--all]`. */
export async function status(from: string, options: StatusOptions): Promise<Answer> {
  const lab = findLab(from);
  if (lab === undefined) return refused(noLab(from));
  const facts = await statusFacts(lab, options);
  if (options.json) return { text: JSON.stringify(facts, undefined, 2), exitCode: 0 };
  const { all, width = Number.POSITIVE_INFINITY } = options;
  const ended = all ? Number.POSITIVE_INFINITY : SHOWN_ENDED;
  return { text: statusLines(facts, { width, ended }).join("\n"), exitCode: 0 };
}
