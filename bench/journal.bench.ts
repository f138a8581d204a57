// From a save to the commands being known: the real hands, reader and step on the real disk, for
// journals of 10 KB to 10 MB. Watchers' own time is left out; what remark would take is said beside.
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";
import type { NewEvent } from "../src/effects/daemon/effect-handlers.ts";
import { journalHandlers } from "../src/effects/daemon/journal-handlers.ts";
import { journalDisk } from "../src/effects/state/write-strategies.ts";
import { createJournalReader } from "../src/journal/read/read.ts";
import { experimentPath, labPath } from "../src/base/ids.ts";
import { emptyWorld } from "../src/domain/world.ts";
import { step } from "../src/scheduler/step.ts";
import { longJournal } from "./journal-text.ts";
import { measure, type Timing } from "./measure.ts";
import type { Bench } from "./run.ts";

const KB = 1_000;
const MB = 1_000 * KB;

/** A lab with one experiment from elsewhere, so that its commands are held and none starts. */
interface BenchLab {
  readonly journal: string;
  /** Resolves when what was saved last has been through `step`; the time of its reading, ms. */
  readonly known: () => Promise<void>;
  readonly commands: () => number;
  readonly close: () => Promise<void>;
}

async function openBenchLab(text: string): Promise<BenchLab> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "nightlab-bench-")));
  const [lab, experiment] = [labPath(root), experimentPath(join(root, "exp"))];
  const journal = join(experiment, "JOURNAL.md");
  await mkdir(experiment);
  await writeFile(journal, text);
  const world = emptyWorld();
  let told: (() => void) | undefined;
  const post = (event: NewEvent): void => {
    const { effects } = step(world, { ...event, atMs: Date.now() });
    for (const effect of effects) if (effect.kind === "write-journal") throw new Error("too slow");
    if (event.kind === "journal-read") told?.();
  };
  const settings = { settleMs: 3_600_000, quietMs: 3_600_000, timeZone: "UTC" };
  post({ kind: "lab-opened", lab, settings, problems: [] });
  post({ kind: "experiment-found", lab, experiment, sight: "stood" });
  const hands = journalHandlers({
    post,
    warn: (message, facts) => {
      throw new Error(`${message}: ${JSON.stringify(facts)}`);
    },
    note: () => undefined,
    now: Date.now,
    rendered: () => world.experiments.get(experiment)?.rendered ?? new Set(),
    troubles: { tell: () => undefined, close: async () => undefined },
    disk: journalDisk(undefined),
    stateOf: () => join(root, "state"),
  });
  await hands.open(lab);
  return {
    journal,
    async known() {
      const done = new Promise<void>((resolve) => (told = resolve));
      hands.touch(lab, experiment);
      await done;
    },
    commands: () =>
      world.views.get(experiment)?.reading.blocks.flatMap((block) => block.commands).length ?? 0,
    async close() {
      await hands.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** One line appended to a journal that is known already. */
async function oneLineAppended(chars: number, times: number): Promise<Timing> {
  const { text } = longJournal(chars);
  const lab = await openBenchLab(text);
  try {
    await lab.known();
    return await measure(times, async (round) => {
      // People's saves are further apart than the pause that gathers the events of one.
      await pause(100);
      const before = lab.commands();
      await appendFile(lab.journal, `run: appended-${round + 10}\n\n`);
      const from = performance.now();
      await lab.known();
      const tookMs = performance.now() - from;
      if (lab.commands() !== before + 1) throw new Error("the appended command is not known");
      return tookMs;
    });
  } finally {
    await lab.close();
  }
}

function firstRead(chars: number, times: number): Promise<Timing> {
  const { text } = longJournal(chars);
  return measure(
    times,
    (round) => {
      createJournalReader().read(`${text}${round}\n`);
    },
    1,
  );
}

/** Remark over the whole text; it takes more than twice as long for twice the text. */
function wholeByRemark(chars: number): Promise<Timing> {
  const { text } = longJournal(chars);
  const remark = unified().use(remarkParse).use(remarkGfm).freeze();
  return measure(
    3,
    () => {
      remark.parse(text);
    },
    1,
  );
}

const appended = (name: string, chars: number, times: number, boundMs: number): Bench => ({
  what: `${name} journal, one line appended: save → commands known`,
  boundMs,
  run: () => oneLineAppended(chars, times),
});

export const benches: readonly Bench[] = [
  appended("10 KB", 10 * KB, 40, 20),
  appended("100 KB", 100 * KB, 40, 20),
  appended("1 MB", MB, 30, 20),
  appended("10 MB", 10 * MB, 15, 100),
  { what: "10 MB journal, first read", boundMs: 2_000, run: () => firstRead(10 * MB, 3) },
  { what: "200 KB journal, first read", boundMs: 200, run: () => firstRead(200 * KB, 5) },
  {
    what: "200 KB journal, all of it by remark",
    boundMs: 60_000,
    run: () => wholeByRemark(200 * KB),
  },
];
