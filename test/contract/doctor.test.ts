// `nightlab doctor` on stand-ins of systemd, drivers and runners that say what real ones say.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { standIn } from "./gpu-stand-in.ts";

const LAUNCHER = fileURLToPath(new URL("../../bin/nightlab.js", import.meta.url));
const root = realpathSync(mkdtempSync(join(tmpdir(), "nightlab-doctor-")));
const bin = join(root, "bin");
const lab = join(root, "a lab");
mkdirSync(bin);
mkdirSync(lab);
writeFileSync(join(lab, "nightlab.yaml"), "");
after(() => rmSync(root, { recursive: true, force: true }));

function program(name: string, text: string): void {
  const path = join(bin, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
}

interface Told {
  readonly what: string;
  readonly state: string;
  readonly says: string;
  readonly fix?: string;
}

interface Answer {
  readonly code: number;
  /** As a page for people; "" unless it was asked for. */
  readonly text: string;
  readonly of: (what: string) => Told;
}

/** The answer, with these programs and those of the system alone; as a page too, where asked for. */
async function ask(
  env: NodeJS.ProcessEnv = {},
  { dir = lab, page: wantsPage = false } = {},
): Promise<Answer> {
  const base = {
    PATH: [bin, dirname(process.execPath), "/usr/bin", "/bin"].join(":"),
    HOME: root,
    NIGHTLAB_STATE_DIR: join(root, "state"),
    NIGHTLAB_UV: join(bin, "uv"),
    ...env,
  };
  const run = async (...args: readonly string[]) =>
    new Promise<{ readonly code: number; readonly text: string }>((resolve) => {
      execFile(process.execPath, [LAUNCHER, "doctor", dir, ...args], { env: base }, (error, out) =>
        resolve({ code: typeof error?.code === "number" ? error.code : 0, text: out }),
      );
    });
  const [page, json] = await Promise.all([wantsPage ? run() : undefined, run("--json")]);
  const { checks } = JSON.parse(json.text) as { readonly checks: readonly Told[] };
  assert.equal(page?.code ?? json.code, json.code);
  for (const { what, says, fix = "" } of page === undefined ? [] : checks) {
    // Daemons of other tests come and go between the two answers.
    if (what === "daemons") continue;
    assert.ok(page?.text.includes(says) && page.text.includes(fix), says);
  }
  return {
    code: json.code,
    text: page?.text ?? "",
    of: (what) => checks.find((one) => one.what === what) ?? assert.fail(`nothing on ${what}`),
  };
}

program("uv", 'echo "uv 0.9.9"');
program("systemd-run", 'echo "systemd 252 (252.39-1~deb12u1)"');
program("loginctl", "echo $LINGER");
program(
  "systemctl",
  'case "$*" in *is-system-running*) echo "$MANAGER"; [ "$MANAGER" = running ] ;; *) echo /no/group ;; esac',
);

test("it says which supervision holds, and how to have the better one", async () => {
  const [without, dies, whole, off] = await Promise.all([
    ask({ MANAGER: "offline" }),
    ask({ MANAGER: "running", LINGER: "no" }),
    ask({ MANAGER: "degraded", LINGER: "yes" }),
    ask({ MANAGER: "running", LINGER: "yes", NIGHTLAB_SYSTEMD: "off" }),
  ]);
  assert.equal(without.of("supervision").state, "warn");
  assert.match(without.of("supervision").says, /plain groups .* no manager of your own/);
  assert.match(dies.of("supervision").says, /end when you log out/);
  assert.equal(dies.of("supervision").fix, "loginctl enable-linger");
  assert.match(whole.of("supervision").says, /services of systemd 252/);
  assert.match(off.of("supervision").says, /NIGHTLAB_SYSTEMD is off/);
});

test("a machine that has what it takes is told so, and the code is 0", async () => {
  const driver = standIn(root, [4, 4]);
  const path = `${driver.env["PATH"]?.split(":")[0]}:${bin}:/usr/bin:/bin`;
  const found = await ask({ PATH: path }, { page: true });
  assert.equal(found.code, 0, found.text);
  assert.match(found.of("GPUs").says, /0 NVIDIA H100 80GB HBM3, 1 .*; driver 550\.54\.15/);
  assert.match(found.of("uv").says, /uv 0\.9\.9 at /);
  assert.equal(found.of("state").state, "ok");
  assert.match(found.of("daemons").says, /none watches this lab/);
  assert.match(found.text, /All that is needed is there\./);
});

test("what will not work is bad, and the code is 1", async () => {
  const noUv = await ask({ NIGHTLAB_UV: "/nowhere/uv" }, { page: true });
  assert.deepEqual([noUv.code, noUv.of("uv").state], [1, "bad"]);
  program(
    "nvidia-smi",
    'echo "Failed to initialize NVML: Driver/library version mismatch"; exit 18',
  );
  const broken = await ask();
  assert.deepEqual([broken.code, broken.of("GPUs").state], [1, "bad"]);
  assert.match(broken.of("GPUs").says, /Driver\/library version mismatch/);
  program("nvidia-smi", "exit 0");
  const stateless = await ask({ NIGHTLAB_STATE_DIR: join(lab, "nightlab.yaml", "state") });
  assert.equal(stateless.of("state").state, "bad");
  assert.match(stateless.of("state").fix ?? "", /NIGHTLAB_STATE_DIR/);
});

test("a repository that would commit weights is told which lines it lacks", async () => {
  const kept = await ask();
  assert.throws(() => kept.of(".gitignore"), /nothing on/, "no repository, nothing to say");
  mkdirSync(join(lab, ".git", "objects"), { recursive: true });
  mkdirSync(join(lab, ".git", "refs"));
  writeFileSync(join(lab, ".git", "HEAD"), "ref: refs/heads/main\n");
  const bare = await ask();
  assert.match(bare.of(".gitignore").fix ?? "", /\.nightlab\/ and \*\*\/runs\/\*\/checkpoints\//);
  writeFileSync(join(lab, ".gitignore"), ".nightlab/\n**/runs/*/checkpoints/\n");
  assert.equal((await ask()).of(".gitignore").state, "ok");
});

test("outside of a lab it looks at the machine alone", async () => {
  const found = await ask({}, { dir: root });
  assert.match(found.of("lab").says, /none here or above/);
});

test("settings with a mistake are told with their line, and with what holds meanwhile", async () => {
  const other = join(root, "another lab");
  mkdirSync(other);
  writeFileSync(join(other, "nightlab.yaml"), "quiet: 5s\nsetle: 5s\n");
  const { of } = await ask({}, { dir: other, page: true });
  assert.equal(of("settings").state, "bad");
  assert.match(of("settings").says, /^nightlab.yaml, line 2: .*; nothing of this lab starts/);
  assert.match(of("settings").fix ?? "", /settle/);
});

/** What a program does instead of answering, and what is to be said of it. */
const ODD: readonly (readonly [text: string, said: RegExp])[] = [
  ["trap '' TERM; sleep 60 & wait; sleep 60", /said nothing for 5 s/],
  ["echo no bus >&2; exit 3", /ended with exit code 3: no bus/],
  ["kill -KILL $$", /was ended by SIGKILL/],
];

test("a program that hangs, fails or dies is told as that, each with its command line", async () => {
  const told = ODD.map(async ([text, said], i) => {
    const own = join(root, `odd programs ${i}`);
    mkdirSync(own);
    for (const name of ["systemd-run", "git", "uv", "nvidia-smi"]) {
      writeFileSync(join(own, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    }
    const path = [own, bin, dirname(process.execPath), "/usr/bin", "/bin"].join(":");
    const beganMs = Date.now();
    const env = { PATH: path, NIGHTLAB_UV: join(own, "uv"), MANAGER: "running" };
    const found = await ask(env, { page: true });
    assert.ok(Date.now() - beganMs < 60_000);
    for (const what of ["supervision", "git", "uv", "GPUs"]) {
      assert.match(found.of(what).says, said, what);
      assert.match(found.of(what).says, /`.*(?:systemd-run|git|uv|nvidia-smi).*`/, what);
      assert.match(found.of(what).fix ?? "", /see what/, what);
    }
    assert.equal(found.code, 1);
  });
  await Promise.all(told);
});

test("what systemd-run prints that is no version is quoted", async () => {
  const own = join(root, "odd systemd");
  mkdirSync(own);
  writeFileSync(join(own, "systemd-run"), "#!/bin/sh\necho Hello\n", { mode: 0o755 });
  const { of } = await ask({ PATH: [own, bin, dirname(process.execPath), "/bin"].join(":") });
  assert.match(of("supervision").says, /`systemd-run --version` says "Hello"/);
});
