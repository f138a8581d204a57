// LAB.md, the lab's own page: problems in nightlab.yaml, and a summary of the last night. It is
// written like a journal (journal-file.ts), and a person's edits of it are kept (merge-pages.ts).
import { dirname, join } from "node:path";
import { hashText, labPath, type LabPath } from "../../base/ids.ts";
import type { Mistake } from "../../base/problem.ts";
import { labBlocks } from "../../report/night/lab-blocks.ts";
import { mergePages, pageWith } from "../../report/page/merge-pages.ts";
import { signatureText, type PageBlock } from "../../base/page-signature.ts";
import { QUIET_PATIENCE_MS } from "../../scheduler/publish.ts";
import { NIGHT_RETRY_MS } from "../../scheduler/nightly-summary.ts";
import { decodeUtf8 } from "../os/decode-text.ts";
import {
  ReplacedFiles,
  type LateSave,
  REPLACED_LOOKS_MS,
} from "../journal-store/replaced-files.ts";
import { editorHolds } from "../journal-store/editor-locks.ts";
import { replaceJournal } from "../journal-store/journal-file.ts";
import { labPageIntents, labPageKept, labPagePath } from "../journal-store/journal-paths.ts";
import { getVersion, keepVersion } from "../journal-store/version-store.ts";
import { replayIntents } from "../journal-store/replay-intents.ts";
import { errorCode } from "../os/error-code.ts";
import { readSettled } from "../os/stable-read.ts";
import type { Troubles } from "../state/troubles.ts";
import { syncFolder, atomicWrite } from "../os/atomic-write.ts";
import { JOURNAL_RETRY_MS } from "./journal-handlers.ts";
import { mkdir, open, readFile, rm } from "../os/lab-files.ts";
import { defined } from "../../base/defined.ts";

const PAGE = "LAB.md";

/**
 * Signature of the blocks that the page last showed. Where the page lacks these blocks, a person
 * removed them, and they are not written again.
 */
const markFile = (lab: string): string => join(lab, ".nightlab", "pages", "lab.mark");

export interface LabPages {
  /** Finishes writes that a crash interrupted; call it before the page is shown. */
  open(lab: LabPath): Promise<void>;
  /**
   * From now on the page shows these problems and this night. It is written once nobody is editing
   * it. Resolves when the page shows them, or when it was reported why it cannot.
   */
  show(lab: LabPath, problems: readonly Mistake[], digest: readonly PageBlock[]): Promise<void>;
  /** Stops writing. Late saves that are not merged yet stay as kept versions. */
  close(): Promise<void>;
}

export interface LabPagesParts {
  readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void;
  /** Tells or takes back that the page cannot be read or written. */
  readonly tell?: Troubles["tell"];
  /** How long a file must be unchanged before it is written, in ms. */
  readonly quietMs: (lab: LabPath) => number;
  /** ms since 1970. */
  readonly now: () => number;
  /** A lab's part of the state folder. */
  readonly stateOf: (lab: LabPath) => string;
}

/** The pages of all labs of a daemon. */
interface Pages {
  readonly parts: LabPagesParts;
  readonly byLab: Map<LabPath, Page>;
  /** Files that a write replaced: an editor may still save into one of them. */
  readonly replaced: ReplacedFiles;
  closed: boolean;
}

/** A late save that is not merged into the page yet, and the promise of its `onLateSave`. */
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
  /** A new object at each `show`: a look that began before can tell that it is out of date. */
  wanted: Wanted;
  timer: NodeJS.Timeout | undefined;
  /** Looks at the page take turns. */
  turn: Promise<void>;
  /** Since when it waits for a pause, ms since 1970. */
  waitingSinceMs: number | undefined;
  lastSize: number | undefined;
  /** What was last reported, so that it is reported once. */
  trouble: string | undefined;
  readonly pendingSaves: PendingSave[];
  /** Delays of the looks left after a write, in ms: an editor may save an old copy over it. */
  looks: readonly number[];
  /** Whether blocks that such a save removed are written again; they are, once. */
  mayComeBack: boolean;
  /** Resolves the promises of `show`. */
  readonly shown: (() => void)[];
}

/** What one look at the page found: it is as wanted, or it is looked at again after `again` ms. */
type Look = "settled" | { readonly again: number };

