// `nightlab explain` on the real daemon: the story of a command, while it waits, is held, runs and
// has ended, with the daemon and without it, by each word that may mean it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Explanation } from "../../src/cli/explain.ts";
import { JOURNAL, openLab, trainScript, type TestLab } from "./lab.ts";

const TRAIN = `
metric(step=1, **{"val/loss": 0.4})
if name == "dies": raise ValueError("no such word")
if name == "slow": time.sleep(120)
`;

let lab: TestLab;
before(async () => {
  lab = await openLab({
    journal: JOURNAL,
    train: trainScript(TRAIN),
    settings: "settle: 1s\nquiet: 0s\n",
  });
});
after(() => lab.close());

/** The story as its lines, without the times and the day. */
async function told(word: string): Promise<readonly string[]> {
  const { code, stdout, stderr } = await lab.nightlab("explain", word);
  assert.equal(code, 0, stderr);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^ {2}\d\d:\d\d:\d\d /, ""));
}

async function refusal(word: string): Promise<string> {
  const { code, stderr } = await lab.nightlab("explain", word);
  assert.equal(code, 2);
  return stderr;
}

const idOf = (name: string): string =>
  new RegExp(`^run: ${name}\\b.*\\n\\n> \\*\\*\\w+\\*\\* \`(\\w+)\``, "m").exec(
    lab.journal(),
  )?.[1] ?? "";

const receipts = (state: string): number => lab.journal().split(`> **${state}** `).length - 1;

const add = (lines: string): Promise<void> => lab.save(`${lab.journal().trimEnd()}\n\n${lines}\n`);

/** Each pattern fits a line behind the one before. */
function inOrder(lines: readonly string[], patterns: readonly RegExp[]): void {
  let from = 0;
  for (const pattern of patterns) {
    const at = lines.findIndex((line, i) => i >= from && pattern.test(line));
    assert.ok(at >= 0, `${pattern} behind line ${from} of\n${lines.join("\n")}`);
    from = at + 1;
  }
}

test("a held run is told with the script that differs, and how it was let go", async () => {
  await lab.start();
  await lab.save(`${JOURNAL}run: de-risk\n`);
  await lab.until("the de-risk is told", () => receipts("done") === 1, 60_000);
  await lab.write("train.py", trainScript(`${TRAIN}# changed\n`));
  await add('run: full timeout=2h because="it fell"');
  await lab.until("it is held", () => receipts("held") === 1);
  const passed = idOf("de-risk");
  const why = `the scripts changed since ${passed} passed as a de-risk: train.py`;
  assert.match(lab.journal(), new RegExp(why.replace(passed, `\`${passed}\``)));
  inOrder(await told("full"), [
    /^\w{4} · run: full · exp · held$/,
    /^run: full timeout=2h because="it fell"$/,
    /^ accepted: saved in exp\/JOURNAL\.md:\d+$/,
    /^ code noted: [0-9a-f]{8} \(1 script\)$/,
    new RegExp(`^ held: ${why}$`),
    /^ receipt written into the journal$/,
    new RegExp(`^ {2}held since \\d\\d:\\d\\d: ${why}$`),
    /^ {2}it starts when you tick the box in its receipt in exp\/JOURNAL\.md/,
  ]);
  await lab.save(lab.journal().replace("- [ ] start", "- [x] start"));
  await lab.until("it is told", () => receipts("done") === 2, 60_000);
  inOrder(await told(lab.runs().find((name) => name.endsWith("-full")) ?? ""), [
    /^ let go by a tick in its receipt; in the queue$/,
    /^ its turn.*, try \w{4}-1, code [0-9a-f]{8}, at most 2 h$/,
    /^ started \(pid \d+\)/,
    /^ run folder: runs\/.*-full$/,
    /^ its script ended: exit code 0$/,
    /^ done after [\d.]+ s · val\/loss 0\.4$/,
    /^ 1 plot drawn$/,
    /^ receipt renewed in the journal$/,
  ]);
});

