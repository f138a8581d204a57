import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { gitOrigin } from "../../src/effects/git/git-origin.ts";

interface Repository {
  readonly journal: string;
  readonly git: (...args: readonly string[]) => Promise<void>;
  /** The journal of a commit on a new branch from here, which is left again. */
  readonly branch: (name: string, text: string) => Promise<void>;
  readonly save: (text: string) => Promise<void>;
  readonly origin: () => Promise<string | undefined>;
}

async function withRepository(work: (repository: Repository) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "nightlab-git-"));
  const experiment = join(folder, "deep", "an experiment");
  const journal = join(experiment, "JOURNAL.md");
  const arrivals = gitOrigin();
  const git = async (...args: readonly string[]): Promise<void> => {
    const who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"];
    await execa("git", [...who, "-c", "commit.gpgsign=false", ...args], { cwd: experiment });
  };
  const save = async (text: string): Promise<void> => await writeFile(journal, text);
  try {
    await mkdir(experiment, { recursive: true });
    await git("init", folder);
    await save("one\n");
    await git("add", "-A");
    await git("commit", "-m", "one");
    await work({
      journal,
      git,
      save,
      async branch(name, text) {
        await git("checkout", "-b", name);
        await save(text);
        await git("commit", "-am", name);
        await git("checkout", "main");
      },
      origin: async () => await arrivals.originOf(folder, journal, await readFile(journal, "utf8")),
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("what somebody saved came by no git, committed or not", async () => {
  await withRepository(async ({ save, git, origin }) => {
    await save("two\n");
    assert.equal(await origin(), undefined);
    await git("commit", "-am", "two");
    assert.equal(await origin(), undefined);
  });
});

test("a fast-forward and a merge bring commits", async () => {
  await withRepository(async ({ branch, git, journal, save, origin }) => {
    await branch("ahead", "one\ntwo\n");
    await git("merge", "ahead");
    assert.equal(await origin(), "commit");
    await branch("apart", "zero\none\ntwo\n");
    await save("one\ntwo\nthree\n");
    await git("commit", "-am", "three");
    await git("merge", "--no-edit", "apart");
    assert.equal(await readFile(journal, "utf8"), "zero\none\ntwo\nthree\n");
    assert.equal(await origin(), "commit");
  });
});

test("a pull brings commits, rebasing or not", async () => {
  for (const how of ["--ff-only", "--rebase"]) {
    await withRepository(async ({ branch, git, save, journal, origin }) => {
      await branch("theirs", "one\ntwo\n");
      if (how === "--rebase") {
        await writeFile(join(journal, "..", "other.txt"), "ours\n");
        await git("add", "-A");
        await git("commit", "-m", "ours");
      }
      await git("pull", how, ".", "theirs");
      assert.equal(await readFile(journal, "utf8"), "one\ntwo\n");
      assert.equal(await origin(), "commit", how);
      await save("one\ntwo\nthree\n");
      assert.equal(await origin(), undefined);
    });
  }
});

test("a checkout, a reset and a rebase swap what is there", async () => {
  await withRepository(async ({ branch, git, origin }) => {
    await branch("other", "other\n");
    await git("checkout", "other");
    assert.equal(await origin(), "checkout");
    await git("checkout", "main");
    assert.equal(await origin(), "checkout");
    await git("reset", "--hard", "other");
    assert.equal(await origin(), "checkout");
  });
  await withRepository(async ({ branch, git, save, origin }) => {
    await branch("base", "zero\none\n");
    await save("one\ntwo\n");
    await git("commit", "-am", "two");
    await git("rebase", "base");
    assert.equal(await origin(), "checkout");
  });
});

test("a stash and its return are no edits", async () => {
  for (const back of ["pop", "apply"]) {
    await withRepository(async ({ git, save, origin }) => {
      await save("one\nhalf a thought\n");
      assert.equal(await origin(), undefined);
      await git("stash");
      assert.equal(await origin(), "checkout");
      await git("stash", back);
      assert.equal(await origin(), "checkout", back);
      await save("one\nhalf a thought, and more\n");
      assert.equal(await origin(), undefined);
    });
  }
});

test("outside of a repository, and without the program, nothing is said", async () => {
  const folder = await mkdtemp(join(tmpdir(), "nightlab-git-"));
  try {
    const path = join(folder, "JOURNAL.md");
    await writeFile(path, "one\n");
    assert.equal(await gitOrigin().originOf(dirname(path), path, "one\n"), undefined);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("where git cannot say, nobody is known to have typed it", async () => {
  await withRepository(async ({ save, journal, origin }) => {
    const head = join(dirname(journal), "..", "..", ".git", "refs", "heads", "main");
    const whole = await readFile(head, "utf8");
    await save("two\n");
    await writeFile(head, "no hash\n");
    assert.equal(await origin(), "checkout");
    await writeFile(head, whole);
    assert.equal(await origin(), undefined);
  });
});

test("in a repository without a commit, everything was typed", async () => {
  await withRepository(async ({ save, journal, origin }) => {
    const folder = join(dirname(journal), "..", "..");
    await rm(join(folder, ".git"), { recursive: true });
    await execa("git", ["init", folder]);
    await save("two\n");
    assert.equal(await origin(), undefined);
  });
});