/** The pages of labs; each is written from its first `show` on. */
export function labPages(parts: LabPagesParts): LabPages {
  const pages = createPages(parts);
  return {
    async open(lab) {
      pageOf(pages, lab);
      await replayIntents(labPageIntents(parts.stateOf(lab)), lab, pages.replaced);
    },
    show(lab, problems, digest) {
      const page = pageOf(pages, lab);
      const isEmpty = problems.length === 0 && digest.length === 0;
      page.wanted = { blocks: labBlocks(lab, problems, digest), isEmpty };
      page.mayComeBack = true;
      lookLater(pages, page, 0);
      return new Promise((shown) => page.shown.push(shown));
    },
    async close() {
      pages.closed = true;
      for (const { timer, pendingSaves } of pages.byLab.values()) {
        clearTimeout(timer);
        for (const { reject } of pendingSaves) {
          reject(new Error("The daemon ends; the save stays kept"));
        }
      }
      await Promise.all([...pages.byLab.values()].map(({ turn }) => turn));
      await pages.replaced.close();
    },
  };
}

function createPages(parts: LabPagesParts): Pages {
  const pages: Pages = {
    parts,
    byLab: new Map(),
    replaced: new ReplacedFiles({
      onLateSave: (late) => takeLateSave(pages, late),
      onTrouble: (file, error) => {
        if (!pages.closed) parts.warn("displaced page not read", { file, error: String(error) });
      },
    }),
    closed: false,
  };
  return pages;
}

function pageOf({ byLab }: Pages, lab: LabPath): Page {
  const known = byLab.get(lab);
  if (known !== undefined) return known;
  const page: Page = {
    lab,
    wanted: { blocks: [], isEmpty: true },
    timer: undefined,
    turn: Promise.resolve(),
    waitingSinceMs: undefined,
    lastSize: undefined,
    trouble: undefined,
    pendingSaves: [],
    looks: [],
    mayComeBack: true,
    shown: [],
  };
  byLab.set(lab, page);
  return page;
}

/** Has a save merged that landed in a file which had just been replaced; resolves when it is. */
function takeLateSave(pages: Pages, late: LateSave): Promise<void> {
  const page = pageOf(pages, labPath(dirname(late.path)));
  const done = new Promise<void>((resolve, reject) => {
    page.pendingSaves.push({ late, resolve, reject });
  });
  lookLater(pages, page, 0);
  return done;
}

/** Looks at a page after `ms`; a later call replaces an earlier one that is still waiting. */
function lookLater(pages: Pages, page: Page, ms: number): void {
  if (pages.closed) return;
  clearTimeout(page.timer);
  page.timer = setTimeout(() => {
    page.turn = page.turn.then(() => look(pages, page));
  }, ms);
}

async function look(pages: Pages, page: Page): Promise<void> {
  if (pages.closed) return;
  const { wanted } = page;
  try {
    const found = await renew(pages, page);
    // `show` was called meanwhile and scheduled a look, which this one's delay must not put off.
    if (page.wanted !== wanted) lookLater(pages, page, 0);
    else if (found === "settled") {
      pages.parts.tell?.({ lab: page.lab }, PAGE, []);
      resolveShown(page);
    } else lookLater(pages, page, found.again);
  } catch (error) {
    reportTrouble(pages, page, String(error));
    lookLater(pages, page, NIGHT_RETRY_MS);
  }
}

function reportTrouble({ parts }: Pages, page: Page, why: string, fix?: string): void {
  const { lab } = page;
  const says = `is not written; it is tried again: ${why}`;
  parts.tell?.({ lab }, PAGE, [{ where: PAGE, says, ...defined({ fix }) }]);
  if (page.trouble !== why) parts.warn(`${PAGE} not written; it is tried again`, { lab, why });
  page.trouble = why;
  resolveShown(page);
}

function resolveShown(page: Page): void {
  for (const resolve of page.shown.splice(0)) resolve();
}

/** The first `count` late saves are merged into the file. */
function resolvePending(page: Page, count: number): void {
  for (const { resolve } of page.pendingSaves.splice(0, count)) resolve();
}

