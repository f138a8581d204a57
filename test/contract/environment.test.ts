// The real uv builds environments and runs scripts; pixi's part is pinned by what it documents.
import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { attemptDir } from "../../src/effects/supervise/attempts.ts";
import { prepareEnvironment, runnerReason } from "../../src/effects/environment/environment.ts";
import type { Prepared } from "../../src/effects/environment/environment.ts";
import { chooseRunner, commandLine, findRunner } from "../../src/effects/environment/runner.ts";
import type { FoundRunner, RunnerContext } from "../../src/effects/environment/runner.ts";
import { Supervisor } from "../../src/effects/supervise/supervisor.ts";
import { makeBench, realUv, until } from "./run-harness.ts";
import type { Bench } from "./run-harness.ts";

const HEADER = `# /// script\n# requires-python = ">=3.9"\n# dependencies = []\n# ///\n`;
const PRINT = `import json, sys\nprint(json.dumps(sys.argv))\n`;
const NO_ENV = { PATH: "/usr/bin:/bin" };
const uv: FoundRunner = { kind: "found", runner: "uv", binary: realUv() };

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => {
  bench.remove();
});

const around = (changes: Partial<RunnerContext> = {}): RunnerContext => ({
  env: NO_ENV,
  home: join(bench.lab, "home"),
  checkout: join(bench.lab, "checkout"),
  ...changes,
});

/** A program that answers `--version` and prints each of its arguments on a line. */
function fakeProgram(path: string, version = "1.0.0"): string {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(
    path,
    `#!/bin/sh\n[ "$1" = --version ] && echo "pixi ${version}" && exit\nprintf '%s\\n' "$@"\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

async function prepare(script: string, changes: object = {}): Promise<Prepared> {
  const log = join(bench.lab, "prepare.log");
  return prepareEnvironment({
    found: uv,
    experiment: bench.experiment,
    script,
    log,
    env: process.env,
    ...changes,
  });
}

describe("the runner of an experiment", () => {
  it("is what its journal says, else pixi where a manifest governs it, else uv", async () => {
    for (const name of ["uv", "pixi"]) fakeProgram(join(bench.lab, "home/.local/bin", name));
    const chosen = async (written?: "uv" | "pixi"): Promise<string> =>
      (await chooseRunner(bench.experiment, bench.lab, written, around())).runner;
    assert.equal(await chosen(), "uv");
    bench.write("pyproject.toml", "[tool.pixie]\nx = 1\n# [tool.pixi]\n");
    assert.equal(await chosen(), "uv");
    bench.write("pyproject.toml", "[project]\nname='x'\r\n[tool.pixi.workspace]\r\n");
    assert.equal(await chosen(), "pixi");
    bench.write("pyproject.toml", "");
    writeFileSync(join(bench.lab, "pixi.toml"), "");
    assert.equal(await chosen(), "pixi");
    assert.equal(await chosen("uv"), "uv");
  });

  it("is not decided by a manifest above the lab", async () => {
    writeFileSync(join(bench.lab, "..", "pixi.toml"), "");
    assert.equal(
      (await chooseRunner(bench.experiment, bench.lab, undefined, around())).runner,
      "uv",
    );
  });

  it("is found by its variable, on PATH, in the checkout and in the usual folders", async () => {
    const places = [
      fakeProgram(join(bench.lab, "home/.cargo/bin/uv")),
      fakeProgram(join(bench.lab, "home/.local/bin/uv")),
      fakeProgram(join(bench.lab, "checkout/.tools/uv/bin/uv")),
    ];
    for (const place of places.toReversed()) {
      const found = await findRunner("uv", around());
      assert.equal(found.kind === "found" && found.binary, place);
      chmodSync(place, 0o644);
    }
    const onPath = fakeProgram(join(bench.lab, "bin dir/uv"));
    const env = { PATH: `relative:${join(bench.lab, "bin dir")}:/bin` };
    const found = await findRunner("uv", around({ env }));
    assert.equal(found.kind === "found" && found.binary, onPath);
    const own = fakeProgram(join(bench.lab, "own"));
    const named = await findRunner("uv", around({ env: { ...env, NIGHTLAB_UV: own } }));
    assert.equal(named.kind === "found" && named.binary, own);
  });

  it("that is nowhere tells how to get it", async () => {
    const missing = await findRunner("uv", around());
    assert.ok(missing.kind === "missing");
    assert.match(missing.message, /astral\.sh\/uv\/install\.sh.*pip install uv/);
    const wrong = await findRunner("pixi", around({ env: { NIGHTLAB_PIXI: "/nowhere/pixi" } }));
    assert.ok(wrong.kind === "missing");
    assert.match(wrong.message, /NIGHTLAB_PIXI names \/nowhere\/pixi/);
  });
});

describe("a command line", () => {
  it("is uv run, the script and its arguments", async () => {
    const line = await commandLine(uv, "train.py", ["de-risk", "--lr", "1e-3"]);
    assert.deepEqual(line, {
      kind: "argv",
      argv: [uv.binary, "run", "train.py", "de-risk", "--lr", "1e-3"],
    });
  });

  it("gives the real uv awkward script names and arguments unchanged", async () => {
    const supervisor = new Supervisor();
    const args = ["de-risk", "--help", "--", "-x", "a b", `'"`, "$(touch pwned)", "", "é\nλ", "\\"];
    const scripts = [
      "train.py",
      "-odd name $(x).py",
      "no-ending",
      "-",
      "sub/it's.py",
      "https:x.py",
    ];
    mkdirSync(join(bench.experiment, "sub"));
    for (const [index, script] of scripts.entries()) {
      bench.write(script, HEADER + PRINT);
      const line = await commandLine(uv, script, args);
      assert.ok(line.kind === "argv");
      const spec = bench.spec(index + 1, { script });
      await supervisor.start(spec, line.argv, process.env, 60_000);
      const end = await new Promise((resolve) => supervisor.onExit(spec, resolve));
      const console = readFileSync(join(attemptDir(spec.lab, spec.attempt), "console.log"), "utf8");
      assert.match(JSON.stringify(end), /"code":0/, console);
      const printed: unknown = JSON.parse(console.trim().split("\n").at(-1) ?? "");
      assert.deepEqual(Array.isArray(printed) && printed.slice(1), args);
    }
    assert.ok(!readdirSync(bench.experiment).includes("pwned"));
  });

  it("is pixi run python, which passes arguments on as they are since 0.64", async () => {
    const binary = fakeProgram(join(bench.lab, "pixi"), "0.64.0");
    const found: FoundRunner = { kind: "found", runner: "pixi", binary };
    const args = ["de-risk", "it's", "{{ x }}", "\\d"];
    const line = await commandLine(found, "train.py", args);
    assert.deepEqual(line, { kind: "argv", argv: [binary, "run", "python", "train.py", ...args] });
  });

  it("of an older pixi is refused where that pixi would change an argument", async () => {
    const binary = fakeProgram(join(bench.lab, "pixi"), "0.52.0");
    const found: FoundRunner = { kind: "found", runner: "pixi", binary };
    assert.equal((await commandLine(found, "train.py", ["de-risk", '$(x) * "y"'])).kind, "argv");
    for (const odd of ["'; rm x; '", "a\\b", "{{ pixi }}", "a\nb"]) {
      const line = await commandLine(found, "train.py", [odd]);
      assert.ok(line.kind === "refused");
      assert.match(line.message, /pixi self-update/);
    }
  });
});

