// A lab as a stranger may hand it on, drawn from a seed: links, pipes, repositories, odd names and
// forged records at every path that nightlab touches. What lies beside the lab must never change.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { randomOf, type Random } from "../corpus/random.ts";

export interface HostileLab {
  readonly root: string;
  readonly lab: string;
  /** What surrounds the lab; nothing of it may change. */
  readonly outside: string;
  /** Each program of the stranger's leaves a line here. */
  readonly ran: string;
  /** Changes the lab while it is watched. */
  readonly disturb: () => void;
}

const FOLDER = "2025-02-02T14-30-00-a";
const LOG = Array.from(
  { length: 20 },
  (_, i) => `step ${i} loss ${(1 / (i + 1)).toFixed(4)}\n`,
).join("");

/** Names of experiments: each has to be shown, linked, hashed and quoted somewhere. */
const NAMES: readonly (string | Buffer)[] = [
  "one",
  "two words",
  "new\nline",
  "tab\tname",
  "gr\u00f6\u00dfe \u03bb",
  Buffer.from("gr\xf6sse", "latin1"),
  "x".repeat(240),
  "-rf",
  "$(touch pwned)",
  "`touch pwned`",
  'it\'s "quoted"',
  "%s%n",
  "\u2028\u202egnp",
  "\u001b[31mred",
  "a\\b",
  "constructor",
];

/** What of the outside a lab's links lead to. */
const OUTWARD = [
  "journal.md",
  "ci.yml",
  ".ssh/id_ed25519",
  "experiment",
  "folder",
  "folder/deep/page.md",
  "folder/metrics.log",
  "kept",
  "not-there",
  "not-there/deep",
  "pipe",
  "record.json",
] as const;

/** Makes the lab of a seed, and what surrounds it, below an empty folder. */
export function plantLab(root: string, seed: number): HostileLab {
  const random = randomOf(seed);
  const at = {
    root,
    lab: join(root, "lab"),
    outside: join(root, "outside"),
    ran: join(root, "ran"),
  };
  plantOutside(at.outside, at.ran);
  mkdirSync(at.lab);
  const planter: Planter = { ...at, random };
  writeFileSync(join(at.lab, "nightlab.yaml"), "settle: 1s\nquiet: 1s\nnight: 22:00-07:00\n");
  writeFileSync(join(at.lab, "LAB.md"), "# My lab\n");
  const names = NAMES.filter(() => random.chance(0.3)).slice(0, 5);
  const experiments = ["plain", ...names].map((name) => plantExperiment(planter, name));
  plantOwnFolder(planter);
  for (const name of ["LAB.md", ".gitignore", ".gitattributes"]) {
    if (random.chance(0.3)) strange(planter, join(at.lab, name));
  }
  if (random.chance(0.2)) strange(planter, join(at.lab, "nightlab.yaml"));
  if (random.chance(0.3)) symlinkSync(join(at.outside, "experiment"), join(at.lab, "linked"));
  if (random.chance(0.5)) plantRepository(planter, at.lab);
  return { ...at, disturb: () => disturb(planter, experiments) };
}

interface Planter {
  readonly root: string;
  readonly lab: string;
  readonly outside: string;
  readonly ran: string;
  readonly random: Random;
}

/** The person's own world, with something of each kind that a lab could want. */
function plantOutside(outside: string, ran: string): void {
  for (const folder of ["folder/deep", "experiment/runs", ".ssh", "kept", "hooks"]) {
    mkdirSync(join(outside, folder), { recursive: true });
  }
  for (const [name, text] of Object.entries({
    ".ssh/id_ed25519": "loss 0.123 a private key\n",
    "ci.yml": "run: deploy\n",
    "journal.md": "# Mine\n\nrun: mine !\n",
    "folder/metrics.log": LOG,
    "folder/deep/page.md": "# Page\n",
    "experiment/JOURNAL.md": "# There\n\nrun: there !\n",
    "experiment/train.py": "print('loss 1')\n",
    "record.json": "{}\n",
    "kept/1.md.gz": "kept",
    "program.sh": `#!/bin/sh\necho "$0 $*" >> '${ran}'\n`,
  })) {
    writeFileSync(join(outside, name), text);
  }
  chmodSync(join(outside, "program.sh"), 0o755);
  cpSync(join(outside, "program.sh"), join(outside, "hooks", "post-checkout"));
  execFileSync("mkfifo", [join(outside, "pipe")]);
}