test("what runs, waits and failed is told with its one cause, and what it waits for now", async () => {
  await add(
    'run: dies\n\nrun: lrs sweep="lr=1,2" !\n\nrun: slow\n\nrun: later after=slow\n\nrun: night when=03:00',
  );
  await lab.until("the slow one runs", () => receipts("running") === 1, 90_000);
  const dies = await told("dies");
  inOrder(dies, [
    /^\w{4} · run: dies · exp · failed$/,
    /^ its script ended: exit code 1$/,
    /^ failed after .*: exit code 1 · .*ValueError: no such word \(logs\/console\.log:\d+\)/,
  ]);
  assert.equal(dies.filter((line) => line.includes("no such word")).length, 1, "one cause");
  const [head] = (await told("lrs"))[0]?.split(" ") ?? [];
  inOrder(await told("lrs"), [
    / · run: lrs · exp · done$/,
    new RegExp(`^ its turn: 2 runs, ${head}\\.1 to ${head}\\.2$`),
    new RegExp(`^ ${head}\\.1 started`),
    new RegExp(`^ ${head}\\.1 done after`),
    new RegExp(`^ ${head}\\.2 done after`),
    /^ all of its runs have ended: done$/,
  ]);
  inOrder(await told(`${head}.2`), [
    new RegExp(`^${head}\\.2 · run: lrs-lr-2 · exp · a run of the sweep ${head} · done$`),
    /^ accepted: /,
    new RegExp(`^ its turn: 2 runs, ${head}\\.1 to ${head}\\.2$`),
    new RegExp(`^ its turn.*, try ${head}\\.2-1,`),
    /^ started/,
    /^ done after/,
  ]);
  const slow = idOf("slow");
  inOrder(await told("slow"), [/^now$/, /^ {2}running since \d\d:\d\d, .* of at most 2 min/]);
  inOrder(await told("later"), [
    new RegExp(`^ waits: after ${slow}$`),
    /^now$/,
    new RegExp(`^ {2}waits since \\d\\d:\\d\\d: after ${slow}$`),
    new RegExp(`^ {2}${slow} \\(run: slow\\) is running since`),
    /^ {2}it has its turn when slow is done$/,
  ]);
  inOrder(await told("night"), [/^ waits: at 03:00$/, /^ {2}waits since .*: at 03:00$/]);
  await add("run: next !");
  await lab.until("it is told", () => receipts("queued") === 1);
  inOrder(await told("next"), [
    /^ accepted: saved in exp\/JOURNAL\.md:\d+; with your go$/,
    new RegExp(`^ {2}what it needs is held: ${slow} \\(run: slow\\) is running since`),
    /^ {2}it is the next$/,
  ]);
  await add("queue: pause");
  await lab.until("the queue rests", () => lab.journal().includes("the queue is paused"));
  inOrder(await told("next"), [/^ the queue was paused$/, /^ {2}queue paused; nightlab resume/]);
  await add("stop: slow");
  await lab.until("it was stopped", () => receipts("stopped") === 1);
  // The name means the run, not the line that stops it.
  inOrder(await told("slow"), [
    /^ to be stopped: a stop in the journal$/,
    /^ stopped after .*: by you · val\/loss 0\.4$/,
  ]);
});

test("an edit before the start is told, and a line that is gone", async () => {
  await lab.save(lab.journal().replace("run: night when=03:00", "run: night when=04:00"));
  await lab.until("the edit is told", () => lab.journal().includes("at 04:00"));
  const night = idOf("night");
  inOrder(await told(night), [
    /^ waits: at 03:00$/,
    /^ edited before its start: run: night when=04:00$/,
    /^ waits: at 04:00$/,
  ]);
  const [block = ""] = /run: night when=04:00\n\n> .*\n/.exec(lab.journal()) ?? [];
  await lab.save(lab.journal().replace(block, "A word instead.\n"));
  const state = async (): Promise<string> => (await told(night))[0] ?? "";
  for (const deadline = Date.now() + 60_000; (await state()).endsWith("waiting");) {
    assert.ok(Date.now() < deadline, lab.journal());
  }
  inOrder(await told(night), [/ · cancelled$/, /^ cancelled: its block was deleted$/]);
});

test("by id, its beginning, a try, a folder or a name; anything else says what is near", async () => {
  const id = idOf("de-risk");
  const folder = lab.runs().find((name) => name.endsWith("-de-risk")) ?? "";
  const whole = await told(id);
  for (const word of [id.slice(0, 3), `${id}-1`, folder, `exp/runs/${folder}/`, "de-risk"]) {
    assert.deepEqual(await told(word), whole, word);
  }
  assert.match(await refusal("de-rsik"), new RegExp(`Did you mean ${id} \\(run: de-risk\\)\\?`));
  assert.match(
    await refusal("nothing-at-all"),
    /^Nothing in this lab is called "nothing-at-all"\. The latest are /,
  );
  await add("run: de-risk !");
  await lab.nightlab("resume");
  await lab.until("it is told", () => lab.journal().split("-de-risk)").length === 3, 60_000);
  const again = await told("de-risk");
  assert.notEqual(again[0], whole[0]);
  assert.equal(again[2], `the latest of its name; before it ${id}`);
});

test("without a daemon it says the same, and --json has the facts as they are stored", async () => {
  const withDaemon = await told("dies");
  await lab.stop();
  assert.deepEqual(await told("dies"), withDaemon);
  assert.match((await told("later")).at(-1) ?? "", /^ {2}no daemon watches this lab/);
  const { stdout } = await lab.nightlab("explain", "dies", "--json");
  const found = JSON.parse(stdout) as Explanation;
  assert.equal(found.id, idOf("dies"));
  assert.equal(found.experiment, "exp");
  assert.equal(found.command, "run: dies");
  assert.equal(found.state, "failed");
  assert.deepEqual(found.now, []);
  assert.deepEqual(
    found.facts.map(({ kind }) => kind).filter((kind) => kind.startsWith("run-")),
    ["run-claimed", "run-started", "run-folder-known", "run-exited", "run-ended", "run-plotted"],
  );
  for (const { atMs, kind, text, fact } of found.facts) {
    assert.equal(fact.kind, kind);
    assert.equal(fact.atMs, atMs);
    assert.doesNotMatch(text, /\n|`/);
  }
});
