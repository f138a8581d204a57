// Saves that cross with the daemon's writes or with one another, in the real daemon: both sides'
// words stay, what cannot be both is said with the way to have it back, and that way works.
import assert from "node:assert/strict";
import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { JOURNAL, openLab, type LabOptions, type TestLab } from "./lab.ts";

const open: TestLab[] = [];
after(async () => {
  for (const one of open) await one.close();
});
async function lab(options: Partial<LabOptions> = {}): Promise<TestLab> {
  const made = await openLab({ journal: JOURNAL, ...options });
  open.push(made);
  await made.start();
  return made;
}

const journalOf = (it: TestLab): string => join(it.experiment, "JOURNAL.md");
const answers = (it: TestLab): number => it.journal().split("> **done** `").length - 1;

/** An editor that opens the file first and writes it when it is told to, wherever it is by then. */
function slowSave(it: TestLab): (text: string) => void {
  const file = openSync(journalOf(it), "r+");
  return (text) => {
    ftruncateSync(file);
    writeSync(file, text, 0);
    closeSync(file);
  };
}

const spikeIs = (claim: string): string => `${JOURNAL}queue: resume\n\nthe spike is ${claim}\n`;

// With leases the daemon would wait for the slow save: this is what happens without them.
const UNLEASED = { env: { NIGHTLAB_TEST_WRITING: "no-leases equal-reads=20" } };

test("a save that lands in a file which was just replaced is merged in, receipts and all", async () => {
  const it = await lab(UNLEASED);
  const save = slowSave(it);
  const text = `${JOURNAL}queue: resume\n\nlast words\n`;
  await it.save(text);
  await it.until("it is answered", () => answers(it) === 1);
  save(`${JOURNAL}queue: resume\n\nlast words\n\nand a late thought\n`);
  await it.until("it is in the journal", () => it.journal().includes("and a late thought\n"));
  await it.until("the receipt stayed", () => answers(it) === 1);
  assert.ok(it.journal().includes("last words\n\nand a late thought\n"));
});

test("a save that landed in a replaced file while no daemon was there is merged in by the next", async () => {
  const it = await lab(UNLEASED);
  const save = slowSave(it);
  const text = `${JOURNAL}queue: resume\n\nlast words\n`;
  await it.save(text);
  await it.until("it is answered", () => answers(it) === 1);
  await it.stop("SIGKILL");
  save(`${text}\nwritten to nobody\n`);
  await it.start();
  await it.until("it is in the journal", () => it.journal().includes("written to nobody\n"));
  await it.until("the receipt stayed", () => answers(it) === 1);
});

test("two saves of the same lines: the newest stands, and a line says how to have the other", async () => {
  const it = await lab(UNLEASED);
  const save = slowSave(it);
  await it.save(spikeIs("the first batch"));
  await it.until("it is answered", () => answers(it) === 1);
  await it.save(it.journal().replace("the first batch", "the clipping"));
  await it.until("the clock went on", () => Date.now() > statSync(journalOf(it)).mtimeMs + 10);
  save(spikeIs("the warm-up"));
  const note = await it.until(
    "it is said",
    () => /nightlab restore exp [0-9a-f]+/.exec(it.journal()) ?? undefined,
  );
  assert.match(it.journal(), /^the spike is the warm-up$/m);
  const [, , , version = ""] = note[0].split(" ");
  const file = join(it.path, "other.md");
  const restored = await it.nightlab("restore", "exp", version, "--to", file);
  assert.equal(restored.code, 0, restored.stderr);
  assert.match(readFileSync(file, "utf8"), /^the spike is the clipping$/m);
  const again = await it.nightlab("restore", "exp", version, "--to", file);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /it exists already/);

  const without = it.journal().replace(/^> \*\*problem\*\* two saves.*\n(?:>\n)?/m, "");
  assert.notEqual(without, it.journal());
  await it.save(`${without}\ngone on\n`);
  await it.save(`${without}\ngone on\n\nqueue: resume\n`);
  await it.until("the next command is answered", () => answers(it) === 2);
  assert.ok(!it.journal().includes("nightlab restore"), "what was taken out stays out");
});