function plantExperiment(planter: Planter, name: string | Buffer): string | Buffer {
  const { lab, random } = planter;
  if (typeof name !== "string") {
    const path = Buffer.concat([Buffer.from(`${lab}/`), name]);
    mkdirSync(path);
    writeFileSync(Buffer.concat([path, Buffer.from("/JOURNAL.md")]), journalOf(random));
    return path;
  }
  const experiment = join(lab, name);
  if (existsSync(experiment)) return experiment;
  mkdirSync(join(experiment, "runs"), { recursive: true });
  writeFileSync(join(experiment, "JOURNAL.md"), journalOf(random));
  writeFileSync(join(experiment, "train.py"), "print('loss 1')\n");
  if (random.chance(0.3)) strange(planter, join(experiment, "JOURNAL.md"));
  plantRun(planter, experiment, FOLDER);
  for (const one of ["REPORT.md", "REPORT.nightlab.md", "STATUS.md", "IGNORED_RUNS.md"]) {
    if (random.chance(0.25)) strange(planter, join(experiment, one));
  }
  for (const one of ["plots", "runs", "train.py", "eval.py", "pyproject.toml", ".venv", "data"]) {
    if (random.chance(0.15)) strange(planter, join(experiment, one));
  }
  for (const one of [".JOURNAL.md.swp", ".#JOURNAL.md", ".~lock.JOURNAL.md#", "JOURNAL.md~"]) {
    if (random.chance(0.15)) strange(planter, join(experiment, one));
  }
  for (const program of ["git", "uv", "python", "python3", "sh", "nvidia-smi", "pixi"]) {
    if (!random.chance(0.2)) continue;
    const path = join(experiment, program);
    cpSync(join(planter.outside, "program.sh"), path);
  }
  if (random.chance(0.5)) plantRepository(planter, experiment);
  return experiment;
}

/** A run's folder with a log, of which any part may be strange. */
function plantRun(planter: Planter, experiment: string, folder: string): void {
  const { random } = planter;
  const run = join(experiment, "runs", folder);
  if (!isInLab(planter, run)) return;
  mkdirSync(join(run, "logs"), { recursive: true });
  writeFileSync(join(run, "logs", "train.log"), LOG);
  if (random.chance(0.6)) writeFileSync(join(run, "run.json"), recordOf(random, folder));
  const parts = ["run.json", "run.patch", "requirements.txt", "plots", "checkpoints", "logs"];
  const logs = ["train.log", "console.log", "system.jsonl", "events.out.tfevents.1", "x\ny.log"];
  for (const one of [...parts, ...logs.map((log) => join("logs", log)), "metrics.csv"]) {
    if (random.chance(0.15)) strange(planter, join(run, one));
  }
  if (random.chance(0.3)) {
    tryTo(() => mkdirSync(join(run, "plots")));
    for (const one of ["loss.webp", "loss.vl.json"]) strange(planter, join(run, "plots", one));
  }
}

/** Something that is no ordinary file or folder, in place of what was there. */
function strange(planter: Planter, path: string): void {
  const { lab, outside, random } = planter;
  if (!isInLab(planter, path)) return;
  const outward = random.one(OUTWARD);
  const up = relative(dirname(path), join(outside, outward));
  const clear = (): void => {
    try {
      unlinkSync(path);
    } catch {
      rmSync(path, { recursive: true, force: true });
    }
  };
  const link = (target: string): void => {
    clear();
    tryTo(() => symlinkSync(target, path));
  };
  const kinds: readonly (() => void)[] = [
    () => link(up),
    () => link(join(outside, outward)),
    () => {
      const middle = join(lab, `.middle-${random.whole(0, 1e9)}`);
      symlinkSync(join(outside, outward), middle);
      link(middle);
    },
    () => link(path),
    () => link(random.one(["/dev/zero", "/dev/full", "/dev/stdin", "/proc/self/environ", "/"])),
    () => link(random.one([join(lab, ".git", "config"), join(lab, ".nightlab", "kept"), lab])),
    () => {
      clear();
      tryTo(() => execFileSync("mkfifo", [path], { stdio: "ignore" }));
    },
    () => {
      clear();
      tryTo(() => mkdirSync(path));
    },
    () => {
      clear();
      tryTo(() => writeFileSync(path, Buffer.from([0xff, 0xfe, 0x00, 0x1b, 0x5b, 0x41])));
    },
    () => {
      clear();
      tryTo(() => writeFileSync(path, "x", { mode: 0o000 }));
    },
  ];
  random.one(kinds)();
}

