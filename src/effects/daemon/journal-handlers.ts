// The hands on journals: read them settled whenever they may have changed, write them when asked.
// When a write is due is step's; how it is done without losing a save is journal-file.ts's, and
// what saves that crossed one another come to is concurrent-saves.ts's.
import { dirname, sep } from "node:path";
import { experimentPath, hashText, type ExperimentPath, type LabPath } from "../../base/ids.ts";
import { decodeUtf8 } from "../os/decode-text.ts";
import { ReplacedFiles, type LateSave } from "../journal-store/replaced-files.ts";
import { editorHolds } from "../journal-store/editor-locks.ts";
import { gitOrigin } from "../git/git-origin.ts";
import { gitWrote } from "../git/git-activity.ts";
import type { EffectHandlers, Post } from "./effect-handlers.ts";
import { replaceJournal } from "../journal-store/journal-file.ts";
import type { ReplaceResult } from "../journal-store/journal-swap.ts";
import { intentFolder } from "../journal-store/journal-paths.ts";
import { getVersion, keepVersion } from "../journal-store/version-store.ts";
import { replayIntents } from "../journal-store/replay-intents.ts";
import { answerRestore, type RestoreRequest } from "../state/requests.ts";
import { restoreVersion } from "../journal-store/restore-version.ts";
import { readSettled } from "../os/stable-read.ts";
import { endStatusPage, writeStatusPage } from "../journal-store/status-page.ts";
import {
  inTurn,
  isNewWriteTrouble,
  watchedJournal,
  type Watched,
} from "../journal-store/watched-journal.ts";
import { pauseAtWorst, type WriteStrategies } from "../state/write-strategies.ts";

/** An editor that renames leaves the path absent for a moment: busy, not deleted. */
const ABSENT_IS_BUSY_MS = 10_000;
/** While nothing can be kept (a full disk), a journal is looked at this often. */
const JOURNAL_KEEP_RETRY_MS = 5_000;
/** An editor's save is several events: they are answered by one read. */
const JOURNAL_PAUSE_MS = 30;
/** A journal that somebody is saving is tried again after this long. */
export const JOURNAL_RETRY_MS = 200;

export interface JournalHandlers extends Pick<
  EffectHandlers,
  "write-journal" | "write-status-page"
> {
  /** Puts right what a crash left, before any journal of the lab is read. */
  open(lab: LabPath): Promise<void>;
  /** The editor that had the journal open is gone: told once what it saved last was read. */
  editorClosed(lab: LabPath, experiment: ExperimentPath): void;
  /** The journal may have changed: it is read once it is settled. */
  touch(lab: LabPath, experiment: ExperimentPath): void;
  /** Puts a kept version back, and answers whoever asked for it. */
  restore(lab: LabPath, request: RestoreRequest): Promise<void>;
  close(): Promise<void>;
}

type WriteJournal = Parameters<EffectHandlers["write-journal"]>[0];

export interface JournalHandlersParts {
  readonly post: Post;
  readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void;
  readonly note: (message: string, facts: Readonly<Record<string, unknown>>) => void;
  readonly now: () => number;
  /** Hashes of all that was ever rendered into a journal. */
  readonly rendered: (experiment: ExperimentPath) => ReadonlySet<string>;
  readonly ways: WriteStrategies;
}

