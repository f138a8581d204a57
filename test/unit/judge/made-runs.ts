// Runs with curves for tests of pictures and pages, made from log lines as a script writes them.
import type { RunRecord } from "../../../src/domain/run.ts";
import { createRunReader } from "../../../src/logs/run-reader.ts";
import { curvesOf } from "../../../src/judge/curves.ts";
import type { ReportRun } from "../../../src/judge/input.ts";
import { run } from "./given.ts";

export interface MadeRun {
  readonly args?: readonly string[];
  readonly fields?: Partial<RunRecord>;
  /** Seconds between two lines; 0: lines without a stamp. */
  readonly everyS?: number;
  readonly key?: string;
}

/** A run that logged these values at the steps 0, 1, 2… */
export function curveRun(
  name: string,
  values: readonly (number | string)[],
  { args = [], fields = {}, everyS = 1, key = "val/loss" }: MadeRun = {},
): ReportRun {
  const reader = createRunReader();
  const lines = values.map((value, step) => {
    const stamp = new Date(Date.UTC(2025, 1, 2, 14, 30) + step * everyS * 1_000);
    const head = everyS === 0 ? "" : `${stamp.toISOString().slice(0, 19).replace("T", " ")} | `;
    return `${head}INFO | metric {"step": ${step}, "${key}": ${value}}\n`;
  });
  reader.feed("logs/train.log", Buffer.from(lines.join("")));
  reader.finish();
  const reading = reader.reading();
  const made = run(name, [], { args: [name, ...args], ...fields });
  return { ...made, reading, curves: curvesOf(reading, [key]) };
}
