// Formats the samples of a run's processes as lines of `logs/system.jsonl`, and parses them.
// They are of the machine, not of the script: no metric of the run is ever read from them.
import type { SystemSample, SystemSeries } from "../domain/system.ts";

/** Samples kept of one run: beyond these every second one is dropped, and sampling slows down. */
export const SYSTEM_SAMPLES = 4_000;

/** Name of the file in `logs/`. */
export const SYSTEM_LOG = "system.jsonl";

/** One sample as a line, without its line end. */
export function systemLine({ atMs, ...sample }: SystemSample): string {
  return JSON.stringify({ at: new Date(atMs).toISOString(), ...sample });
}

const NUMBERS = [
  "cpu",
  "rss",
  "processes",
  "gpu",
  "gpuMemory",
  "gpuProcesses",
  "diskFree",
] as const;

/** The samples of a file; lines that are none are skipped. Never throws. */
export function readSystemLines(text: string): SystemSeries {
  const samples: SystemSample[] = [];
  for (const line of text.split("\n")) {
    const sample = line === "" ? undefined : sampleOf(line);
    if (sample !== undefined) samples.push(sample);
  }
  return samples.slice(-2 * SYSTEM_SAMPLES);
}

function sampleOf(line: string): SystemSample | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // Any failure: half a line, as where the machine went down.
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const { at, metrics } = fields;
  const atMs = typeof at === "string" ? Date.parse(at) : Number.NaN;
  const found = NUMBERS.flatMap((name) => {
    const number = fields[name];
    return typeof number === "number" && Number.isFinite(number) ? [[name, number] as const] : [];
  });
  const numbers: Readonly<Record<string, number>> = Object.fromEntries(found);
  const { cpu, rss, processes, ...rest } = numbers;
  if (Number.isNaN(atMs) || cpu === undefined || rss === undefined) return undefined;
  const marked = metrics === true ? { metrics } : {};
  return { atMs, cpu, rss, processes: processes ?? 0, ...marked, ...rest };
}

/** Every second sample: what a series that has become too long keeps. */
export function thinned(samples: readonly SystemSample[]): SystemSample[] {
  return samples.filter((_, i) => i % 2 === 0);
}
