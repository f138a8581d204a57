// `nightlab top`: the status page, refreshed every second until the user leaves. status-page.ts
// makes its lines, screen.ts draws them.
import type { LabPath } from "../base/ids.ts";
import { masked } from "../base/secrets.ts";
import { cutTo } from "./columns.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { findLab, noLab } from "./lab-world.ts";
import { openScreen, type ScreenParts } from "./screen.ts";
import { statusFacts } from "./status-facts.ts";
import { localClock, statusLines } from "./status-page.ts";

/** Refresh interval: its clock and spans are whole seconds, so a shorter one would show no more. */
const TOP_MS = 1_000;

/** Shows the page until the user leaves; once, as plain text, where the output is no terminal. */
export async function top(
  from: string,
  parts: ScreenParts & { readonly now: () => number },
): Promise<CommandResult> {
  const lab = findLab(from);
  if (lab === undefined) return refused(noLab(from));
  const { now, stdout } = parts;
  if (!stdout.isTTY) {
    const lines = await pageOf(lab, { columns: Number.POSITIVE_INFINITY, rows: 40 }, now());
    return { text: lines.join("\n"), exitCode: 0, atOnce: true };
  }
  const screen = openScreen(parts);
  let timer: NodeJS.Timeout | undefined;
  let left = false;
  let turn = Promise.resolve();
  const draw = async (): Promise<void> => {
    clearTimeout(timer);
    const lines = await pageOf(lab, screen.size(), now());
    if (left) return;
    screen.show(lines.map(masked));
    timer = setTimeout(next, TOP_MS);
  };
  const failed = Promise.withResolvers<undefined>();
  const next = (): void => {
    turn = turn.then(draw).catch(failed.reject);
  };
  screen.onChange(next);
  next();
  try {
    await Promise.race([screen.left, failed.promise]);
  } finally {
    left = true;
    clearTimeout(timer);
    screen.close();
  }
  return { text: "", exitCode: 0, atOnce: true };
}

/** The page with a footer at the last row; ended commands get the rows that are left. */
async function pageOf(
  lab: LabPath,
  { columns, rows }: { readonly columns: number; readonly rows: number },
  nowMs: number,
): Promise<readonly string[]> {
  const facts = await statusFacts(lab, { nowMs, all: false });
  const lines = statusLines(facts, { width: columns, ended: Math.max(3, rows - 20) });
  const foot = `${localClock(nowMs)} · q leaves`;
  if (!Number.isFinite(columns)) return lines;
  const room = lines.slice(0, rows - 1).map((line) => cutTo(line, columns));
  const gap = Array.from({ length: rows - 1 - room.length }, () => "");
  return [...room, ...gap, foot];
}
