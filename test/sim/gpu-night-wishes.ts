// What somebody writes in a night of many runs, drawn from a seed: commands with all that a command
// may ask for, and what becomes of each try. The oracle reads this, never what the daemon made of it.
import type { Cause } from "../../src/domain/run.ts";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
/** A small generator of numbers (mulberry32), so that one seed is one night. */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A window that comes again every so many minutes of the hour. */
export interface Shift {
  readonly kind: "shift";
  readonly name: string;
  readonly everyMin: number;
  readonly atMin: number;
  readonly lengthMin: number;
  /** GPU time of one coming, ms. */
  readonly gpuMs?: number;
  readonly stops?: true;
}

export type When =
  | Shift
  /** From this minute of the day to seven in the morning. */
  | { readonly kind: "range"; readonly fromMin: number }
  | { readonly kind: "moment"; readonly minute: number };

export interface Wish {
  readonly verb: "run" | "eval";
  readonly name: string;
  /** Which of the two labs. */
  readonly lab: number;
  readonly gpus: number;
  readonly share: number;
  readonly priority: number;
  readonly seeds: number;
  readonly after?: { readonly name: string; readonly any: boolean };
  readonly if?: { readonly name: string; readonly below: number };
  readonly when?: When;
  readonly limitMs: number;
  readonly retry?: Retry;
  readonly brokenEnvironment: boolean;
  /** What stands in the journal. */
  readonly text: string;
}

interface Retry {
  readonly times: number;
  readonly on: readonly ("oom" | "restart")[];
  /** Absent: a minute, then five. */
  readonly delayMs?: number;
  readonly halves: boolean;
}

/** How a try goes, if nothing else happens to it. */
export interface Fate {
  readonly ms: number;
  readonly code: number;
  readonly cause?: Cause;
}

export interface Plan {
  readonly wishes: readonly Wish[];
  readonly settings: string;
  readonly fateOf: (attempt: string) => Fate;
  readonly metricOf: (name: string) => number;
}

export const CPU_SLOTS = 2;

