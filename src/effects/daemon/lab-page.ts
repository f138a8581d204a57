// LAB.md, the lab's own page: what is wrong with nightlab.yaml, and how the last night was. It is
// written by the protocol of a journal (journal-file.ts), and a person's text in it stays (preserve-user-edits.ts).
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hashText, labPath, type LabPath } from "../../base/ids.ts";
import type { Problem } from "../../base/problem.ts";
import { labBlocks } from "../../report/night/lab-blocks.ts";
import { mergePages, pageWith } from "../../report/page/merge-pages.ts";
import { signatureText, type PageBlock } from "../../base/page-signature.ts";
import { QUIET_GAP_MS, QUIET_PATIENCE_MS } from "../../scheduler/publish.ts";
import { NIGHT_RETRY_MS } from "../../scheduler/nightly-summary.ts";
import { decodeUtf8 } from "../os/decode-text.ts";
import {
  ReplacedFiles,
  type LateSave,
  DISPLACED_LOOKS_MS,
} from "../journal-store/replaced-files.ts";
import { editorHolds } from "../journal-store/editor-locks.ts";
import { replaceJournal } from "../journal-store/journal-file.ts";
import { labPageIntents, labPageKept, labPagePath } from "../journal-store/journal-paths.ts";
import { getVersion, keepVersion } from "../journal-store/version-store.ts";
import { replayIntents } from "../journal-store/replay-intents.ts";
import { errorCode } from "../os/error-code.ts";
import { readSettled } from "../os/stable-read.ts";
import { syncFolder, atomicWrite } from "../os/atomic-write.ts";
import { JOURNAL_RETRY_MS } from "./journal-handlers.ts";

const PAGE = "LAB.md";

/** What stood in the page when it was last as wanted: taken away after that, it stays away. */
const markFile = (lab: string): string => join(lab, ".nightlab", "pages", "lab.mark");

export interface LabPages {
  /** Puts right what a crash left, before the page is shown. */
  open(lab: LabPath): Promise<void>;
  /**
   * From now on the page says this; it is written once nobody is at it. Resolves when it says so,
   * or when it has been told why it cannot.
   */
  show(lab: LabPath, problems: readonly Problem[], digest: readonly PageBlock[]): Promise<void>;
  close(): Promise<void>;
}

export interface LabPagesParts {
  readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void;
  readonly quietMs: (lab: LabPath) => number;
  readonly now: () => number;
}