describe("preparing an environment with uv", () => {
  it("builds it, and changes no file of the experiment", async () => {
    bench.write("train.py", HEADER + PRINT);
    assert.deepEqual(await prepare("train.py"), { kind: "ok" });
    assert.deepEqual(readdirSync(bench.experiment), ["train.py"]);
    assert.equal(readFileSync(join(bench.experiment, "train.py"), "utf8"), HEADER + PRINT);
  });

  it("leaves an outdated lock as it is", async () => {
    const lock = 'version = 1\nrevision = 3\nrequires-python = ">=3.8"\n';
    bench.write("train.py", HEADER + PRINT);
    bench.write("train.py.lock", lock);
    await prepare("train.py");
    assert.equal(readFileSync(join(bench.experiment, "train.py.lock"), "utf8"), lock);
  });

  it("has nothing to do for a script without dependencies of its own", async () => {
    bench.write("-odd.py", PRINT);
    assert.deepEqual(await prepare("-odd.py"), { kind: "ok" });
  });

  it("tells in uv's own words which package there is none of", async () => {
    bench.write("-bad.py", HEADER.replace("[]", '["no-such-package-zzqq-1"]'));
    const env = { ...process.env, UV_NO_INDEX: "1" };
    const failed = await prepare("-bad.py", { env });
    assert.ok(failed.kind === "failed");
    assert.match(failed.message, /no-such-package-zzqq-1/);
    assert.doesNotMatch(failed.message, /\n|[╰│×]|cause:/);
  });

  it("tells when the network does not answer, and where", async () => {
    bench.write("bad.py", HEADER.replace("[]", '["numpy==99.1"]'));
    const env = {
      ...process.env,
      UV_INDEX_URL: "http://127.0.0.1:9/simple",
      UV_HTTP_RETRIES: "0",
      UV_CACHE_DIR: join(bench.lab, "cache"),
    };
    const failed = await prepare("bad.py", { env });
    assert.ok(failed.kind === "failed");
    assert.match(failed.message, /^No answer from the network: .*127\.0\.0\.1:9/);
  });

  it("names the script that is meant where one is missing", async () => {
    bench.write("train.py", PRINT);
    bench.write("eval.py", PRINT);
    for (const [script, said] of [
      ["trian.py", /trian\.py is not there; did you mean train\.py\?/],
      ["evaluate.py", /evaluate\.py is not there; the folder has .*train\.py/],
      ["../train.py", /not inside/],
      ["/etc/passwd", /not inside/],
    ] as const) {
      const missing = await prepare(script);
      assert.ok(missing.kind === "script-missing");
      assert.match(missing.message, said);
    }
  });

  it("can be given up, and ends with all that it started", async () => {
    bench.write("train.py", HEADER + PRINT);
    const slow = join(bench.lab, "slow");
    writeFileSync(slow, "#!/bin/sh\necho $$ >pid\nsleep 30 & wait\n");
    chmodSync(slow, 0o755);
    const found = { ...uv, binary: slow };
    const giveUp = new AbortController();
    const prepared = prepare("train.py", { found, signal: giveUp.signal });
    await until("its start", () => readdirSync(bench.experiment).includes("pid"));
    const pid = Number(readFileSync(join(bench.experiment, "pid"), "utf8"));
    giveUp.abort();
    assert.deepEqual(await prepared, { kind: "aborted" });
    await until("the end of its group", () => !groupIsThere(pid));
    assert.deepEqual(await prepare("train.py", { found, signal: giveUp.signal }), {
      kind: "aborted",
    });
  });

  it("is given up when it stands still", async () => {
    bench.write("train.py", HEADER + PRINT);
    const slow = join(bench.lab, "slow");
    writeFileSync(slow, "#!/bin/sh\nexec sleep 30\n");
    chmodSync(slow, 0o755);
    const failed = await prepare("train.py", { found: { ...uv, binary: slow }, idleMs: 200 });
    assert.ok(failed.kind === "failed");
    assert.match(failed.message, /no progress/);
  });
});

