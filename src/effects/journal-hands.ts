// The hands on journals: read them settled whenever they may have changed, write them when asked.
// When a write is due is step's; how it is done without losing a save is journal-file.ts's.
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { ABSENT_IS_BUSY_MS, JOURNAL_PAUSE_MS, JOURNAL_RETRY_MS } from "../limits.ts";
import { experimentPath, type ExperimentPath, type LabPath } from "../model/ids.ts";
import { createJournalReader, type JournalReader } from "../journal/read.ts";
import { DisplacedFiles, type LateSave } from "./displaced.ts";
import { editorHolds } from "./editor-locks.ts";
import type { Hands, Post } from "./hands.ts";
import { replaceJournal } from "./journal-file.ts";
import { keepVersion } from "./kept-versions.ts";
import { replayIntents } from "./replay-intents.ts";
import { readSettled } from "./settled-read.ts";
import { writeWhole } from "./write-whole.ts";

export interface JournalHands extends Pick<Hands, "write-journal" | "write-status-page"> {
  /** Puts right what a crash left, before any journal of the lab is read. */
  open(lab: LabPath): Promise<void>;
  /** The journal may have changed: it is read once it is settled. */
  touch(lab: LabPath, experiment: ExperimentPath): void;
  close(): Promise<void>;
}

type WriteJournal = Parameters<Hands["write-journal"]>[0];

interface Watched {
  readonly lab: LabPath;
  readonly reader: JournalReader;
  timer: NodeJS.Timeout | undefined;
  /** Reads and writes of one journal take turns, so that what is told last is newest. */
  turn: Promise<unknown>;
  lastSize: number | undefined;
  absentSinceMs: number | undefined;
}

export interface JournalHandsParts {
  readonly post: Post;
  readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void;
  readonly now: () => number;
}