/** Metrics and fates are drawn by name, so that they do not depend on the order of starts. */
function lot(seed: number, name: string): () => number {
  let mixed = seed;
  for (const letter of name) mixed = Math.imul(mixed ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  return dice(mixed);
}

export function drawPlan(seed: number, gpus: number, count: number): Plan {
  const random = dice(seed);
  const below = (most: number): number => Math.floor(random() * most);
  // For a few runs at their limits: some have to wait for the next time.
  const gpuMs = (2 + below(2)) * 3 * MINUTE;
  const drawShift = (name: string, everyMin: number, leastMin: number): Shift => {
    const [atMin, lengthMin] = [below(everyMin), leastMin + below(leastMin)];
    return { kind: "shift", name, everyMin, atMin, lengthMin };
  };
  const shift: Shift = { ...drawShift("shift", 20, 8), gpuMs };
  const strict: Shift = { ...drawShift("strict", 15, 6), stops: true };
  const windows = [shift, strict].map(windowText).join("\n");
  const settings = `cpu-slots: ${CPU_SLOTS}\nwindows:\n${windows}\n`;
  const metricOf = (name: string): number => Math.floor(lot(seed + 1, name)() * 10) / 10;
  /** Long enough that all GPUs are busy for most of the night. */
  const scale = Math.min(gpus, 4);
  const fateOf = (attempt: string): Fate => fate(lot(seed, attempt), scale);
  const wishes: Wish[] = [];
  for (let i = 0; i < count; i += 1) {
    const lab = below(3) === 0 ? 1 : 0;
    const above = wishes.filter((wish) => wish.lab === lab);
    // No name is the beginning of another one: such a name settles later.
    const name = `r${String(i).padStart(3, "0")}`;
    wishes.push(drawWish(name, lab, gpus, above, { below, windows: [shift, strict] }));
  }
  return { wishes, settings, fateOf, metricOf };
}

function windowText({ name, everyMin, atMin, lengthMin, gpuMs, stops }: Shift): string {
  const minutes = Array.from({ length: 60 }, (_, i) => i).filter((i) => i % everyMin === atMin);
  const hours = gpuMs === undefined ? "" : `, gpu-hours: ${(gpuMs / (60 * MINUTE)).toFixed(2)}`;
  const end = stops === true ? ", at-end: stop" : "";
  return `  ${name}: { start: "${minutes.join(",")} * * * *", length: ${lengthMin}m${hours}${end} }`;
}

function fate(random: () => number, scale: number): Fate {
  const ms = SECOND + Math.floor(random() ** 2 * 25_000) * scale;
  const die = random();
  if (die < 0.1) return { ms, code: 1, cause: { kind: "gpu-out-of-memory" } };
  if (die < 0.17) return { ms, code: 1 };
  if (die < 0.2) return { ms, code: 139, cause: { kind: "signal", signal: "SIGSEGV" } };
  return { ms, code: 0 };
}

interface Hat {
  readonly below: (most: number) => number;
  readonly windows: readonly Shift[];
}

function drawWish(
  name: string,
  lab: number,
  gpus: number,
  above: readonly Wish[],
  { below, windows }: Hat,
): Wish {
  const drawn = above[above.length - 1 - below(Math.min(8, above.length))];
  const near = drawn?.verb === "run" ? drawn : undefined;
  const evaluated = above.some((one) => one.verb === "eval" && one.name === near?.name);
  if (near?.seeds === 1 && !evaluated && below(15) === 0) return evaluation(near);
  const width = below(8);
  const wish: Omit<Wish, "text"> = {
    verb: "run",
    name,
    lab,
    gpus: width === 0 ? 0 : width === 1 && gpus > 1 ? 2 : 1,
    share: width === 2 ? 2 : 1,
    priority: below(5) === 0 ? 1 + below(5) : 0,
    seeds: below(12) === 0 ? 2 + below(3) : 1,
    ...(near !== undefined && below(6) === 0
      ? { after: { name: near.name, any: below(2) === 0 } }
      : {}),
    ...(near !== undefined && near.seeds === 1 && below(10) === 0
      ? { if: { name: near.name, below: 0.5 } }
      : {}),
    ...drawWhen(below, windows),
    limitMs: 2 * MINUTE,
    ...(below(4) === 0 ? { retry: drawRetry(below) } : {}),
    brokenEnvironment: below(30) === 0,
  };
  return { ...wish, text: wishText(wish, below(3) === 0) };
}

function evaluation({ name, lab, brokenEnvironment }: Wish): Wish {
  const bare = { gpus: 1, share: 1, priority: 0, seeds: 1, limitMs: 2 * MINUTE } as const;
  const after = { name, any: true } as const;
  return { ...bare, verb: "eval", name, lab, after, brokenEnvironment, text: `eval: ${name}` };
}

function drawWhen(below: Hat["below"], windows: readonly Shift[]): Pick<Wish, "when"> {
  const die = below(12);
  const window = windows[die >> 1];
  if (window !== undefined) return { when: window };
  if (die === 4) return { when: { kind: "range", fromMin: 22 * 60 + below(40) } };
  if (die === 5) return { when: { kind: "moment", minute: 22 * 60 + below(60) } };
  return {};
}

function drawRetry(below: Hat["below"]): Retry {
  const halves = below(3) === 0;
  return {
    times: 1 + below(3),
    on: halves || below(2) === 0 ? ["oom"] : ["oom", "restart"],
    ...(below(3) === 0 ? {} : { delayMs: (1 + below(30)) * SECOND }),
    halves,
  };
}

const clock = (minute: number): string =>
  `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, "0")}`;

function whenText(when: When): string {
  switch (when.kind) {
    case "shift":
      return when.name;
    case "range":
      return `${clock(when.fromMin)}-07:00`;
    case "moment":
      return clock(when.minute);
  }
}

/** The same command on a line or in a fence; `retry` with more than a number fits a fence only. */
function wishText(wish: Omit<Wish, "text">, fenced: boolean): string {
  const { name, gpus, share, priority, seeds, after, if: shown, retry } = wish;
  const keys: readonly (readonly [string, string])[] = [
    ...(gpus === 1 ? [] : [["gpus", String(gpus)] as const]),
    ...(share === 1 ? [] : [["share", String(share)] as const]),
    ...(priority === 0 ? [] : [["priority", String(priority)] as const]),
    ...(seeds === 1 ? [] : [["seeds", String(seeds)] as const]),
    ...(after === undefined
      ? []
      : [["after", `${after.name}${after.any ? " (any)" : ""}`] as const]),
    ...(shown === undefined ? [] : [["if", `"${shown.name}.val/loss < ${shown.below}"`] as const]),
    ...(wish.when === undefined ? [] : [["when", whenText(wish.when)] as const]),
  ];
  if (!fenced && retry === undefined) {
    return [`run: ${name}`, ...keys.map(([key, value]) => `${key}=${value}`)].join(" ");
  }
  const set = retry?.halves === true ? ", set: { batch-size: /2 }" : "";
  const delay = retry?.delayMs === undefined ? "" : `, delay: ${retry.delayMs / SECOND}s`;
  const tried =
    retry === undefined
      ? []
      : [`retry: { on: [${retry.on.join(", ")}], times: ${retry.times}${delay}${set} }`];
  const args = retry?.halves === true ? " --batch-size 64" : "";
  const lines = keys.map(([key, value]) => `${key}: ${value}`);
  return ["```yaml", `run: ${name}${args}`, ...lines, ...tried, "go: true", "```"].join("\n");
}

/** When a wish may start by its `when`, at a time of the daemon's clock. */
export function openAt(
  when: When,
  nowMs: number,
  takenAtMs: number,
): { readonly startMs: number; readonly endMs: number } | undefined {
  if (when.kind === "shift") {
    const every = when.everyMin * MINUTE;
    const at = when.atMin * MINUTE;
    const startMs = Math.floor((nowMs - at) / every) * every + at;
    const endMs = startMs + when.lengthMin * MINUTE;
    return nowMs < endMs ? { startMs, endMs } : undefined;
  }
  const day = 24 * 60 * MINUTE;
  if (when.kind === "range") {
    const from = when.fromMin * MINUTE;
    const startMs = Math.floor((nowMs - from) / day) * day + from;
    const endMs = Math.floor(startMs / day) * day + day + 7 * 60 * MINUTE;
    return nowMs < endMs ? { startMs, endMs } : undefined;
  }
  // The first such time after it was written; somebody may have looked at a clock a little before.
  const at = when.minute * MINUTE;
  const first = Math.ceil((takenAtMs - 2 * MINUTE - at) / day) * day + at;
  return nowMs >= first ? { startMs: first, endMs: Number.POSITIVE_INFINITY } : undefined;
}
