import assert from "node:assert/strict";
import { mkdir, mkdtemp, realpath, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { experimentsOf } from "../../src/effects/run-store/lab-experiments.ts";
import { TYPED_AFTER_MS, watchLab } from "../../src/effects/daemon/watch.ts";
import { guardLab, leavingLink, onLeavingLink } from "../../src/effects/os/lab-links.ts";
import { trustLink } from "../../src/effects/os/trusted-links.ts";
import { labPath } from "../../src/base/ids.ts";

interface Eyes {
  readonly lab: string;
  /** What was told, as `found exp`; names count from the lab. */
  readonly told: readonly string[];
  readonly until: (line: string) => Promise<void>;
}

async function withEyes(
  prepare: (lab: string) => Promise<void>,
  work: (eyes: Eyes) => Promise<void>,
): Promise<void> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "nightlab-watch-")));
  process.env["NIGHTLAB_STATE_DIR"] = join(root, "state");
  const lab = join(root, "lab");
  await mkdir(lab);
  guardLab(lab);
  const told: string[] = [];
  const tell = (what: string) => (path: string) =>
    void told.push(`${what} ${path.slice(lab.length + 1)}`);
  await prepare(lab);
  const eye = watchLab(labPath(lab), {
    experimentFound(path, sight) {
      tell("found")(path);
      tell(sight)(path);
    },
    experimentGone: tell("gone"),
    journalTouched: tell("touched"),
    editorClosed: tell("closed"),
    ignoredTouched: () => undefined,
    runsFound: tell("runs in"),
    settingsTouched: () => undefined,
    folderTouched: () => undefined,
    failed: (error) => told.push(`failed ${String(error)}`),
  });
  try {
    await eye.ready;
    await work({
      lab,
      told,
      async until(line) {
        const deadline = Date.now() + 10_000;
        while (!told.includes(line)) {
          assert.ok(Date.now() < deadline, `${line} was never told, but ${told.join(", ")}`);
          await pause(10);
        }
      },
    });
  } finally {
    eye.close();
    await rm(root, { recursive: true });
  }
}

async function journal(...path: readonly string[]): Promise<void> {
  const folder = join(...path);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "JOURNAL.md"), "run: a\n");
}

test("dot-folders, runs, dependencies, nested labs and linked worktrees are never looked into", async () => {
  await withEyes(
    async (lab) => {
      await journal(lab, "exp");
      await journal(lab, "group", "inner");
      for (const name of [".hidden", "node_modules", join("exp", "runs", "r1")]) {
        await journal(lab, name);
      }
      await journal(lab, "nested");
      await writeFile(join(lab, "nested", "nightlab.yaml"), "");
      await journal(lab, "worktree");
      await writeFile(join(lab, "worktree", ".git"), "gitdir: /elsewhere\n");
    },
    async ({ told, lab, until }) => {
      await journal(lab, "late");
      await until("found late");
      const found = told.filter((line) => line.startsWith("found "));
      assert.deepEqual(found.toSorted(), ["found exp", "found group/inner", "found late"]);
    },
  );
});

test("a worktree that is made while the lab is watched is not looked into", async () => {
  await withEyes(
    async (lab) => await journal(lab, "exp"),
    async ({ told, lab, until }) => {
      // Git makes the folder first, and what it is stands in it a moment later.
      await mkdir(join(lab, "linked"));
      await journal(lab, "after-linked");
      await until("found after-linked");
      await writeFile(join(lab, "linked", ".git"), "gitdir: /elsewhere\n");
      await journal(lab, "linked", "inner");
      await journal(lab, "last");
      await until("found last");
      await pause(200);
      assert.deepEqual(
        told.filter((line) => line.includes("linked/")),
        [],
      );
    },
  );
});

test("a renamed folder is gone under its old name and found under its new one", async () => {
  await withEyes(
    async (lab) => await journal(lab, "old"),
    async ({ lab, until }) => {
      await rename(join(lab, "old"), join(lab, "new"));
      await until("gone old");
      await until("found new");
    },
  );
});

test("while the lab itself is away nothing is gone, and it is watched again once it is back", async () => {
  await withEyes(
    async (lab) => await journal(lab, "exp"),
    async ({ lab, told, until }) => {
      await rename(lab, `${lab}-away`);
      await pause(500);
      await rename(`${lab}-away`, lab);
      await journal(lab, "late");
      await until("found late");
      assert.ok(!told.some((line) => line.startsWith("gone")), told.join(", "));
    },
  );
});

test("a folder in place of another of its name is read again", async () => {
  await withEyes(
    async (lab) => {
      await journal(lab, "exp");
      await journal(lab, "..", "other");
    },
    async ({ lab, told }) => {
      const before = told.length;
      await rename(join(lab, "exp"), join(lab, "..", "aside"));
      await rename(join(lab, "..", "other"), join(lab, "exp"));
      const deadline = Date.now() + 10_000;
      while (!told.slice(before).includes("touched exp")) {
        assert.ok(Date.now() < deadline, told.join(", "));
        await pause(10);
      }
      const again = told.length;
      await writeFile(join(lab, "exp", "JOURNAL.md"), "run: b\n");
      while (!told.slice(again).includes("touched exp")) {
        assert.ok(Date.now() < deadline, told.join(", "));
        await pause(10);
      }
    },
  );
});

