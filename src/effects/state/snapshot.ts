// A snapshot of the world beside the ledger, so that a daemon reads only what was recorded since. It
// is of one ledger up to one row, and of the code that made it; whatever else is there is passed by,
// and all facts are replayed.
import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { hashText, type LabPath } from "../../base/ids.ts";
import { replay } from "../../domain/replay.ts";
import { worldLines, worldOfLines } from "../../domain/stored-world.ts";
import { emptyWorld, type World } from "../../domain/world.ts";
import { inTurns } from "../os/in-turns.ts";
import type { Ledger } from "./ledger.ts";

/** Facts that are read at one go: 15 MB. */
const PORTION = 5_000;
/** Bytes of a snapshot that are read or written at one go. */
const PART_BYTES = 1 << 20;
const FOLDER = "snapshots";

/** What a snapshot is of: its first line. */
interface Head {
  /** Hash of the code that says what facts mean, and how a world is stored. */
  readonly code: string;
  readonly labs: readonly LabPath[];
  /** The ledger's last row in it, and that row's hash, which no other ledger has. */
  readonly seq: number;
  readonly row: string;
  /** How many rows are in it: a ledger that was mended may have lost some. */
  readonly count: number;
}

/** A world as the ledger has it, and how it was come by. */
export interface ReadWorld {
  readonly world: World;
  /** The last row that is in it. */
  readonly seq: number;
  /** How many facts were replayed. */
  readonly facts: number;
}

/** The world of these labs: from a snapshot and what follows it, or else from all facts. */
export function readWorldOf(
  stateDir: string,
  labs: readonly LabPath[],
  ledger: Pick<Ledger, "some" | "row" | "count">,
): ReadWorld {
  const found = readSnapshot(stateDir, labs, ledger);
  return (
    (found === undefined ? undefined : follow(ledger, labs, found)) ??
    follow(ledger, labs, { world: emptyWorld(), seq: 0 }) ?? {
      world: emptyWorld(),
      seq: 0,
      facts: 0,
    }
  );
}

/** Undefined where a lab has moved since a snapshot: then other facts than before are its. */
function follow(
  ledger: Pick<Ledger, "some">,
  labs: readonly LabPath[],
  { world, seq: from }: Pick<ReadWorld, "world" | "seq">,
): ReadWorld | undefined {
  let seq = from;
  let facts = 0;
  for (;;) {
    const next = ledger.some(labs, seq, PORTION);
    if (from > 0 && next.facts.some(({ kind }) => kind === "lab-moved")) return undefined;
    replay(next.facts, world);
    if (next.facts.length === 0) return { world, seq, facts };
    seq = next.seq;
    facts += next.facts.length;
  }
}

/**
 * Stores the world as it is now, the work in turns. `seq`: the last row in it, of a ledger that has
 * no later one for these labs. Rejects with the system's error; the last snapshot is then still
 * there.
 */
export async function writeSnapshot(
  stateDir: string,
  labs: readonly LabPath[],
  ledger: Pick<Ledger, "row" | "count">,
  { world, seq }: Pick<ReadWorld, "world" | "seq">,
): Promise<void> {
  const row = ledger.row(seq);
  if (row === undefined) return;
  const count = ledger.count(labs, 0, seq);
  const head: Head = { code: codeHash(), labs: labs.toSorted(), seq, row, count };
  const lines = worldLines(world);
  const path = snapshotPath(stateDir, labs);
  // Not recursive: a state folder that was moved away is not begun anew by its cache.
  if (!existsSync(join(stateDir, FOLDER))) await mkdir(join(stateDir, FOLDER), { mode: 0o700 });
  const file = await open(`${path}.new`, "w", 0o600);
  try {
    const hash = createHash("sha256");
    const write = async (text: string): Promise<void> => {
      hash.update(text);
      await file.appendFile(text);
    };
    let text = `${JSON.stringify(head)}\n`;
    for (let isMore = true; isMore;) {
      isMore = await inTurns(
        (function* part(): Generator<undefined, boolean, undefined> {
          while (text.length < PART_BYTES) {
            const line = lines.next();
            if (line.done === true) return false;
            text += `${line.value}\n`;
            yield;
          }
          return true;
        })(),
      );
      await write(text);
      text = "";
    }
    await file.appendFile(`${hash.digest("hex")}\n`);
    await file.sync();
  } catch (error) {
    await rm(`${path}.new`, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

/** Undefined where there is none that fits ledger, labs and code, or where it is damaged. */
function readSnapshot(
  stateDir: string,
  labs: readonly LabPath[],
  ledger: Pick<Ledger, "row" | "count">,
): Pick<ReadWorld, "world" | "seq"> | undefined {
  const lines = linesOfFile(snapshotPath(stateDir, labs));
  try {
    const head = JSON.parse(String(lines.next().value)) as Head;
    const fits =
      head.code === codeHash() &&
      JSON.stringify(head.labs) === JSON.stringify(labs.toSorted()) &&
      ledger.row(head.seq) === head.row &&
      ledger.count(labs, 0, head.seq) === head.count;
    return fits ? { world: worldOfLines(lines), seq: head.seq } : undefined;
  } catch {
    // Any failure: it is no snapshot, and all facts are read.
    return undefined;
  } finally {
    lines.return();
  }
}

/** The lines of a file but for its last, which is the hash of all others; throws where it is not. */
function* linesOfFile(path: string): Generator<string, void, undefined> {
  const file = openSync(path, "r");
  try {
    const hash = createHash("sha256");
    let bytes = Buffer.allocUnsafe(PART_BYTES);
    let used = 0;
    for (;;) {
      const size = readSync(file, bytes, used, bytes.length - used, -1);
      if (size === 0) break;
      used += size;
      let from = 0;
      // The last line of the file is nobody's.
      for (;;) {
        const end = bytes.indexOf(10, from);
        if (end === -1 || end >= used - 1) break;
        yield bytes.toString("utf8", from, end);
        from = end + 1;
      }
      hash.update(bytes.subarray(0, from));
      bytes.copyWithin(0, from, used);
      used -= from;
      if (used === bytes.length) bytes = Buffer.concat([bytes, Buffer.allocUnsafe(used)]);
    }
    if (bytes.toString("utf8", 0, used) !== `${hash.digest("hex")}\n`)
      throw new Error("not as it was written");
  } finally {
    closeSync(file);
  }
}

const snapshotPath = (stateDir: string, labs: readonly LabPath[]): string =>
  join(stateDir, FOLDER, `${hashText(labs.toSorted().join("\n")).slice(0, 32)}.jsonl`);

let knownCode: string | undefined;

/** Another release may read the same facts otherwise, and so may a checkout that is worked on. */
function codeHash(): string {
  if (knownCode !== undefined) return knownCode;
  const hash = createHash("sha256");
  for (const room of ["base", "domain"]) {
    const folder = join(import.meta.dirname, "../..", room);
    for (const name of readdirSync(folder).toSorted()) {
      hash.update(`${name}\n`).update(readFileSync(join(folder, name)));
    }
  }
  knownCode = hash.digest("hex");
  return knownCode;
}
