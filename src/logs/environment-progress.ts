// How far the building of an environment is, from what uv or pixi has printed so far.
// The output is kept and read by effects/environment/environment-log.ts.
import { stripVTControlCharacters } from "node:util";

const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/**
 * `downloading 6.8 of 22.9 MiB (numpy)`; without a download in progress the last line printed, and
 * "resolving" before there is one.
 */
export function environmentProgress(output: string): string {
  const lines = stripVTControlCharacters(output)
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const sizes = new Map<string, number>();
  const done = new Set<string>();
  for (const line of lines) {
    const begun = /^Downloading (\S+) \(([\d.]+)(B|KiB|MiB|GiB)\)$/.exec(line);
    if (begun !== null) sizes.set(begun[1] ?? "", Number(begun[2]) * (UNITS[begun[3] ?? ""] ?? 1));
    const ended = /^Downloaded (\S+)$/.exec(line)?.[1];
    if (ended !== undefined) done.add(ended);
  }
  const left = [...sizes.keys()].filter((name) => !done.has(name));
  if (left.length === 0) return lines.at(-1) ?? "resolving";
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const had = [...sizes].reduce((sum, [name, size]) => sum + (done.has(name) ? size : 0), 0);
  const [unit, bytes] = total < 2 ** 30 ? ["MiB", 2 ** 20] : ["GiB", 2 ** 30];
  const shown = (size: number): string => (size / bytes).toFixed(1);
  return `downloading ${shown(had)} of ${shown(total)} ${unit} (${left.slice(0, 3).join(", ")})`;
}
