// `npm run bench [-- WORD]`: runs the benchmarks whose file name holds the word, and prints a table.
// Ends with 1 where a median is over its bound, so that a slower change is seen before it lands.
import { globSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Timing } from "./measure.ts";

/** What a *.bench.ts file exports as `bench`, or several as `benches`. */
export interface Bench {
  /** What is timed, in words: `from the end of settling to the script's process`. */
  readonly what: string;
  /** The median may not be over this. */
  readonly boundMs: number;
  /** Of the figures, where they are no times; default ms. */
  readonly unit?: string;
  readonly run: () => Promise<Timing>;
}

const folder = fileURLToPath(new URL(".", import.meta.url));
const word = process.argv[2] ?? "";
const files = globSync("*.bench.ts", { cwd: folder }).filter((file) => file.includes(word));

console.log(
  `${cpus()[0]?.model ?? "unknown CPU"}, ${cpus().length} cores, Node ${process.version}`,
);
let tooSlow = files.length === 0;
if (tooSlow) console.error(`no benchmark's name holds ${JSON.stringify(word)}`);
for (const file of files.toSorted()) {
  const found = (await import(pathToFileURL(join(folder, file)).href)) as {
    readonly bench?: Bench;
    readonly benches?: readonly Bench[];
  };
  for (const bench of found.benches ?? []) await time(bench);
  if (found.bench !== undefined) await time(found.bench);
}
process.exitCode = tooSlow ? 1 : 0;

async function time(bench: Bench): Promise<void> {
  const { medianMs, p95Ms, worstMs, times } = await bench.run();
  const told = (value: number): string => `${value.toPrecision(3)} ${bench.unit ?? "ms"}`;
  const kept = medianMs <= bench.boundMs;
  tooSlow ||= !kept;
  console.log(
    `${kept ? "ok  " : "SLOW"} ${bench.what}: median ${told(medianMs)} (bound ${told(bench.boundMs)}),` +
      ` p95 ${told(p95Ms)}, worst ${told(worstMs)}, ${times} times`,
  );
}