interface PendingSave {
  readonly late: LateSave;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Wanted {
  readonly blocks: readonly PageBlock[];
  readonly isEmpty: boolean;
}

interface Page {
  readonly lab: LabPath;
  /** Another object each time: a look that began with an earlier one says nothing of this one. */
  wanted: Wanted;
  timer: NodeJS.Timeout | undefined;
  turn: Promise<void>;
  /** Since when it waits for a pause, ms since 1970. */
  waitingSinceMs: number | undefined;
  lastSize: number | undefined;
  trouble: string | undefined;
  readonly owed: PendingSave[];
  /** Looks that are left after a write: an old copy may be saved over it... */
  looks: readonly number[];
  /** ...and what that took out comes back once. */
  mayComeBack: boolean;
  /** Who waits for it to be as wanted. */
  readonly shown: (() => void)[];
}

/** What one look at the page came to: it is as wanted, or it is looked at again after `ms`. */
type Look = "settled" | { readonly again: number };

export function labPages({ warn, quietMs, now }: LabPagesParts): LabPages {
  const pages = new Map<LabPath, Page>();
  let closed = false;
  const displaced = new ReplacedFiles({
    onLateSave: (late) => owe(late),
    onTrouble: (file, error) => {
      if (!closed) warn("displaced page not read", { file, error: String(error) });
    },
  });
  const pageOf = (lab: LabPath): Page => {
    const known = pages.get(lab);
    if (known !== undefined) return known;
    const page: Page = {
      lab,
      wanted: { blocks: [], isEmpty: true },
      timer: undefined,
      turn: Promise.resolve(),
      waitingSinceMs: undefined,
      lastSize: undefined,
      trouble: undefined,
      owed: [],
      looks: [],
      mayComeBack: true,
      shown: [],
    };
    pages.set(lab, page);
    return page;
  };
  const owe = (late: LateSave): Promise<void> => {
    const page = pageOf(labPath(dirname(late.path)));
    const done = new Promise<void>((taken, given) => {
      page.owed.push({ late, resolve: taken, reject: given });
    });
    later(page, 0);
    return done;
  };
  const later = (page: Page, ms: number): void => {
    if (closed) return;
    clearTimeout(page.timer);
    page.timer = setTimeout(() => {
      page.turn = page.turn.then(() => look(page));
    }, ms);
  };
  const look = async (page: Page): Promise<void> => {
    if (closed) return;
    const { wanted } = page;
    try {
      const found = await renew(page);
      // What was wanted meanwhile has a look of its own, which must not be put off.
      if (page.wanted !== wanted) later(page, 0);
      else if (found === "settled") tellShown(page);
      else later(page, found.again);
    } catch (error) {
      tell(page, String(error));
      later(page, NIGHT_RETRY_MS);
    }
  };
  const tell = (page: Page, why: string): void => {
    const { lab } = page;
    if (page.trouble !== why) warn(`${PAGE} not written; it is tried again`, { lab, why });
    page.trouble = why;
    tellShown(page);
  };
  const tellShown = (page: Page): void => {
    for (const shown of page.shown.splice(0)) shown();
  };

  const renew = async (page: Page): Promise<Look> => {
    const { lab, lastSize, wanted } = page;
    const path = labPagePath(lab);
    const read = await readSettled(path, lastSize === undefined ? {} : { lastSize });
    switch (read.kind) {
      case "busy":
        return { again: JOURNAL_RETRY_MS };
      case "unreadable":
        tell(page, read.why);
        return { again: NIGHT_RETRY_MS };
      case "absent":
        return wanted.isEmpty || (await isShown(lab, wanted)) ? "settled" : await makeAnew(page);
      case "text":
        break;
    }
    await keepVersion(labPageKept(lab), read.bytes, { hash: read.hash });
    page.lastSize = read.size;
    const owed = page.owed.length;
    const merged = await withOwed(page, read.text, wanted);
    const isStale = page.looks.length > 0 && page.mayComeBack;
    const shown = !isStale && (await isShown(lab, wanted));
    const made = pageWith(merged, wanted.blocks, { isEmpty: wanted.isEmpty, shown });
    if (made === read.text) {
      await settle(page, wanted, owed);
      const [next, ...rest] = page.looks;
      page.looks = rest;
      return next === undefined ? "settled" : { again: next };
    }
    const pauseMs = pauseLeft(page, read.mtimeMs);
    if (pauseMs > 0) return { again: pauseMs };
    const held = await editorHolds(path);
    if (held !== false) return { again: JOURNAL_RETRY_MS * 5 };
    return await write(page, read.hash, made, owed);
  };

  const write = async (
    page: Page,
    basedOnHash: string,
    text: string,
    merged: number,
  ): Promise<Look> => {
    const { lab } = page;
    const result = await replaceJournal({
      path: labPagePath(lab),
      basedOnHash,
      text,
      keptDir: labPageKept(lab),
      intentDir: labPageIntents(lab),
      displaced,
      allowSameSize: true,
    });
    switch (result.kind) {
      case "written":
        for (const { resolve: taken } of page.owed.splice(0, merged)) taken();
        page.mayComeBack &&= page.looks.length === 0;
        page.looks = DISPLACED_LOOKS_MS;
        return { again: 0 };
      case "changed":
      case "busy":
      case "same-size":
        return { again: JOURNAL_RETRY_MS };
      case "refused":
      case "failed":
        tell(page, result.why);
        return { again: NIGHT_RETRY_MS };
    }
  };

  /** The text with every save that landed in a file which had just been replaced. */
  const withOwed = async (page: Page, text: string, { blocks }: Wanted): Promise<string> => {
    let merged = text;
    for (const { late } of page.owed) {
      const bytes = await getVersion(labPageKept(page.lab), late.basedOnHash);
      const base = bytes === undefined ? undefined : decodeUtf8(bytes);
      merged = mergePages({
        base: base?.kind === "text" ? base.text : "",
        ours: merged,
        theirs: late.text,
        blocks,
      });
    }
    return merged;
  };
  /** The file is as wanted: what was owed to it is in it. */
  const settle = async (page: Page, wanted: Wanted, owed: number): Promise<void> => {
    for (const { resolve: taken } of page.owed.splice(0, owed)) taken();
    page.waitingSinceMs = undefined;
    page.trouble = undefined;
    if (page.wanted === wanted) tellShown(page);
    await mkdir(dirname(markFile(page.lab)), { recursive: true });
    await atomicWrite(markFile(page.lab), markOf(wanted));
  };
  const pauseLeft = (page: Page, mtimeMs: number): number => {
    page.waitingSinceMs ??= now();
    const patient = now() - page.waitingSinceMs < QUIET_PATIENCE_MS;
    const wanted = patient ? quietMs(page.lab) : Math.min(QUIET_GAP_MS, quietMs(page.lab));
    return mtimeMs + wanted - now();
  };
  const makeAnew = async (page: Page): Promise<Look> => {
    const path = labPagePath(page.lab);
    const { blocks, isEmpty } = page.wanted;
    const text = pageWith("", blocks, { isEmpty, shown: false });
    try {
      const file = await open(path, "wx");
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await syncFolder(page.lab);
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    }
    return { again: 0 };
  };

  return {
    async open(lab) {
      pageOf(lab);
      await replayIntents(labPageIntents(lab), displaced);
    },
    show(lab, problems, digest) {
      const page = pageOf(lab);
      const isEmpty = problems.length === 0 && digest.length === 0;
      page.wanted = { blocks: labBlocks(lab, problems, digest), isEmpty };
      page.mayComeBack = true;
      later(page, 0);
      return new Promise((shown) => page.shown.push(shown));
    },
    async close() {
      closed = true;
      for (const { timer, owed } of pages.values()) {
        clearTimeout(timer);
        for (const { reject: given } of owed)
          given(new Error("The daemon ends; the save stays kept"));
      }
      await Promise.all([...pages.values()].map(({ turn }) => turn));
      await displaced.close();
    },
  };
}

const markOf = ({ blocks }: Wanted): string => hashText(signatureText(blocks));

/** Somebody asks for the page: what was taken away, all of it or nightlab's part, is wanted again. */
export async function wantAgain(lab: string): Promise<void> {
  await rm(markFile(lab), { force: true });
}

async function isShown(lab: LabPath, wanted: Wanted): Promise<boolean> {
  return (await readFile(markFile(lab), "utf8").catch(() => "")) === markOf(wanted);
}