/** Reads the page, and writes it if it is not as wanted and nobody is editing it. */
async function renew(pages: Pages, page: Page): Promise<Look> {
  const { lab, lastSize, wanted } = page;
  const path = labPagePath(lab);
  const read = await readSettled(path, lastSize === undefined ? {} : { lastSize });
  switch (read.kind) {
    case "busy":
      return { again: JOURNAL_RETRY_MS };
    case "unreadable":
      reportTrouble(pages, page, read.why, read.fix);
      return { again: NIGHT_RETRY_MS };
    case "absent":
      return wanted.isEmpty || (await isShown(lab, wanted)) ? "settled" : await makeAnew(page);
    case "text":
      break;
  }
  await keepVersion(labPageKept(lab), read.bytes, { hash: read.hash });
  page.lastSize = read.size;
  const pending = page.pendingSaves.length;
  const merged = await withPendingSaves(page, read.text, wanted);
  const isStale = page.looks.length > 0 && page.mayComeBack;
  const shown = !isStale && (await isShown(lab, wanted));
  const text = pageWith(merged, wanted.blocks, { isEmpty: wanted.isEmpty, shown });
  if (text === read.text) {
    await settle(page, wanted, pending);
    const [next, ...rest] = page.looks;
    page.looks = rest;
    return next === undefined ? "settled" : { again: next };
  }
  const pauseMs = pauseLeft(pages, page, read.mtimeMs);
  if (pauseMs > 0) return { again: pauseMs };
  const held = await editorHolds(path);
  if (held !== false) return { again: JOURNAL_RETRY_MS * 5 };
  return await write(pages, page, { basedOnHash: read.hash, text, pending });
}

interface PageWrite {
  /** Hash of the text that the file must still hold. */
  readonly basedOnHash: string;
  readonly text: string;
  /** How many pending saves are merged into the text. */
  readonly pending: number;
}

async function write(
  pages: Pages,
  page: Page,
  { basedOnHash, text, pending }: PageWrite,
): Promise<Look> {
  const { lab } = page;
  const result = await replaceJournal({
    path: labPagePath(lab),
    basedOnHash,
    text,
    keptDir: labPageKept(lab),
    intentDir: labPageIntents(pages.parts.stateOf(lab)),
    replaced: pages.replaced,
    allowSameSize: true,
  });
  switch (result.kind) {
    case "written":
      resolvePending(page, pending);
      page.mayComeBack &&= page.looks.length === 0;
      page.looks = REPLACED_LOOKS_MS;
      return { again: 0 };
    case "changed":
    case "busy":
    case "same-size":
      return { again: JOURNAL_RETRY_MS };
    case "refused":
    case "failed":
      reportTrouble(pages, page, result.why);
      return { again: NIGHT_RETRY_MS };
  }
}

/** The text with every late save merged into it. */
async function withPendingSaves(page: Page, text: string, { blocks }: Wanted): Promise<string> {
  let merged = text;
  for (const { late } of page.pendingSaves) {
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
}

/** The file is as wanted, with the first `pending` late saves in it: marks it as shown. */
async function settle(page: Page, wanted: Wanted, pending: number): Promise<void> {
  resolvePending(page, pending);
  page.waitingSinceMs = undefined;
  page.trouble = undefined;
  if (page.wanted === wanted) resolveShown(page);
  await mkdir(dirname(markFile(page.lab)), { recursive: true });
  await atomicWrite(markFile(page.lab), markOf(wanted));
}

/** How long the page must still stay unchanged, in ms; after QUIET_PATIENCE_MS no longer. */
function pauseLeft({ parts }: Pages, page: Page, mtimeMs: number): number {
  const { now, quietMs } = parts;
  page.waitingSinceMs ??= now();
  const patient = now() - page.waitingSinceMs < QUIET_PATIENCE_MS;
  return patient ? mtimeMs + quietMs(page.lab) - now() : 0;
}

/** Creates the page where there is none; if somebody just did, the next look merges. */
async function makeAnew(page: Page): Promise<Look> {
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
}

const markOf = ({ blocks }: Wanted): string => hashText(signatureText(blocks));

/** A person asked for the page: blocks or a whole page that a person removed are written again. */
export async function wantAgain(lab: string): Promise<void> {
  await rm(markFile(lab), { force: true });
}

async function isShown(lab: LabPath, wanted: Wanted): Promise<boolean> {
  // Any failure: LAB.md is written again.
  return (await readFile(markFile(lab), "utf8").catch(() => "")) === markOf(wanted);
}