export function journalHandlers(parts: JournalHandlersParts): JournalHandlers {
  const { post, warn, note, now, ways } = parts;
  const watched = new Map<ExperimentPath, Watched>();
  const { leases, equalReadsMs } = ways;
  const reading = { leases, ...(equalReadsMs === undefined ? {} : { equalReadsMs }) };
  const displaced = new ReplacedFiles({
    ...reading,
    onLateSave: (late) => takeLateSave(late),
    onTrouble: (file, error) => {
      if (!closed) warn("displaced journal not read", { file, error: String(error) });
    },
  });
  const arrivals = gitOrigin();
  const labs: LabPath[] = [];
  let closed = false;

  const later = (entry: Watched, ms: number): void => {
    if (closed) return;
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => void read(entry), ms);
  };
  /** Says a trouble once, and that it is over. */
  const tell = (entry: Watched, trouble: string | undefined): void => {
    if (entry.trouble === trouble) return;
    const { experiment } = entry;
    entry.trouble = trouble;
    if (trouble === undefined) note("journal read again", { experiment });
    else warn("journal not read; nothing is done in it until it is", { experiment, why: trouble });
  };
  /** One read waits for its turn at most: what comes meanwhile is in it. */
  const read = (entry: Watched): Promise<void> => (entry.nextRead ??= readInTurn(entry));
  const readInTurn = async (entry: Watched): Promise<void> => {
    try {
      await inTurn(entry, async () => {
        entry.nextRead = undefined;
        await readOnce(entry);
      });
    } catch (error) {
      // Nothing is used that is not kept: a full disk stops this journal, and loses nothing.
      tell(entry, String(error));
      later(entry, JOURNAL_KEEP_RETRY_MS);
    }
  };
  const readOnce = async (entry: Watched): Promise<void> => {
    const { experiment, path, keptDir, generations, saves, lastSize } = entry;
    const last = lastSize === undefined ? {} : { lastSize };
    const found = await readSettled(path, { now, ...reading, ...last });
    if (closed) return;
    switch (found.kind) {
      case "text": {
        const known = await generations.knows(found.hash);
        const { hash, mtimeMs } = found;
        // It is kept while it is read, and used once it is kept.
        const kept = keepVersion(keptDir, found.bytes, { hash });
        kept.catch(() => undefined);
        const origin = (await gitWrote(path, mtimeMs))
          ? await arrivals.originOf(path, found.text)
          : undefined;
        const byGit = origin !== undefined;
        const { text, reading: understood, ...more } = await saves.read({ ...found, known, byGit });
        await kept;
        tell(entry, undefined);
        entry.lastSize = found.size;
        entry.absentSinceMs = undefined;
        if (more.onDisk !== undefined) note("saves crossed", { experiment, hash });
        post({
          kind: "journal-read",
          experiment,
          text,
          hash,
          reading: understood,
          ...more,
          ...(origin === undefined ? {} : { origin }),
        });
        entry.unanswered?.();
        entry.unanswered = undefined;
        return;
      }
      case "busy":
        later(entry, JOURNAL_RETRY_MS);
        return;
      case "absent":
        entry.absentSinceMs ??= now();
        if (now() - entry.absentSinceMs < ABSENT_IS_BUSY_MS) {
          later(entry, JOURNAL_RETRY_MS);
        } else {
          post({ kind: "experiment-gone", experiment });
        }
        return;
      case "unreadable":
        tell(entry, found.why);
    }
  };
  /** A save that went into a file which had just been replaced: it is owed to the journal. */
  const takeLateSave = async (late: LateSave): Promise<void> => {
    const experiment = experimentPath(dirname(late.path));
    const lab = labs.find((one) => experiment === String(one) || experiment.startsWith(one + sep));
    if (lab === undefined) throw new Error("Cannot take over a late save: its lab is not open");
    const entry = entryOf(lab, experiment);
    await keepVersion(entry.keptDir, late.text);
    note("late save", { experiment, hash: late.hash });
    const taken = entry.saves.owe(late);
    later(entry, 0);
    await taken;
  };
  const entryOf = (lab: LabPath, experiment: ExperimentPath): Watched => {
    const known = watched.get(experiment);
    if (known !== undefined) return known;
    const entry = watchedJournal(lab, experiment, () => parts.rendered(experiment));
    watched.set(experiment, entry);
    return entry;
  };

  const write = async (
    entry: Watched,
    { experiment, basedOn, text }: WriteJournal,
    reply: Post,
  ): Promise<void> => {
    const held = await editorHolds(entry.path);
    if (held !== false) {
      reply({ kind: "journal-written", experiment, result: "busy", why: held.why });
      return;
    }
    const result = await replaceJournal({
      path: entry.path,
      basedOnHash: basedOn,
      text,
      keptDir: entry.keptDir,
      intentDir: intentFolder(entry.lab),
      displaced,
      // The renderer sees to it that sizes differ, but for a merge into a journal without receipts.
      allowSameSize: true,
      leases: ways.leases,
      exchange: ways.exchange,
      ...(ways.pauseMs > 0 ? { beforeEffect: pauseAtWorst(ways.pauseMs) } : {}),
    });
    note("journal write", { experiment, ...result });
    await answerFor(entry, text, result, reply);
  };
  const answerFor = async (
    entry: Watched,
    text: string,
    result: ReplaceResult,
    reply: Post,
  ): Promise<void> => {
    const { experiment } = entry;
    switch (result.kind) {
      case "written":
        entry.lastSize = Buffer.byteLength(text);
        entry.writeTrouble = undefined;
        await endStatusPage(experiment).catch(() => undefined);
        await entry.saves.written(text, result.hash, now());
        // Read from the disk: somebody may have saved since, and that is newer than our text.
        await readOnce(entry).catch((error: unknown) => {
          tell(entry, String(error));
          later(entry, JOURNAL_KEEP_RETRY_MS);
        });
        reply({ kind: "journal-written", experiment, result: "written" });
        return;
      case "changed":
        later(entry, 0);
        reply({ kind: "journal-written", experiment, result: "changed" });
        return;
      case "busy":
        // Somebody is saving it. The answer comes with their text: before, no try is worth it.
        entry.unanswered = () => reply({ kind: "journal-written", experiment, result: "changed" });
        later(entry, JOURNAL_PAUSE_MS);
        return;
      case "refused":
      case "failed":
        if (isNewWriteTrouble(entry, result.why)) {
          warn("journal not written; it is tried again", { experiment, why: result.why });
        }
        reply({ kind: "journal-written", experiment, result: result.kind, why: result.why });
        return;
      case "same-size":
        throw new Error("a write of equal size was allowed, and refused");
    }
  };

  const restore = async (lab: LabPath, experiment: ExperimentPath, version: string) => {
    const entry = entryOf(lab, experiment);
    const bytes = await getVersion(entry.keptDir, version);
    const decoded = bytes === undefined ? undefined : decodeUtf8(bytes);
    if (decoded?.kind !== "text") return "that version is not kept";
    const { text } = decoded;
    return await inTurn(entry, async () => {
      const { path } = entry;
      const intentDir = intentFolder(lab);
      const result = await restoreVersion({
        path,
        text,
        keptDir: entry.keptDir,
        intentDir,
        displaced,
      });
      if (result.kind === "same-size" || result.kind === "changed") return "it was just saved";
      if (result.kind !== "written") return result.why;
      await entry.saves.written(text, hashText(text), now());
      entry.lastSize = Buffer.byteLength(text);
      later(entry, 0);
      return undefined;
    });
  };

  return {
    async restore(lab, { id, experiment, version }) {
      const why = await restore(lab, experimentPath(experiment), version).catch(String);
      answerRestore(lab, id, why);
    },
    async open(lab) {
      labs.push(lab);
      await replayIntents(intentFolder(lab), displaced);
    },
    touch(lab, experiment) {
      const entry = entryOf(lab, experiment);
      const sinceMs = now() - (entry.touchedAtMs ?? 0);
      entry.touchedAtMs = now();
      // The first word of a save is followed at once; what comes in one go is answered together.
      later(entry, sinceMs > JOURNAL_PAUSE_MS ? 0 : JOURNAL_PAUSE_MS);
    },
    editorClosed(lab, experiment) {
      const told = (): void => post({ kind: "editor-closed", experiment });
      setTimeout(() => void read(entryOf(lab, experiment)).then(told), JOURNAL_PAUSE_MS);
    },
    async "write-journal"(effect, reply) {
      const entry = watched.get(effect.experiment);
      if (entry !== undefined) await inTurn(entry, () => write(entry, effect, reply));
    },
    async "write-status-page"({ experiment, text }) {
      try {
        await writeStatusPage(experiment, text);
      } catch (error) {
        warn("STATUS.md not written", { experiment, error: String(error) });
      }
    },
    async close() {
      closed = true;
      for (const { timer, saves } of watched.values()) {
        clearTimeout(timer);
        saves.close();
      }
      await displaced.close();
    },
  };
}
