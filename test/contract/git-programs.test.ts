// No program that a repository names is started by any of nightlab's calls of git: neither by one
// that came with an experiment, nor by the lab's own. Each program would leave a line in a file.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { labPath } from "../../src/base/ids.ts";
import { labFolder } from "../../src/effects/daemon/health-lab.ts";
import { gitFacts } from "../../src/effects/git/git-facts.ts";
import { gitOrigin } from "../../src/effects/git/git-origin.ts";
import { gitWrote } from "../../src/effects/git/git-activity.ts";
import { repositoryOf } from "../../src/effects/git/repository.ts";
import { restoreCode } from "../../src/effects/repeat/restore-code.ts";
import { makeBench, type Bench } from "./run-harness.ts";

let bench: Bench;
let lab: string;
let experiment: string;
let ran: string;
let program: string;
beforeEach(() => {
  bench = makeBench();
  lab = realpathSync(bench.lab);
  experiment = realpathSync(bench.experiment);
  ran = join(dirname(lab), "ran");
  program = join(dirname(lab), "program.sh");
  writeFileSync(program, `#!/bin/sh\necho "$0 $*" >> '${ran}'\ncat\n`);
  chmodSync(program, 0o755);
});
afterEach(() => bench.remove());

function git(cwd: string, ...args: readonly string[]): string {
  const who = [
    "-c",
    "user.name=t",
    "-c",
    "user.email=t@t",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.safecrlf=false",
  ];
  return execFileSync("git", [...who, ...args], { cwd, encoding: "utf8" }).trim();
}

/** Every program that git could start for one of our questions. */
function arm(gitDir: string): void {
  const config = `
[core]
	fsmonitor = ${program}
	hooksPath = ${dirname(program)}/hooks
	pager = ${program}
	editor = ${program}
	sshCommand = ${program}
[filter "trap"]
	clean = ${program}
	smudge = ${program}
	required = true
[filter "trap.process"]
	process = ${program}
[diff]
	external = ${program}
[diff "trap"]
	command = ${program}
	textconv = ${program}
[log]
	showSignature = true
[gpg]
	program = ${program}
[remote "origin"]
	url = ext::${program}
	promisor = true
	uploadpack = ${program}
[extensions]
	partialClone = origin
[protocol "ext"]
	allow = always
`;
  writeFileSync(join(gitDir, "config"), readFileSync(join(gitDir, "config"), "utf8") + config);
  mkdirSync(join(gitDir, "info"), { recursive: true });
  writeFileSync(
    join(gitDir, "info/attributes"),
    "*.md filter=trap\n*.npy filter=trap.process\n*.py diff=trap\n",
  );
  const hooks = join(dirname(program), "hooks");
  mkdirSync(hooks, { recursive: true });
  for (const hook of ["post-checkout", "post-index-change", "fsmonitor-watchman"]) {
    writeFileSync(join(hooks, hook), `#!/bin/sh\nexec '${program}' ${hook}\n`);
    chmodSync(join(hooks, hook), 0o755);
  }
}

/** A repository with a commit of a journal and a script, as somebody may hand it on. */
function repository(top: string, ...bare: readonly string[]): void {
  git(top, "init", "-q", "-b", "main", ...bare);
}

function commitAll(top: string): string {
  git(top, "add", "-A");
  git(top, "commit", "-qm", "x");
  return git(top, "rev-parse", "HEAD");
}

/** Makes git look into the files again, since their times are not those of its index. */
function touchAll(): void {
  for (const name of ["JOURNAL.md", "train.py", "x.npy"]) {
    const path = join(experiment, name);
    if (existsSync(path)) utimesSync(path, 1_000, 1_000);
  }
}

/** Signs like gpg, as far as git looks. */
const SIGNER = `#!/bin/sh
cat > /dev/null
printf '\\n[GNUPG:] SIG_CREATED \\n' >&2
printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'
`;

function commitSigned(top: string): string {
  const signer = join(dirname(program), "signer.sh");
  writeFileSync(signer, SIGNER);
  chmodSync(signer, 0o755);
  git(top, "-c", `gpg.program=${signer}`, "commit", "--allow-empty", "-q", "-S", "-m", "signed");
  return git(top, "rev-parse", "HEAD");
}

/** Every question that nightlab has for git. */
async function askAll(commit: string): Promise<void> {
  const journal = join(experiment, "JOURNAL.md");
  const text = readFileSync(journal, "utf8");
  touchAll();
  await gitFacts(lab, experiment);
  bench.write("train.py", "3\n");
  bench.write("new.py", "1\n");
  await gitFacts(lab, experiment);
  await gitWrote(lab, journal, statSync(journal).mtimeMs);
  await gitOrigin().originOf(lab, journal, text);
  await labFolder(labPath(lab));
  const runDir = join(experiment, "runs", "2025-02-02T14-30-00-x");
  mkdirSync(runDir, { recursive: true });
  writeFileSync(join(runDir, "run.patch"), "--- a/train.py\n+++ b/train.py\n@@ -1 +1 @@\n-1\n+2\n");
  const record = { git: { commit, dirty: true, patch: "run.patch" } };
  await restoreCode({ lab, experiment, id: "k7f3", runDir, record: record as never });
  assert.equal(existsSync(ran) ? readFileSync(ran, "utf8") : "", "");
}

