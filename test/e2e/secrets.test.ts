// Secrets at every place of a lab, with the real daemon, git and uv: nothing that nightlab writes
// or says holds one, and the script that was promised one has it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { test } from "node:test";
import { named, privateKey, token } from "../made-secrets.ts";
import * as fc from "../properties.ts";
import { openLab, trainScript, type TestLab } from "./lab.ts";

const SEED = fc.readConfigureGlobal()?.seed ?? Math.floor(Math.random() * 1e9);
/** The variable whose value is in the private file. */
const OWN = "A_PRIVATE_KEY";

/** A new secret for each place, and all of them. */
class Made {
  readonly all: string[] = [];
  readonly key: string;
  readonly #tokens = [...fc.sample(token, { seed: SEED, numRuns: 40 })];
  readonly #named = [...fc.sample(named, { seed: SEED, numRuns: 20 })];

  constructor() {
    this.key = fc.sample(privateKey, { seed: SEED, numRuns: 1 })[0] ?? "";
    this.all.push(...this.key.split("\n").slice(1, -2));
  }

  token(): string {
    const made = this.#tokens.pop() ?? assert.fail("too few tokens");
    this.all.push(made);
    return made;
  }

  /** A text with a name and the value that it is given. */
  named(written: (name: string, value: string) => string): string {
    const [name, value] = this.#named.pop() ?? assert.fail("too few names");
    this.all.push(value);
    return written(name, value);
  }

  /** No text holds one. `what`: where it is from. */
  assertNoneIn(text: string, what: string): void {
    for (const one of this.all) {
      const at = text.indexOf(one);
      assert.ok(at < 0, `${what} holds a secret: …${text.slice(Math.max(0, at - 200), at + 20)}`);
    }
  }
}

