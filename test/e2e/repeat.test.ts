// What changed, snapshots and repeats, with the real daemon, the real uv and the real git.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { JOURNAL, openLab, trainScript, type TestLab } from "./lab.ts";

const git = (lab: TestLab, ...args: readonly string[]): string =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", ...args], {
    cwd: lab.path,
    encoding: "utf8",
  });

const record = (lab: TestLab, folder: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(lab.experiment, "runs", folder, "run.json"), "utf8")) as Record<
    string,
    unknown
  >;

const python = (of: Record<string, unknown>): unknown =>
  (of["environment"] as { python: string }).python;

const runOf = (lab: TestLab, name: string): string | undefined =>
  lab.runs().find((folder) => folder.endsWith(`-${name}`));

/** Logs what it is made of: its own text, a module beside it, data beside it, and what it imports. */
const body = (version: string): string => `
import helper
import iniconfig
here = Path(__file__).parent
data = (here / "data" / "points.txt").read_text().strip()
(here / "state.txt").write_text("written beside the script")
print("text", "${version}", "helper", helper.VERSION, "data", data, "cwd", Path.cwd().name)
metric(step=0, **{"val/loss": ${version === "one" ? "0.5" : "0.25"}})
while "LINGER" in os.environ and not Path("go").exists():
    time.sleep(0.05)
metric(step=1, **{"val/loss": helper.LOSS})
`;
const train = (version: string): string =>
  trainScript(body(version)).replace("dependencies = []", 'dependencies = ["iniconfig==2.0.0"]');

async function openGitLab(): Promise<TestLab> {
  const lab = await openLab({ journal: JOURNAL, train: train("one") });
  await lab.write("helper.py", 'VERSION = "one"\nLOSS = 0.4\n');
  await lab.write("data/points.txt", "the data\n");
  await lab.write(".gitignore", "data/\nstate.txt\ngo\n");
  writeFileSync(join(lab.path, ".gitignore"), ".nightlab/\n");
  git(lab, "init", "-q");
  git(lab, "add", ".");
  git(lab, "commit", "-qm", "x");
  return lab;
}

const consoleOf = (lab: TestLab, name: string): string =>
  readFileSync(join(lab.experiment, "runs", runOf(lab, name) ?? "", "logs/console.log"), "utf8");

test("a change while a command waits is told; a snapshot runs what was queued", async () => {
  const lab = await openGitLab();
  try {
    await lab.start();
    await lab.save(
      `${JOURNAL}run: first env=LINGER=1 !\n\nrun: plain !\n\nrun: kept snapshot=true !\n`,
    );
    await lab.until("the first one runs", () => runOf(lab, "first"), 60_000);
    await lab.until("the copy is there", () => {
      const root = join(lab.path, ".nightlab/snapshots");
      return existsSync(root) && readdirSync(root).some((name) => !name.endsWith(".part"));
    });
    await lab.write("train.py", train("two"));
    await lab.write("helper.py", 'VERSION = "two"\nLOSS = 0.3\n');
    await lab.write("go", "");
    await lab.until("all have ended", () => lab.journal().split("> **done**").length === 4, 60_000);

    assert.match(
      lab.journal(),
      /run: plain !\n\n> \*\*done\*\*.*\n>\n> - helper\.py and train\.py changed since this was queued\n/,
    );
    assert.match(
      lab.journal(),
      /run: kept snapshot=true !\n\n> \*\*done\*\*.*\n>\n> - helper\.py and train\.py changed since this was queued; the run has it as it was then\n/,
    );
    assert.match(consoleOf(lab, "plain"), /text two helper two data the data cwd exp/);
    assert.match(consoleOf(lab, "kept"), /text one helper one data the data cwd exp/);
    const plain = record(lab, runOf(lab, "plain") ?? "");
    assert.deepEqual(plain["changedSinceQueued"], ["helper.py", "train.py"]);
    const kept = record(lab, runOf(lab, "kept") ?? "");
    assert.deepEqual([kept["snapshot"], kept["codeHash"]], [true, plain["queuedCodeHash"]]);
    assert.deepEqual((kept["git"] as { dirty: boolean }).dirty, false, "it was clean when queued");
    const state = readFileSync(join(lab.experiment, "state.txt"), "utf8");
    assert.equal(state, "written beside the script");
    await lab.until(
      "the copy is gone",
      () => readdirSync(join(lab.path, ".nightlab/snapshots")).length === 0,
    );
  } finally {
    await lab.close();
  }
});

