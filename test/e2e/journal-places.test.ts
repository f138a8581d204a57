// Journals in places that make writing hard, and daemons that die in the middle of a write: what a
// person typed is there afterwards, and where it cannot be answered in place it is said elsewhere.
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { JOURNAL, openLab, trainScript, type LabOptions, type TestLab } from "./lab.ts";

const open: TestLab[] = [];
after(async () => {
  for (const one of open) await one.close();
});
async function lab(options: Partial<LabOptions> = {}): Promise<TestLab> {
  const made = await openLab({ journal: JOURNAL, ...options });
  open.push(made);
  return made;
}

const journalOf = (it: TestLab): string => join(it.experiment, "JOURNAL.md");
const WORD = "queue: resume\n";

/** The page beside the journal, once it is there. */
function statusPage(it: TestLab): string | undefined {
  const path = join(it.experiment, "STATUS.md");
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

test("a journal behind a symlink is written where the link leads, and stays a link", async () => {
  const it = await lab();
  mkdirSync(join(it.path, "elsewhere"));
  const real = join(it.path, "elsewhere", "words.md");
  renameSync(journalOf(it), real);
  symlinkSync("../elsewhere/words.md", journalOf(it));
  writeFileSync(real, `${JOURNAL}${WORD}`);
  await it.start();
  await it.until("it is answered", () => /^> \*\*[a-z]+\*\* `/m.test(it.journal()));
  assert.ok(lstatSync(journalOf(it)).isSymbolicLink());
  assert.match(readFileSync(real, "utf8"), /^> \*\*skipped\*\* `/m);
  const there = (): string => readdirSync(join(it.path, "elsewhere")).join(" ");
  await it.until("the file that was replaced is put away", () => there() === "words.md");
});

test("a journal of two hard links is left alone, and STATUS.md says what and why", async () => {
  const it = await lab();
  linkSync(journalOf(it), join(it.path, "second.md"));
  await it.start();
  await it.save(`${JOURNAL}${WORD}`);
  const page = await it.until("the page is there", () => statusPage(it));
  assert.match(page, /2 hard links/);
  assert.match(page, /\*\*done\*\* `[a-z0-9]+`/);
  assert.equal(it.journal(), `${JOURNAL}${WORD}`);
  assert.equal(lstatSync(journalOf(it)).nlink, 2);
});

test("a read-only journal is left alone, and so is a STATUS.md that a person wrote", async () => {
  const it = await lab();
  writeFileSync(join(it.experiment, "STATUS.md"), "mine\n");
  writeFileSync(journalOf(it), `${JOURNAL}${WORD}`);
  chmodSync(journalOf(it), 0o444);
  await it.start();
  await it.until("the refusal is logged", () => it.log().includes("read-only for this user"));
  assert.equal(it.journal(), `${JOURNAL}${WORD}`);
  assert.equal(statusPage(it), "mine\n");
});

/** Root may write everywhere; without this right it is a user like any other. */
const AS_A_USER =
  process.getuid?.() === 0
    ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--"]
    : [];

test("in a read-only folder a command runs, and is answered once the folder may be written", async () => {
  const it = await lab({ train: trainScript("metric(step=1, loss=0.5)"), under: AS_A_USER });
  mkdirSync(join(it.experiment, "runs"));
  chmodSync(it.experiment, 0o555);
  const text = `${JOURNAL}run: de-risk !\n`;
  try {
    await it.start();
    // In place, as some editors save: a file may be written where no other can be made.
    await it.save(text);
    await it.until("it is logged", () => it.log().includes("journal not written"));
    assert.match(it.log(), /may not make files in its folder/);
    await it.until("it has ended", () => it.log().includes('"msg":"ended"'));
    assert.equal(it.journal(), text);
    assert.equal(it.log().split("journal not written").length, 2, "it was said once");
  } finally {
    chmodSync(it.experiment, 0o755);
  }
  await it.until("it is answered", () => it.journal().includes("**done** `"), 60_000);
  assert.equal(it.runs().length, 1);
});

test("where no version can be kept nothing is done, it is said once, and done later", async () => {
  const it = await lab();
  mkdirSync(join(it.path, ".nightlab"), { recursive: true });
  const kept = join(it.path, ".nightlab", "kept");
  writeFileSync(kept, "in the way");
  await it.save(`${JOURNAL}${WORD}`);
  await it.start();
  await it.until("it is said", () => it.log().includes("is not read"));
  await it.save(`${JOURNAL}\nmore\n\n${WORD}`);
  await it.until("it was tried again", () => readFileSync(kept, "utf8") === "in the way");
  assert.equal(it.journal(), `${JOURNAL}\nmore\n\n${WORD}`);
  rmSync(kept);
  await it.until("it is answered", () => /^> \*\*[a-z]+\*\* `/m.test(it.journal()));
  assert.equal(it.log().split("is not read").length, 2, "it was said once");
});

for (const ways of ["no-exchange pause=900", "pause=900"]) {
  test(`a daemon killed in the middle of a write (${ways}) loses nothing`, async () => {
    const it = await lab({ env: { NIGHTLAB_TEST_WRITING: ways } });
    await it.start();
    const text = `${JOURNAL}words before\n\n${WORD}`;
    await it.save(text);
    const state = join(it.path, "..", "state", "labs");
    const ready = (): boolean =>
      readdirSync(state, { recursive: true })
        .map((name) => join(state, String(name)))
        .filter((path) => /\/intents\/.*\.json$/.test(path) && existsSync(path))
        .some((path) => readFileSync(path, "utf8").includes('"ready"'));
    await it.until("a write is under way", ready);
    if (ways.startsWith("no-exchange")) {
      await it.until("the path is absent for a moment", () => !existsSync(journalOf(it)));
    }
    await it.stop("SIGKILL");
    await it.start();
    await it.until(
      "it is answered",
      () => existsSync(journalOf(it)) && it.journal().includes("> **done** `"),
    );
    assert.ok(it.journal().startsWith(text.trimEnd()));
    assert.equal(it.journal().split("**done**").length, 2);
  });
}