function filesBelow(dir: string): readonly string[] {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const fence = (...lines: readonly string[]): string => ["```yaml", ...lines, "```"].join("\n");
const option = (name: string): string => `--${name.toLowerCase().replaceAll("_", "-")}`;
const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Prints a token, says whether it has its variable, and as `crash` raises with a token. */
const script = (made: Made, printed: string): string =>
  trainScript(
    [
      "import hashlib",
      `print("token: ${printed}")`,
      `own = os.environ.get("${OWN}", "").encode()`,
      '(run / "seen").write_text(hashlib.sha256(own).hexdigest())',
      "for step in range(4):",
      '    metric(step=step, **{"val/loss": 1 - step / 8})',
      `if name == "crash": raise RuntimeError("401 for ${made.token()}")`,
    ].join("\n"),
  );

/** Commands that do not start, each with a secret at another place. */
const refused = (made: Made): readonly string[] => [
  `run: a1 --hub ${made.token()}`,
  `run: a2 --hub=${made.token()} stray`,
  made.named((name, value) => `run: a3 ${option(name)} ${value}`),
  made.named((name, value) => `run: a4 env=${name}=${value}`),
  `run: a5 because="it needs ${made.token()}"`,
  fence("run: a6", `sweep: { hub: ["${made.token()}", "b"] }`),
  fence("run: a7", `args: { hub: "${made.token()}" }`, "unknown: 1"),
  `script: push.py ${made.token()}`,
  `run: a8 ${made.token()}`,
  `run: a9 when=${made.token()}`,
];

async function writeSecretFiles(lab: TestLab, made: Made): Promise<readonly string[]> {
  await lab.write(
    ".env",
    made.named((name, value) => `${name}=${value}\n`),
  );
  await lab.write("id_rsa", made.key);
  await lab.write("deploy.txt", made.key);
  await lab.write(
    "settings.yaml",
    made.named((name, value) => `${name}: "${value}"\n`),
  );
  await lab.write("notes.py", `hub = "${made.token()}"\n`);
  await lab.write(`of-${made.token()}.txt`, "x\n");
  return [".env", "id_rsa", "deploy.txt", "settings.yaml", "notes.py", "train.py"];
}

/** What the person and the script wrote: it stays as it is. */
const THEIRS =
  /^\.git\/|(?:^|\/)(?:\.env|id_rsa|deploy\.txt|settings\.yaml|notes\.py|train\.py|nightlab\.yaml|of-[^/]*|JOURNAL\.md|.*\.log|kept\/.*)$/;

test(`no secret comes into what nightlab writes or says (seed ${SEED})`, async (t) => {
  const made = new Made();
  const home = mkdtempSync(join(tmpdir(), "nightlab-config-"));
  const printed = made.token();
  const lab = await openLab({
    journal: `---\nhypothesis: it learns with ${made.token()}\nsuccess: val/loss < 1\n---\n`,
    train: script(made, printed),
    settings: `settle: 1s\nquiet: 1s\n# ${made.token()}\n`,
    env: { XDG_CONFIG_HOME: home },
  });
  t.after(async () => {
    await lab.close();
    rmSync(home, { recursive: true });
  });
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", ...args], {
      cwd: lab.path,
      encoding: "utf8",
    });
  git("init", "-q");
  git("add", "nightlab.yaml");
  git("commit", "-qm", "x");
  const own = made.named((_, value) => value);
  const privateFile = join(home, "nightlab", "env");
  mkdirSync(join(home, "nightlab"));
  writeFileSync(privateFile, `# mine\nexport ${OWN}="${own}"\n`, { mode: 0o644 });
  const hidden = await writeSecretFiles(lab, made);
  await lab.write("plain.py", "a = 1\n");
  await lab.start();

  const commands = refused(made);
  const prose = `## Introduction\n\nThe key of the hub is ${made.token()}.`;
  const runs = [`run: ok env=[${OWN}] timeout=5m !`, "run: crash timeout=5m !"];
  await lab.save([lab.journal(), prose, ...runs, ...commands, ""].join("\n\n"));
  await lab.until("the file that others may read is refused", () =>
    /\*\*held\*\* `\w+` · others may read .*chmod 600/.test(lab.journal()),
  );
  chmodSync(privateFile, 0o600);
  await lab.until("crash has ended", () => lab.journal().includes("> **failed**"));
  await lab.until(
    "each problem is told",
    () => lab.journal().split("> **problem**").length - 1 > commands.length,
  );
  await lab.save(lab.journal().replace("- [ ] start", "- [x] start"));
  await lab.until("ok has ended", () => lab.journal().includes("> **done**"));
  await lab.until("the report has both", () => {
    const report = filesBelow(lab.experiment).find((path) => path.endsWith("REPORT.md"));
    const text = report === undefined ? "" : readFileSync(report, "utf8");
    return /-ok\b/.test(text) && /-crash\b/.test(text);
  });
  const settings = join(lab.path, "nightlab.yaml");
  writeFileSync(settings, `settle: 1s\nquiet: 1s\nmemory: "${made.token()}"\n`);
  await lab.until("the problem of the settings is told", () =>
    filesBelow(lab.path).some((path) => path.endsWith("/LAB.md")),
  );

  const id = /\*\*failed\*\* `(\w+)`/.exec(lab.journal())?.[1] ?? "";
  for (const words of [
    ["status"],
    ["status", "--json", "--all"],
    ["inspect", id],
    ["compare", "ok", "crash"],
    ["audit", lab.experiment],
    ["history", lab.experiment],
    ["export", lab.experiment, "--to", "html"],
    ["export", join(lab.experiment, "JOURNAL.md"), "--to", "html"],
    ["repeat", "crash"],
  ]) {
    const { stdout, stderr } = await lab.nightlab(...words);
    assert.notEqual(stdout + stderr, "", words.join(" "));
    made.assertNoneIn(stdout + stderr, words.join(" "));
  }
  await lab.stop();
  made.assertNoneIn(lab.log(), "the daemon's log");

  const written = filesBelow(lab.path).filter((path) => !THEIRS.test(relative(lab.path, path)));
  for (const path of written) {
    made.assertNoneIn(readFileSync(path, "latin1").replaceAll("\0", ""), path);
  }
  for (const name of [
    "run.json",
    "run.patch",
    "REPORT.md",
    "REPORT.html",
    "JOURNAL.html",
    "LAB.md",
  ]) {
    assert.ok(
      written.some((path) => path.endsWith(`/${name}`)),
      `${name} is among them`,
    );
  }
  const answers = lab.journal().split("\n");
  made.assertNoneIn(answers.filter((line) => line.startsWith(">")).join("\n"), "a receipt");

  const run = join(lab.experiment, "runs", lab.runs().find((one) => one.endsWith("-ok")) ?? "");
  const record = JSON.parse(readFileSync(join(run, "run.json"), "utf8")) as {
    readonly privateEnv: readonly string[];
    readonly git: { readonly secret: readonly string[] };
  };
  assert.deepEqual(record.privateEnv, [OWN]);
  for (const name of hidden) assert.ok(record.git.secret.includes(name), name);
  assert.match(readFileSync(join(run, "run.patch"), "utf8"), /plain\.py/);
  const report = readFileSync(join(lab.experiment, "REPORT.md"), "utf8");
  assert.match(report, /not in run\.patch +\| .*`\.env`/);
  const seen = readFileSync(join(run, "seen"), "utf8");
  assert.equal(seen, hashOf(own), "the script had the true value");
  const said = filesBelow(run).map((path) => readFileSync(path, "utf8"));
  assert.ok(
    said.some((text) => text.includes(printed)),
    "a run's own logs are as the script wrote them",
  );
  assert.doesNotMatch(git("status", "--short", "-uall"), /\.nightlab/);
});
