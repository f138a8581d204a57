// An editor that saves a journal over and over, as a process of its own: each save has a line that
// no other has. It tells what it saved as JSON lines; its order is a JSON object in its argument.
import {
  closeSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";

export interface EditorOrder {
  readonly path: string;
  /** `mixed`: each save in one of the other ways. */
  readonly how: "in-place" | "rename" | "backup" | "mixed";
  readonly saves: number;
  readonly seed: number;
}

export interface SaveTold {
  /** The line that this save brought. */
  readonly line: string;
  /** What it runs, where it brought a command. */
  readonly starts?: string;
  readonly stale: boolean;
}

const WAYS = ["in-place", "rename", "backup"] as const;
const STALE = 0.3;
/** 15 to 20 saves a second. */
const PAUSE_MS = { least: 48, most: 66 };
const HALF_MS = 3;

const order = JSON.parse(process.argv[2] ?? "{}") as EditorOrder;
const random = mulberry(order.seed);
let buffer = load();

for (let n = 1; n <= order.saves; n += 1) {
  pause(PAUSE_MS.least + random() * (PAUSE_MS.most - PAUSE_MS.least));
  const stale = random() < STALE;
  if (!stale) buffer = load();
  const told = edit(n, stale);
  while (!save()) pause(2);
  process.stdout.write(`${JSON.stringify(told)}\n`);
}

/** A person who is told that a file is not there tries again. */
function load(): string {
  for (;;) {
    try {
      const text = readFileSync(order.path, "utf8");
      if (text !== "") return text;
    } catch {
      // The path is absent for a moment where names cannot be exchanged.
    }
    pause(2);
  }
}

function edit(n: number, stale: boolean): SaveTold {
  const line = `note ${order.how} ${n} ${"of the person ".repeat(Math.floor(random() * 4))}`.trim();
  const lines = buffer.split("\n");
  const at = lines.indexOf(`## Part ${Math.floor(random() * 10)}`);
  lines.splice(at + 2, 0, line, "");
  // A command that ran is edited, and edited back: its receipt changes each time.
  const toggled = lines.findIndex((one) => one.startsWith(`script: hit.py fixed-${n % 3}`));
  const command = lines[toggled];
  const starts = n % 20 === 0 ? `new-${n}` : undefined;
  // Beside an edit of a command that ran, one of the same script is a part of it, and held.
  if (command !== undefined && starts === undefined) {
    lines[toggled] = command.endsWith(" again") ? command.slice(0, -6) : `${command} again`;
  }
  if (starts !== undefined) lines.push(`script: hit.py ${starts} !`, "");
  buffer = lines.join("\n");
  return { line, stale, ...(starts === undefined ? {} : { starts }) };
}

/** False: the editor shows an error, and its person saves again. */
function save(): boolean {
  const { path, how } = order;
  const way = how === "mixed" ? (WAYS[Math.floor(random() * WAYS.length)] ?? "rename") : how;
  try {
    switch (way) {
      case "in-place": {
        const half = Math.floor(buffer.length / 2);
        // VS Code opens first and cuts later; others cut as they open.
        const cutsLater = random() < 0.5;
        const file = openSync(path, cutsLater ? "r+" : "w");
        if (cutsLater) {
          pause(HALF_MS);
          ftruncateSync(file);
        }
        writeSync(file, buffer.slice(0, half));
        pause(HALF_MS);
        writeSync(file, buffer.slice(half));
        closeSync(file);
        return true;
      }
      case "rename":
        writeFileSync(`${path}.saving`, buffer);
        renameSync(`${path}.saving`, path);
        return true;
      case "backup":
        renameSync(path, `${path}~`);
        writeFileSync(path, buffer);
        rmSync(`${path}~`);
        return true;
    }
  } catch {
    return false;
  }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Small, seeded and good enough for choices. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