/** Whether a name is in a real folder of the lab: what is planted must not change the outside. */
function isInLab({ lab }: Planter, path: string): boolean {
  try {
    return `${realpathSync(dirname(path))}/`.startsWith(`${lab}/`);
  } catch {
    return false;
  }
}

function tryTo(work: () => unknown): void {
  try {
    work();
  } catch {
    // Its folder may itself be strange by now.
  }
}

/** A journal whose every word that may be a path leads elsewhere. */
function journalOf(random: Random): string {
  const elsewhere = random.one(["../../outside/folder", "/etc/passwd", "../../../..", "\u0000"]);
  return `---
hypothesis: It works.
success: loss < 1
failure: loss > 2
baseline: ${elsewhere}
script: ${random.one(["train.py", elsewhere, "../two/train.py"])}
---

# A stranger's

run: a !

run: --script=${elsewhere} !

- [x] run: b env='{"PATH": "."}' !

repeat: ${elsewhere}

> **done** \`k7f3\` · [log](runs/${FOLDER}/logs/train.log#L3) loss 0.3
>
> [here](${elsewhere}/runs/x/metrics.log#L1), runs/../../../outside/folder/metrics.log

stop: ../../outside
`;
}

function recordOf(random: Random, folder: string): string {
  const elsewhere = random.one(["../../../../outside", "../../../../outside/record.json", "/etc"]);
  return JSON.stringify({
    version: 1,
    id: "k7f3",
    attempt: random.one(["k7f3-1", elsewhere]),
    verb: random.one(["run", "eval"]),
    name: random.one(["a", elsewhere]),
    folder: random.one([folder, elsewhere]),
    experiment: elsewhere,
    argv: [join("/", "outside", "program.sh")],
    script: elsewhere,
    args: [],
    cwd: elsewhere,
    runner: "uv",
    interpreter: { path: elsewhere },
    environment: { resolved: elsewhere },
    git: { commit: "--upload-pack=touch", dirty: true, patch: elsewhere, left: [elsewhere] },
    host: "elsewhere",
    gpus: [],
    limitMs: 1e6,
    long: false,
    said: "run: a",
    criteria: {},
    queuedAt: "2025-02-02T14:30:00Z",
    startedAt: "2025-02-02T14:30:00Z",
    endedAt: "2025-02-02T14:31:00Z",
    ending: "exit",
    exitCode: 0,
    cause: { kind: "done" },
  });
}

/** The lab's own `.nightlab`, with what each reader of it could be made to believe. */
function plantOwnFolder(planter: Planter): void {
  const { lab, outside, random } = planter;
  const own = join(lab, ".nightlab");
  if (random.chance(0.1)) {
    strange(planter, own);
    return;
  }
  const folders = ["attempts", "snapshots", "environments", "kept", "intents", "page-intents"];
  for (const folder of [...folders, "requests", "made-here", "reports", "lab-page"]) {
    if (random.chance(0.15)) {
      mkdirSync(own, { recursive: true });
      strange(planter, join(own, folder));
    } else mkdirSync(join(own, folder), { recursive: true });
  }
  for (const file of ["daemon.lock", "daemon.pid", "id", "lab.json"]) {
    if (random.chance(0.15)) strange(planter, join(own, file));
  }
  const attempt = join(own, "attempts", "k7f3-1");
  tryTo(() => {
    mkdirSync(attempt);
    const spec = { attempt: "k7f3-1", command: "k7f3", verb: "run", name: "a", lab: outside };
    const more = {
      experiment: join(outside, "folder"),
      script: "x",
      args: [],
      limitMs: 1,
      env: {},
    };
    writeFileSync(join(attempt, "spec.json"), JSON.stringify({ ...spec, ...more }));
    for (const file of ["spec.json", "claim", "exit", "alive", "console.log", "notes.json"]) {
      if (random.chance(0.4)) strange(planter, join(attempt, file));
    }
    const snapshot = join(own, "snapshots", "k7f3");
    mkdirSync(join(snapshot, "tree", "plain"), { recursive: true });
    writeFileSync(
      join(snapshot, "manifest.json"),
      JSON.stringify({ "../../../../outside/ci.yml": { mark: "x", digest: "y" } }),
    );
    strange(planter, join(snapshot, "tree", "plain", "x"));
    for (const kind of ["kept", "environments", "reports"]) {
      for (const name of ["0123456789abcdef0123456789abcdef", "k7f3.log"]) {
        if (random.chance(0.3)) strange(planter, join(own, kind, name));
      }
    }
  });
}