function files(): void {
  bench.write("JOURNAL.md", "# x\n\nrun: a\n");
  bench.write("train.py", "1\n");
  bench.write("x.npy", "1\n");
}

describe("git starts no program", () => {
  it("of the lab's own repository, whatever its settings and attributes name", async () => {
    files();
    repository(lab);
    commitAll(lab);
    const commit = commitSigned(lab);
    arm(join(lab, ".git"));
    await askAll(commit);
    await askAll("b".repeat(40));
    const facts = await gitFacts(lab, experiment);
    assert.equal(facts?.commit, commit, "the repository is read all the same");
    // The trap itself works: without nightlab's care git does start what it names.
    utimesSync(join(experiment, "train.py"), 2_000, 2_000);
    try {
      git(lab, "diff");
    } catch {
      // The program is no filter that git would accept.
    }
    assert.ok(existsSync(ran));
  });

  it("of a bare repository by plain files in an experiment, in a repository or not", async () => {
    for (const within of [false, true]) {
      files();
      const bare = join(dirname(lab), "bare.git");
      mkdirSync(bare);
      repository(bare, "--bare");
      arm(bare);
      git(bare, "config", "core.bare", "false");
      git(bare, "config", "core.worktree", experiment);
      if (within) {
        repository(lab);
        commitAll(lab);
      }
      cpSync(bare, experiment, { recursive: true });
      const commit = within ? git(lab, "rev-parse", "HEAD") : "a".repeat(40);
      await askAll(commit);
      rmSync(bare, { recursive: true });
    }
  });

  it("of an unpacked .git in an experiment, or of a submodule's", async () => {
    files();
    repository(experiment);
    const inner = commitAll(experiment);
    arm(join(experiment, ".git"));
    await askAll(inner);
    assert.equal(await gitFacts(lab, experiment), undefined);
    repository(lab);
    git(lab, "add", "-A");
    git(lab, "commit", "-qm", "with a submodule");
    await askAll(git(lab, "rev-parse", "HEAD"));
  });

  it("of a submodule within the experiment that the lab's commit has", async () => {
    files();
    const sub = join(experiment, "sub");
    mkdirSync(sub);
    writeFileSync(join(sub, "x.npy"), "1\n");
    repository(sub);
    commitAll(sub);
    repository(lab);
    const commit = commitAll(lab);
    arm(join(sub, ".git"));
    utimesSync(join(sub, "x.npy"), 3_000, 3_000);
    await askAll(commit);
  });
});

describe("the repository that holds a lab", () => {
  it("is the nearest with a .git, also of a linked work tree, never a bare one", async () => {
    assert.equal(await repositoryOf(lab), undefined);
    files();
    repository(lab);
    commitAll(lab);
    assert.deepEqual(await repositoryOf(lab), { gitDir: join(lab, ".git"), workTree: lab });
    const linked = join(dirname(lab), "linked");
    git(lab, "worktree", "add", "-q", linked);
    assert.deepEqual(await repositoryOf(linked), {
      gitDir: join(lab, ".git/worktrees/linked"),
      workTree: linked,
    });
    const facts = await gitFacts(linked, join(linked, experiment.slice(lab.length + 1)));
    assert.deepEqual(facts, { commit: git(lab, "rev-parse", "HEAD"), dirty: false });
    renameSync(join(lab, ".git"), join(lab, "x"));
    cpSync(join(lab, "x"), lab, { recursive: true });
    assert.equal(await repositoryOf(lab), undefined);
  });

  it("sees a checkout in a linked work tree, and one in a repository of the experiment", async () => {
    files();
    repository(lab);
    commitAll(lab);
    const linked = join(dirname(lab), "linked");
    git(lab, "worktree", "add", "-q", linked);
    const there = join(linked, experiment.slice(lab.length + 1));
    const journal = join(there, "JOURNAL.md");
    writeFileSync(journal, "# x\n\nrun: b\n");
    git(linked, "commit", "-qam", "b");
    git(linked, "checkout", "-q", "main~0", "--detach");
    const { mtimeMs } = statSync(journal);
    assert.equal(await gitWrote(linked, journal, mtimeMs), true);
    const text = readFileSync(journal, "utf8");
    assert.equal(await gitOrigin().originOf(linked, journal, text), "checkout");

    repository(experiment);
    commitAll(experiment);
    const own = join(experiment, "JOURNAL.md");
    assert.equal(await gitWrote(lab, own, statSync(own).mtimeMs), true);
    assert.equal(await gitOrigin().originOf(lab, own, "# x\n\nrun: a\n"), "checkout");
  });

  it("knows a checked-out text by its blob though git changed its line ends", async () => {
    files();
    repository(lab);
    git(lab, "config", "core.autocrlf", "true");
    commitAll(lab);
    git(lab, "checkout", "-q", "-b", "other");
    bench.write("JOURNAL.md", "# x\r\n\r\nrun: b\r\n");
    commitAll(lab);
    git(lab, "checkout", "-q", "main");
    git(lab, "checkout", "-q", "other");
    const journal = join(experiment, "JOURNAL.md");
    const text = readFileSync(journal, "utf8");
    assert.match(text, /\r\n/);
    assert.equal(await gitOrigin().originOf(lab, journal, text), "checkout");
  });
});