test("an editor is closed when the last of its swap files is gone", async () => {
  await withEyes(
    async (lab) => await journal(lab, "exp"),
    async ({ lab, told, until }) => {
      const swap = (end: string): string => join(lab, "exp", `.JOURNAL.md.sw${end}`);
      await writeFile(swap("p"), "b0");
      await writeFile(swap("o"), "b0");
      await pause(200);
      await rm(swap("o"));
      await pause(200);
      assert.ok(!told.includes("closed exp"));
      await rm(swap("p"));
      await until("closed exp");
      assert.deepEqual(
        told.filter((line) => line.startsWith("touched")),
        ["touched exp"],
      );
    },
  );
});

test("a journal that comes with its folder arrived, one in a folder that stood empty is typed", async () => {
  await withEyes(
    async (lab) => {
      await journal(lab, "old");
      await mkdir(join(lab, "empty"));
    },
    async ({ lab, until }) => {
      await until("stood old");
      for (const name of ["typed", "moved", "ran", "cloned"]) await mkdir(join(lab, name));
      await mkdir(join(lab, "ran", "runs"));
      await mkdir(join(lab, "cloned", ".git"));
      await writeFile(join(lab, "aside.md"), "run: a\n");
      await utimes(join(lab, "aside.md"), 1_700_000_000, 1_700_000_000);
      await journal(lab, "brought");
      await until("arrived brought");
      await pause(TYPED_AFTER_MS + 200);
      await rename(join(lab, "aside.md"), join(lab, "moved", "JOURNAL.md"));
      for (const name of ["empty", "typed", "ran", "cloned"]) await journal(lab, name);
      await until("typed empty");
      await until("typed typed");
      for (const name of ["moved", "ran", "cloned"]) await until(`arrived ${name}`);
    },
  );
});

function trust(link: string): void {
  const found = leavingLink(link);
  assert.ok(found !== undefined, link);
  trustLink(found);
}

test("a linked folder is an experiment once it is trusted, and by one path only", async () => {
  const leaving: string[] = [];
  const end = onLeavingLink(({ link }) => void leaving.push(basename(link)));
  await withEyes(
    async (lab) => {
      const outside = join(lab, "..", "outside");
      await journal(outside, "a");
      await journal(outside, "b", "deep");
      await journal(lab, "own");
      await symlink("own", join(lab, "latest"));
      for (const name of ["a", "b"]) await symlink(join(outside, name), join(lab, name));
      await symlink(join(outside, "a"), join(lab, "a-again"));
      trust(join(lab, "a"));
      trust(join(lab, "a-again"));
    },
    async ({ told, lab, until }) => {
      const found = (): readonly string[] =>
        told.filter((line) => line.startsWith("found ")).toSorted();
      assert.deepEqual(found(), ["found a", "found own"]);
      assert.deepEqual(await experimentsOf(lab), [join(lab, "a"), join(lab, "own")]);
      // Both are seen at the next poll.
      trust(join(lab, "b"));
      await rm(join(lab, "a"));
      await until("found b/deep");
      await writeFile(join(lab, "..", "outside", "b", "deep", "JOURNAL.md"), "run: b\n");
      await until("touched b/deep");
      await until("gone a");
      await until("found a-again");
    },
  );
  end();
  assert.deepEqual(leaving, []);
});

test("a linked folder with a journal that is not trusted is told, other links are not", async () => {
  const leaving: string[] = [];
  const end = onLeavingLink(({ link }) => void leaving.push(basename(link)));
  await withEyes(
    async (lab) => {
      const outside = join(lab, "..", "outside");
      await journal(outside, "a");
      await mkdir(join(outside, "data"));
      await symlink(join(outside, "data"), join(lab, "data"));
    },
    async ({ told, lab, until }) => {
      await symlink(join(lab, "..", "outside", "a"), join(lab, "a"));
      await journal(lab, "late");
      await until("found late");
      const deadline = Date.now() + 10_000;
      while (leaving.length === 0 && Date.now() < deadline) await pause(10);
      assert.deepEqual(leaving, ["a"]);
      assert.ok(!told.some((line) => line.startsWith("found a")));
    },
  );
  end();
});

test("a linked runs/ is told where it stays in the lab", async () => {
  await withEyes(
    async (lab) => {
      await journal(lab, "one");
      await journal(lab, "two");
      await mkdir(join(lab, "all-runs"));
      await mkdir(join(lab, "..", "outside"));
      await symlink("../all-runs", join(lab, "one", "runs"));
      await symlink("../../outside", join(lab, "two", "runs"));
    },
    async ({ told }) => {
      assert.deepEqual(
        [...new Set(told.filter((line) => line.startsWith("runs")))],
        ["runs in one"],
      );
    },
  );
});