export function journalHands({ post, warn, now }: JournalHandsParts): JournalHands {
  const watched = new Map<ExperimentPath, Watched>();
  const displaced = new DisplacedFiles({
    onLateSave: (late) => takeLateSave(late),
    onTrouble: (file, error) => warn("displaced journal not read", { file, error: String(error) }),
  });
  const labs: LabPath[] = [];
  const ownTexts = new Map<ExperimentPath, string>();
  let closed = false;

  const later = (experiment: ExperimentPath, entry: Watched, ms: number): void => {
    if (closed) return;
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => void read(experiment, entry), ms);
  };
  const inTurn = <T>(entry: Watched, work: () => Promise<T>): Promise<T> => {
    const done = entry.turn.then(work);
    entry.turn = done.catch(() => undefined);
    return done;
  };
  const read = async (experiment: ExperimentPath, entry: Watched): Promise<void> => {
    try {
      await inTurn(entry, () => readOnce(experiment, entry));
    } catch (error) {
      warn("journal not read", { experiment, error: String(error) });
      later(experiment, entry, JOURNAL_RETRY_MS);
    }
  };
  const readOnce = async (experiment: ExperimentPath, entry: Watched): Promise<void> => {
    const { lastSize } = entry;
    const options = { now, ...(lastSize === undefined ? {} : { lastSize }) };
    const found = await readSettled(journalOf(experiment), options);
    if (closed) return;
    switch (found.kind) {
      case "text": {
        entry.lastSize = found.size;
        entry.absentSinceMs = undefined;
        await keepVersion(keptDir(entry.lab, experiment), found.text);
        const { text, hash } = found;
        post({ kind: "journal-read", experiment, text, hash, reading: entry.reader.read(text) });
        return;
      }
      case "busy":
        later(experiment, entry, JOURNAL_RETRY_MS);
        return;
      case "absent":
        entry.absentSinceMs ??= now();
        if (now() - entry.absentSinceMs < ABSENT_IS_BUSY_MS) {
          later(experiment, entry, JOURNAL_RETRY_MS);
        } else {
          post({ kind: "experiment-gone", experiment });
        }
        return;
      case "unreadable":
        warn("journal cannot be read", { experiment, why: found.why });
    }
  };
  /** A save that went into a file which had just been replaced: the person's newest word. */
  const takeLateSave = async (late: LateSave): Promise<void> => {
    const experiment = experimentPath(dirname(late.path));
    const lab = labs.find((one) => experiment === String(one) || experiment.startsWith(one + sep));
    if (lab === undefined) throw new Error("Cannot take over a late save: its lab is not open");
    await keepVersion(keptDir(lab, experiment), late.text);
    const entry = watched.get(experiment);
    const put = (): Promise<void> => putLateSave(late, lab, experiment);
    await (entry === undefined ? put() : inTurn(entry, put));
  };
  const putLateSave = async (
    late: LateSave,
    lab: LabPath,
    experiment: ExperimentPath,
  ): Promise<void> => {
    const current = await readSettled(late.path, { now });
    if (current.kind !== "text") throw new Error(`Cannot take over a late save: ${current.kind}`);
    const newer = await stat(late.path).then(({ mtimeMs }) => mtimeMs > late.mtimeMs);
    const ours = ownTexts.get(experiment) === current.hash;
    if (!ours && newer) {
      warn("a save crossed another one; both are kept", { experiment, hash: late.hash });
      return;
    }
    const result = await replace(experiment, lab, current.hash, late.text);
    if (result.kind !== "written") throw new Error(`Cannot take over a late save: ${result.kind}`);
  };
  const replace = async (
    experiment: ExperimentPath,
    lab: LabPath,
    basedOnHash: string,
    text: string,
  ): Promise<Awaited<ReturnType<typeof replaceJournal>>> => {
    const result = await replaceJournal({
      path: journalOf(experiment),
      basedOnHash,
      text,
      keptDir: keptDir(lab, experiment),
      intentDir: intentDir(lab),
      displaced,
      allowSameSize: true,
    });
    if (result.kind === "written") ownTexts.set(experiment, result.hash);
    return result;
  };

  const write = async (
    entry: Watched,
    { experiment, basedOn, text }: WriteJournal,
    reply: Post,
  ): Promise<void> => {
    const held = await editorHolds(journalOf(experiment));
    if (held !== false) {
      reply({ kind: "journal-written", experiment, result: "busy", why: held.why });
      return;
    }
    const result = await replace(experiment, entry.lab, basedOn, text);
    switch (result.kind) {
      case "written":
        entry.lastSize = Buffer.byteLength(text);
        // Read from the disk: somebody may have saved since, and that is newer than our text.
        await readOnce(experiment, entry);
        reply({ kind: "journal-written", experiment, result: "written" });
        return;
      case "changed":
        later(experiment, entry, 0);
        reply({ kind: "journal-written", experiment, result: "changed" });
        return;
      case "busy":
      case "refused":
      case "failed":
        if (result.kind !== "busy") warn("journal not written", { experiment, why: result.why });
        reply({ kind: "journal-written", experiment, result: result.kind, why: result.why });
        return;
      case "same-size":
        throw new Error("a write of equal size was allowed, and refused");
    }
  };

  return {
    async open(lab) {
      labs.push(lab);
      await replayIntents(intentDir(lab), displaced);
    },
    touch(lab, experiment) {
      let entry = watched.get(experiment);
      if (entry === undefined) {
        entry = {
          lab,
          reader: createJournalReader(),
          timer: undefined,
          turn: Promise.resolve(),
          lastSize: undefined,
          absentSinceMs: undefined,
        };
        watched.set(experiment, entry);
      }
      later(experiment, entry, JOURNAL_PAUSE_MS);
    },
    async "write-journal"(effect, reply) {
      const entry = watched.get(effect.experiment);
      if (entry !== undefined) await inTurn(entry, () => write(entry, effect, reply));
    },
    async "write-status-page"({ experiment, text }) {
      try {
        await writeWhole(join(experiment, "STATUS.md"), text);
      } catch (error) {
        warn("STATUS.md not written", { experiment, error: String(error) });
      }
    },
    async close() {
      closed = true;
      for (const { timer } of watched.values()) clearTimeout(timer);
      await displaced.close();
    },
  };
}

const journalOf = (experiment: ExperimentPath): string => join(experiment, "JOURNAL.md");
const intentDir = (lab: LabPath): string => join(lab, ".nightlab", "intents");

/** Where the versions of one journal are kept. */
export function keptDir(lab: LabPath, experiment: ExperimentPath): string {
  const name = createHash("sha256").update(relative(lab, experiment)).digest("hex").slice(0, 32);
  return join(lab, ".nightlab", "kept", name);
}
