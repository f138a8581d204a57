// Lists the experiments of a lab by walking it once, and what looks like one and is none. Following
// changes is the job of effects/daemon/watch.ts, which finds the same experiments.
import { existsSync, type Dirent } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { isIgnoredFolder } from "../../base/ignored-folders.ts";
import { unreadTrouble, type Trouble } from "../../domain/trouble.ts";
import { decodeUtf8 } from "../os/decode-text.ts";
import { errorCode } from "../os/error-code.ts";
import { statSync } from "../os/lab-files.ts";
import { linkedFolder } from "../os/lab-links.ts";

/** Most experiments of one lab. Each takes a watch, and the kernel's default limit is 8,192. */
export const EXPERIMENTS_PER_LAB = 2_000;
/** How many levels below a lab are searched for journals. */
export const LAB_DEPTH = 8;
/** A journal this many levels deeper is told; one below that nobody finds by hand either. */
const TOLD_DEPTH = 4;
const SETTINGS = "nightlab.yaml";

/** What a walk of a lab finds; paths of troubles are relative to the lab. */
export interface LabSurvey {
  /** Absolute paths of the folders with a journal, by name. */
  readonly experiments: readonly string[];
  /** What looks like an experiment, and is not followed. */
  readonly troubles: readonly Trouble[];
  /** What is passed over for a reason that its owner may know: labs and worktrees within the lab. */
  readonly passedOver: readonly Trouble[];
}

/**
 * Absolute paths of the folders with a journal, by name, EXPERIMENTS_PER_LAB at most. A folder
 * outside of the lab is one where a trusted link leads to it, by the path of the first such link.
 */
export async function experimentsOf(labDir: string): Promise<readonly string[]> {
  return (await surveyLab(labDir)).experiments;
}

/** Walks a lab. Never rejects: a folder that cannot be looked into is a trouble. */
export async function surveyLab(labDir: string): Promise<LabSurvey> {
  const survey: Survey = {
    labDir,
    experiments: [],
    troubles: [],
    passedOver: [],
    linked: new Set(),
    isFull: false,
  };
  await walk(survey, labDir, 0);
  return survey;
}

interface Survey {
  readonly labDir: string;
  readonly experiments: string[];
  readonly troubles: Trouble[];
  readonly passedOver: Trouble[];
  /** Folders outside of the lab that links lead to, by their own paths. */
  readonly linked: Set<string>;
  /** The lab has more experiments than are followed: the walk ends. */
  isFull: boolean;
}

async function walk(survey: Survey, dir: string, depth: number): Promise<void> {
  const where = relative(survey.labDir, dir) || ".";
  const entries = await entriesOf(survey, dir, where);
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  if (depth > 0 && byName.has(SETTINGS)) {
    survey.passedOver.push({ where, says: "is a lab of its own", fix: `nightlab watch ${dir}` });
    return;
  }
  if (depth > 0 && byName.get(".git")?.isFile() === true) {
    survey.passedOver.push({ where, says: "is a linked worktree of git, or a submodule" });
    return;
  }
  const journal = byName.get("JOURNAL.md");
  if (journal !== undefined) takeJournal(survey, dir, depth, journal);
  if (depth >= LAB_DEPTH + TOLD_DEPTH) return;
  const below = entries.filter(
    (entry) =>
      !isIgnoredFolder(entry.name) &&
      (entry.isDirectory() ||
        (entry.isSymbolicLink() && isFirstLink(survey, join(dir, entry.name)))),
  );
  for (const { name } of below.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (survey.isFull) return;
    await walk(survey, join(dir, name), depth + 1);
  }
}

/** Whether a path is a trusted link to a folder that no link before it led to. */
function isFirstLink({ linked }: Survey, path: string): boolean {
  const folder = linkedFolder(path);
  if (folder === undefined || linked.has(folder)) return false;
  linked.add(folder);
  return true;
}

/** The entries of a folder whose names are UTF-8; the others cannot be named, and are told. */
async function entriesOf(survey: Survey, dir: string, where: string): Promise<readonly Dirent[]> {
  let raw: Dirent<Buffer>[];
  try {
    const named = await readdir(dir, { withFileTypes: true });
    // Only a name with a mark for what cannot be decoded may be one that is not UTF-8.
    if (!named.some(({ name }) => name.includes("\uFFFD"))) return named;
    raw = await readdir(dir, { withFileTypes: true, encoding: "buffer" });
  } catch (error) {
    const code = errorCode(error);
    if (!["ENOENT", "ENOTDIR"].includes(code)) {
      const says = `cannot be looked into (${code || String(error)}), so no experiment in it is followed`;
      survey.troubles.push({ where, says });
    }
    return [];
  }
  const entries: Dirent[] = [];
  for (const entry of raw) {
    const decoded = decodeUtf8(entry.name);
    if (decoded.kind === "text") {
      entries.push(Object.assign(entry as unknown as Dirent, { name: decoded.text }));
    } else if (entry.isDirectory() && (await hasJournal(dir, entry.name))) {
      const shown = join(where, entry.name.toString("utf8"));
      const fix = `mv ${shellBytes(entry.name)} a-name-in-UTF-8   (in ${where})`;
      survey.troubles.push({
        where: shown,
        says: "is no experiment: its name is not UTF-8, and no path can name it",
        fix,
      });
    }
  }
  return entries;
}

async function hasJournal(dir: string, name: Buffer): Promise<boolean> {
  const path = Buffer.concat([Buffer.from(`${dir}/`), name, Buffer.from("/JOURNAL.md")]);
  return await lstat(path).then(
    () => true,
    // Any failure: a name that no path can say is told where it surely has a journal.
    () => false,
  );
}

/** Any bytes as one word of bash: `$'gr\xf6sse'`. */
function shellBytes(name: Buffer): string {
  const letters = [...name].map((byte) =>
    /[\w.-]/.test(String.fromCodePoint(byte))
      ? String.fromCodePoint(byte)
      : String.raw`\x${byte.toString(16).padStart(2, "0")}`,
  );
  return `$'${letters.join("")}'`;
}

function takeJournal(survey: Survey, dir: string, depth: number, entry: Dirent): void {
  const { experiments, troubles } = survey;
  const where = relative(survey.labDir, join(dir, "JOURNAL.md"));
  if (!entry.isFile() && !entry.isSymbolicLink()) {
    const kind = entry.isDirectory()
      ? "a folder"
      : entry.isFIFO()
        ? "a pipe"
        : "a device or socket";
    const why = `it is ${kind}, not a file`;
    troubles.push(unreadTrouble(where, { why, fix: "give it another name" }));
  } else if (depth > LAB_DEPTH) {
    const why = `it lies more than ${LAB_DEPTH} folders below the lab`;
    troubles.push(unreadTrouble(where, { why, fix: "move its folder up" }));
  } else if (experiments.length < EXPERIMENTS_PER_LAB) experiments.push(dir);
  else {
    survey.isFull = true;
    const says = `has more than ${EXPERIMENTS_PER_LAB} experiments; the others, such as ${relative(survey.labDir, dir)}, are not followed`;
    troubles.push({ where: ".", says, fix: "move some into a lab of their own" });
  }
}

/**
 * Whether a folder within a lab is not a part of it: it is a lab of its own, or it has a `.git`
 * file, which makes it a linked worktree or a submodule.
 */
export function belongsElsewhere(folder: string): boolean {
  if (existsSync(join(folder, SETTINGS))) return true;
  return statSync(join(folder, ".git"))?.isFile() === true;
}