describe("preparing an environment with pixi", () => {
  it("is pixi install in the experiment's folder", async () => {
    bench.write("train.py", PRINT);
    const binary = fakeProgram(join(bench.lab, "pixi"));
    const found: FoundRunner = { kind: "found", runner: "pixi", binary };
    assert.deepEqual(await prepare("train.py", { found }), { kind: "ok" });
    assert.equal(readFileSync(join(bench.lab, "prepare.log"), "utf8"), "install\n");
  });

  it("finds the script through a link", async () => {
    writeFileSync(join(bench.lab, "shared.py"), PRINT);
    symlinkSync("../shared.py", join(bench.experiment, "train.py"));
    const binary = fakeProgram(join(bench.lab, "pixi"));
    assert.deepEqual(
      await prepare("train.py", { found: { kind: "found", runner: "pixi", binary } }),
      { kind: "ok" },
    );
  });
});

describe("a runner's reason", () => {
  it("is its error with its causes on one line", () => {
    const uvText =
      "Creating script environment at: /x\nerror: No solution found when resolving dependencies\n" +
      "  cause: Because nope was not found in the package registry and you require nope, we can conclude that your requirements are unsatisfiable.\n";
    assert.equal(
      runnerReason(uvText),
      "No solution found when resolving dependencies: Because nope was not found in the package registry and you require nope, we can conclude that your requirements are unsatisfiable.",
    );
    const older =
      "  \u001B[31m×\u001B[0m No solution found when resolving script dependencies:\n" +
      "  ╰─▶ Because nope was not found in the\n      package registry and you require nope, we can\n      conclude that.\n";
    assert.equal(
      runnerReason(older),
      "No solution found when resolving script dependencies: Because nope was not found in the package registry and you require nope, we can conclude that.",
    );
  });

  it("is bounded, and empty where nothing was said", () => {
    assert.equal(runnerReason(""), "");
    assert.ok(runnerReason(`error: ${"because of x ".repeat(10_000)}`).length <= 600);
  });
});

function groupIsThere(pid: number): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}