test("a stale buffer saved over receipts and newer words loses neither", async () => {
  const it = await lab();
  const first = `${JOURNAL}one\n\nqueue: resume\n\ntwo\n`;
  await it.save(first);
  await it.until("it is answered", () => answers(it) === 1);
  const loaded = it.journal();
  const newer = loaded.replace("one\n", "one\n\nnewer words\n");
  await it.save(`${newer}\nqueue: resume\n`);
  await it.until("both are answered", () => answers(it) === 2);
  await it.save(loaded.replace("two\n", "two\n\nfrom the stale buffer\n"));
  await it.until("all is there", () =>
    ["newer words\n", "from the stale buffer\n"].every((line) => it.journal().includes(line)),
  );
  await it.until("with both receipts", () => answers(it) === 2);
  // An undo to a text that was there before is what its author wants, once they saw the merge.
  await it.save(`${it.journal()}\nqueue: resume\n`);
  await it.until("that is answered", () => answers(it) === 3);
  await it.save(first);
  await it.until("it has its receipt again", () => answers(it) === 1);
  assert.ok(!it.journal().includes("newer words"));
});

test("a save that nothing proves old stands, and is told with the line that undoes it", async () => {
  const it = await lab();
  const first = `${JOURNAL}one\n\nqueue: resume\n`;
  await it.save(first);
  await it.until("it is answered", () => answers(it) === 1);
  await it.save(`${it.journal()}\nnewer words\n`);
  await it.until("it was read", async () => {
    const listed = await it.nightlab("history", "exp", "--json");
    return listed.stdout.split('"version"').length - 1 >= 4;
  });
  await it.save(first.replace("one\n", "one\n\nfrom a buffer of any age\n"));
  await it.until("its receipt is back", () => answers(it) === 1);
  assert.ok(!it.journal().includes("newer words"));
  const status = (await it.nightlab("status")).stdout;
  const [, command = ""] =
    /perhaps an old copy\n.* lacks 1 line +nightlab (.*)$/m.exec(status) ?? [];
  assert.match(command, /^restore \S+ [0-9a-f]{12}$/, status);
  const history = (await it.nightlab("history", "exp")).stdout;
  assert.match(history, /perhaps an old copy: nightlab restore exp [0-9a-f]{12}$/m);
  const restored = await it.nightlab(...command.split(" "), "--yes");
  assert.equal(restored.code, 0, restored.stderr);
  assert.ok(it.journal().includes("newer words"));
  await it.until("it is told no more", async () => {
    const now = (await it.nightlab("status")).stdout;
    return !now.includes("old copy");
  });
});

test("history lists what was saved, and restore puts it back with a daemon and without", async () => {
  const it = await lab();
  await it.save(`${JOURNAL}a thought worth keeping\n`);
  await it.until("it was read", () => existsSync(join(it.path, ".nightlab", "kept")));
  const keptOf = async (): Promise<readonly { version: string; added: number; gone: number }[]> => {
    const listed = await it.nightlab("history", journalOf(it), "--json");
    return JSON.parse(listed.code === 0 ? listed.stdout : "[]") as never;
  };
  let kept = await keptOf();
  while (kept.length < 2) kept = await keptOf();
  const { version = "" } = kept[0] ?? {};
  assert.equal(kept[0]?.added, 1);
  await it.save(JOURNAL.replace("# A test", "# Another"));
  while (kept.length < 3) kept = await keptOf();
  const short = version.slice(0, 8);

  const shown = await it.nightlab("restore", "exp", short);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /\+ a thought worth keeping\n/);
  assert.match(shown.stdout, /- # Another\n/);
  assert.match(shown.stdout, /Nothing was changed/);
  assert.ok(!it.journal().includes("worth keeping"));
  const done = await it.nightlab("restore", "exp", short, "--yes");
  assert.equal(done.code, 0, done.stderr);
  assert.equal(it.journal(), `${JOURNAL}a thought worth keeping\n`);

  await it.stop();
  writeFileSync(journalOf(it), "never read by any daemon\n");
  const alone = await it.nightlab("restore", "exp", short, "--yes");
  assert.equal(alone.code, 0, alone.stderr);
  assert.equal(it.journal(), `${JOURNAL}a thought worth keeping\n`);
  const text = (await it.nightlab("history", "exp")).stdout;
  assert.match(
    text,
    /^[0-9a-f]{12} {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}\d+ bytes {2}\+\d+ -\d+ lines$/m,
  );
  const unread = (await it.nightlab("history", "exp", "--json")).stdout;
  const [newest, before] = JSON.parse(unread) as { version: string }[];
  assert.equal(newest?.version === version || before?.version === version, true);
  assert.equal((await it.nightlab("restore", "exp", "ffffffffffff")).code, 2);
  assert.equal((await it.nightlab("history", "nowhere")).code, 2);
});
