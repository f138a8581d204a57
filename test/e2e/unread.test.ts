// What the daemon does not read is told where a person looks: `status`, `doctor` and beside the
// journal, each with the way out, which is then taken.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
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
  const made = await openLab({ journal: "# Exp\n", ...options });
  open.push(made);
  return made;
}

const TEXT = "# Größe\n\nqueue: resume\n";
const isAnswered = (it: TestLab): boolean => /^> \*\*[a-z]+\*\* `/m.test(it.journal());

/** The page beside the journal, once it says so. */
async function statusPage(it: TestLab, says: RegExp): Promise<string> {
  const path = join(it.experiment, "STATUS.md");
  return await it.until(`STATUS.md says ${String(says)}`, () => {
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    return says.test(text) ? text : undefined;
  });
}

for (const encoding of ["latin1", "utf16le"] as const) {
  test(`a journal in ${encoding} is told, and read once the line that is told was called`, async () => {
    const it = await lab();
    writeFileSync(join(it.experiment, "JOURNAL.md"), Buffer.from(TEXT, encoding));
    await it.start();
    const page = await statusPage(it, /is not read/);
    const [line = ""] = /iconv .*/.exec(page) ?? [];
    const status = await it.nightlab("status");
    assert.match(status.stdout, /exp\/JOURNAL\.md is not read/);
    assert.ok(status.stdout.includes(line), status.stdout);
    execFileSync("sh", ["-c", line], { cwd: it.experiment });
    await it.until("it is answered", () => isAnswered(it));
    assert.ok(it.journal().startsWith(TEXT.trimEnd()));
    await statusPage(it, /None any more/);
    assert.doesNotMatch((await it.nightlab("status")).stdout, /not read/);
  });
}

/** What status and doctor say of troubles, each trouble a line. */
async function told(it: TestLab): Promise<{ readonly status: string; readonly doctor: string }> {
  const [status, doctor] = [await it.nightlab("status"), await it.nightlab("doctor")];
  return { status: status.stdout, doctor: doctor.stdout };
}

/** A folder of the lab with a journal in it. */
function folder(it: TestLab, name: string | Buffer, journal = "# Other\n"): void {
  const path = Buffer.concat([Buffer.from(`${it.path}/`), Buffer.from(name)]);
  mkdirSync(path, { recursive: true });
  writeFileSync(Buffer.concat([path, Buffer.from("/JOURNAL.md")]), journal);
}

test("what looks like an experiment and is not followed is told, and no more when it is mended", async () => {
  const it = await lab();
  mkdirSync(join(it.path, "pipe"));
  execFileSync("mkfifo", [join(it.path, "pipe", "JOURNAL.md")]);
  mkdirSync(join(it.path, "dir", "JOURNAL.md"), { recursive: true });
  folder(it, Buffer.from("gr\xf6sse", "latin1"));
  folder(it, "1/2/3/4/5/6/7/8/9");
  folder(it, "nested");
  writeFileSync(join(it.path, "nested", "nightlab.yaml"), "");
  folder(it, "tree");
  writeFileSync(join(it.path, "tree", ".git"), "gitdir: /elsewhere\n");
  await it.start();
  await it.until("it is told", () => it.log().split('"msg":"trouble"').length >= 5);
  const first = await told(it);
  for (const page of [first.status, first.doctor]) {
    assert.match(page, /pipe\/JOURNAL\.md is not read.*a pipe/);
    assert.match(page, /dir\/JOURNAL\.md is not read.*a folder/);
    assert.match(page, /gr.sse is no experiment: its name is not UTF-8/);
    assert.ok(page.includes(String.raw`mv $'gr\xf6sse'`), page);
    assert.match(page, /9\/JOURNAL\.md is not read.*more than 8 folders/);
  }
  assert.match(first.doctor, /nested is a lab of its own/);
  assert.match(first.doctor, /tree is a linked worktree/);
  assert.doesNotMatch(first.status, /nested|tree/);

  execFileSync("bash", ["-c", String.raw`mv $'gr\xf6sse' size`], { cwd: it.path });
  for (const name of ["pipe", "dir", "1"]) rmSync(join(it.path, name), { recursive: true });
  const deadline = Date.now() + 20_000;
  while (/^trouble/m.test((await told(it)).status)) assert.ok(Date.now() < deadline);
  assert.match((await it.nightlab("doctor")).stdout, /2 journals/);
});

test("a LAB.md that is not UTF-8 is told, with the line that converts it", async () => {
  const it = await lab({ settings: "settle: 1s\nquiet: 1s\nno-such-key: 1\n" });
  writeFileSync(join(it.path, "LAB.md"), Buffer.from("# Größe\n", "latin1"));
  await it.start();
  await it.until("it is told", () => it.log().includes('"where":"LAB.md"'));
  assert.match((await it.nightlab("status")).stdout, /LAB\.md is not written[^]*iconv -f LATIN1/);
});

const AS_A_USER =
  process.getuid?.() === 0
    ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--"]
    : [];

test("a journal that may not be read is told beside it, and read once it may be", async () => {
  const it = await lab({ under: AS_A_USER });
  const path = join(it.experiment, "JOURNAL.md");
  chmodSync(path, 0o000);
  await it.start();
  assert.match(await statusPage(it, /is not read/), /may not read it[^]*chmod u\+r JOURNAL\.md/);
  chmodSync(path, 0o644);
  await statusPage(it, /None any more/);
});

test("a save of a linked journal's target right after the start is noticed", async () => {
  const it = await lab();
  mkdirSync(join(it.path, "words"));
  const target = join(it.path, "words", "target.md");
  renameSync(join(it.experiment, "JOURNAL.md"), target);
  symlinkSync("../words/target.md", join(it.experiment, "JOURNAL.md"));
  await it.start();
  writeFileSync(target, "# Exp\n\nqueue: resume\n");
  await it.until("it is answered", () => isAnswered(it), 15_000);
});

test("a run whose attempt cannot be read is told, neither lost nor started again, and ends", async () => {
  const train = trainScript(
    'print(open("started", "a").write("x"))\nwhile not os.path.exists("gate"): time.sleep(0.05)\n' +
      'metric(step=1, **{"val/loss": 0.1})',
  );
  const it = await lab({ journal: JOURNAL, train, under: AS_A_USER });
  await it.start();
  await it.save(`${JOURNAL}run: de-risk !\n`);
  const started = join(it.experiment, "started");
  await it.until("it runs", () => /\*\*running\*\* `/.test(it.journal()) && existsSync(started));
  const [id = ""] = /(?<=\*\*running\*\* `)[a-z0-9]+/.exec(it.journal()) ?? [];
  const attempt = join(it.path, ".nightlab", "attempts", `${id}-1`);
  await it.stop("SIGKILL");
  chmodSync(attempt, 0o000);
  await it.start();
  await it.until("it is told", () => it.log().includes("neither starts nor ends"));
  assert.match((await it.nightlab("status")).stdout, new RegExp(`${id}-1 cannot be read.*EACCES`));
  writeFileSync(join(it.experiment, "gate"), "");
  assert.match(it.journal(), /\*\*running\*\* `/);
  chmodSync(attempt, 0o755);
  await it.until("it ends", () => /\*\*done\*\* `/.test(it.journal()));
  assert.equal(readFileSync(started, "utf8"), "x", "it was started once");
  assert.doesNotMatch((await it.nightlab("status")).stdout, /cannot be read/);
});