/** A repository that would start a program at every question: unpacked, bare, or pointed to. */
function plantRepository(planter: Planter, folder: string): void {
  const { outside, random } = planter;
  const made = join(planter.root, "repositories", String(random.whole(0, 1e9)));
  const program = join(outside, "program.sh");
  const git = (...args: readonly string[]): void => {
    execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x@x", ...args], {
      cwd: made,
      stdio: "ignore",
    });
  };
  mkdirSync(made, { recursive: true });
  git("init", "-q");
  writeFileSync(join(made, "JOURNAL.md"), "# x\n");
  git("add", "-A");
  git("commit", "-qm", "x");
  writeFileSync(
    join(made, ".git", "config"),
    `[core]
	repositoryformatversion = 0
	bare = false
	worktree = ${quoted(folder)}
	fsmonitor = ${program}
	hooksPath = ${join(outside, "hooks")}
	pager = ${program}
	sshCommand = ${program}
[filter "x"]
	clean = ${program}
	smudge = ${program}
	process = ${program}
	required = true
[diff]
	external = ${program}
[diff "x"]
	textconv = ${program}
	command = ${program}
[log]
	showSignature = true
[gpg]
	program = ${program}
[include]
	path = ${join(outside, "pipe-not-there")}
`,
  );
  mkdirSync(join(made, ".git", "info"), { recursive: true });
  writeFileSync(join(made, ".git", "info", "attributes"), "* filter=x diff=x\n");
  const bare = (): void => cpSync(join(made, ".git"), folder, { recursive: true });
  const unpacked = (): void => renameSync(join(made, ".git"), join(folder, ".git"));
  const pointed = (): void => {
    const elsewhere = join(planter.lab, `.repository-${random.whole(0, 1e9)}`);
    renameSync(join(made, ".git"), elsewhere);
    writeFileSync(join(folder, ".git"), `gitdir: ${elsewhere}\n`);
  };
  const linked = (): void => symlinkSync(join(made, ".git"), join(folder, ".git"));
  const isLab = folder === planter.lab;
  tryTo(random.one(isLab ? [unpacked, pointed] : [bare, unpacked, pointed, linked]));
}

/** A value of git's settings. */
const quoted = (text: string): string =>
  `"${text.replaceAll(/["\\]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\t", "\\t")}"`;

/** What comes while the lab is watched: a run, a new experiment, and links in place of folders. */
function disturb(planter: Planter, experiments: readonly (string | Buffer)[]): void {
  const { lab, random } = planter;
  for (const experiment of experiments) {
    if (typeof experiment !== "string") continue;
    tryTo(() => plantRun(planter, experiment, "2025-02-02T15-30-00-b"));
    tryTo(() => plantRun(planter, experiment, "2025-02-02T15-30-01-c"));
    for (const one of ["REPORT.md", "plots", join("runs", FOLDER, "plots"), "JOURNAL.md", "runs"]) {
      if (random.chance(0.2)) strange(planter, join(experiment, one));
    }
  }
  tryTo(() => plantExperiment(planter, "late"));
  if (random.chance(0.3)) tryTo(() => strange(planter, join(lab, ".nightlab", "kept")));
}