test("`nightlab repeat` runs the same code and packages again, and says how the two compare", async () => {
  const lab = await openGitLab();
  try {
    await lab.start();
    // Changes that are not committed, a new file among them.
    await lab.write("helper.py", 'from extra import LOSS\nVERSION = "uncommitted"\n');
    await lab.write("extra.py", "LOSS = 0.125\n");
    await lab.save(`${JOURNAL}run: de-risk !\n`);
    await lab.until("it is done", () => lab.journal().includes("> **done**"), 60_000);
    const original = runOf(lab, "de-risk") ?? "";
    await lab.until("its packages are noted", () => {
      const { environment } = record(lab, original) as { environment?: { resolved?: string } };
      return environment?.resolved;
    });

    // The person goes on: other code, committed.
    await lab.write("train.py", train("two").replace("iniconfig==2.0.0", "iniconfig==1.1.1"));
    await lab.write("helper.py", 'VERSION = "three"\nLOSS = 0.9\n');
    git(lab, "add", "exp/train.py", "exp/helper.py");
    git(lab, "commit", "-qm", "y");
    writeFileSync(join(lab.experiment, "notes.txt"), "not committed");
    const own = (): string =>
      git(lab, "status", "--porcelain", "--", ":(glob)exp/*.py", "exp/notes.txt") +
      git(lab, "rev-parse", "HEAD");
    const status = own();
    const asked = await lab.nightlab("repeat", "de-risk");
    assert.equal(asked.code, 0, asked.stderr);
    assert.match(
      asked.stdout,
      /repeats \w+ as de-risk-repeat: commit [0-9a-f]{7} and its uncommit/,
    );
    assert.doesNotMatch(asked.stdout, /not as it was/);
    const id = /^(\w+) repeats/.exec(asked.stdout)?.[1] ?? "";
    const waited = await lab.nightlab("wait", id);
    assert.equal(waited.code, 0, `${waited.stdout}${consoleOf(lab, "de-risk-repeat")}`);
    await lab.until("the receipt says so", () =>
      lab.journal().includes(`- repeated as \`${id}\`, `),
    );
    assert.match(
      lab.journal(),
      /> - repeated as `\w+`, [-\d :]+, .*: its metric is equal · \[de-risk-repeat\]/,
    );
    assert.match(
      consoleOf(lab, "de-risk-repeat"),
      /text one helper uncommitted data the data cwd exp/,
    );
    const repeat = record(lab, runOf(lab, "de-risk-repeat") ?? "");
    const first = record(lab, original);
    assert.deepEqual(repeat["repeats"], { id: first["id"], folder: original });
    assert.equal(repeat["codeHash"], first["codeHash"]);
    assert.equal(python(repeat), python(first));
    assert.equal(own(), status);
    assert.match(readFileSync(join(lab.experiment, "train.py"), "utf8"), /iniconfig==1\.1\.1/);

    // A repeat of the repeat, and what cannot be had.
    const again = await lab.nightlab("repeat", id);
    assert.match(again.stdout, /as de-risk-repeat-2: /, again.stderr);
    renameSync(
      join(lab.experiment, "runs", original, "run.patch"),
      join(lab.experiment, "runs", original, "away"),
    );
    const refused = await lab.nightlab("repeat", original);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /^Cannot repeat .*-de-risk: run\.patch is not beside its run\.json/,
    );
    writeFileSync(join(lab.experiment, "runs", original, "run.json"), '{"torn');
    const torn = await lab.nightlab("repeat", original);
    assert.match(torn.stderr, /Cannot read .*run\.json/);
  } finally {
    await lab.close();
  }
});

test("a daemon that is killed while they wait runs the copy and the repeat all the same", async () => {
  const lab = await openGitLab();
  try {
    await lab.start();
    await lab.save(`${JOURNAL}run: de-risk !\n`);
    await lab.until("it is done", () => lab.journal().includes("> **done**"), 60_000);
    await lab.save(`${lab.journal()}\nrun: long env=LINGER=1 !\n\nrun: kept snapshot=true !\n`);
    const copies = (): readonly string[] =>
      readdirSync(join(lab.path, ".nightlab/snapshots")).filter((name) => !name.endsWith(".part"));
    await lab.until("it runs, and the copy is there", () => {
      const root = join(lab.path, ".nightlab/snapshots");
      return runOf(lab, "long") !== undefined && existsSync(root) && copies().length === 1;
    });
    const asked = await lab.nightlab("repeat", "de-risk");
    assert.equal(asked.code, 0, asked.stderr);
    assert.equal(copies().length, 2);
    await lab.stop("SIGKILL");
    await lab.write("train.py", train("two"));
    await lab.start();
    await lab.write("go", "");
    await lab.until("all have ended", () => /repeated as .*equal/.test(lab.journal()), 60_000);
    await lab.until("all are told", () => lab.journal().split("> **done**").length === 4, 60_000);
    assert.match(consoleOf(lab, "kept"), /text one helper one data the data/);
    assert.match(consoleOf(lab, "de-risk-repeat"), /text one helper one data the data/);
    assert.equal(lab.runs().length, 4, "each ran once");
    await lab.until("the copies are gone", () => copies().length === 0);
  } finally {
    await lab.close();
  }
});
