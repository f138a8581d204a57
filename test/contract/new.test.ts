// `nightlab new` with the real uv: what it makes runs as it stands, training and evaluation.
// Needs uv, which `node bin/setup.js` brings; NIGHTLAB_UV names another.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import {
  noteLocalExperiment,
  isLocalExperiment,
} from "../../src/effects/state/local-experiments.ts";
import { labPath } from "../../src/base/ids.ts";
import { stateOf } from "../../src/cli/lab-world.ts";
import { newExperiment } from "../../src/cli/new.ts";

const UV =
  process.env["NIGHTLAB_UV"] ?? fileURLToPath(new URL("../../.tools/uv/bin/uv", import.meta.url));
const METRIC = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \| INFO \| metric (\{.*\})$/;

const lab = mkdtempSync(join(tmpdir(), "nightlab new'$(touch x) ü "));
writeFileSync(join(lab, "nightlab.yaml"), "");
process.env["NIGHTLAB_STATE_DIR"] = mkdtempSync(join(tmpdir(), "nightlab new state "));
after(() => {
  for (const one of [lab, process.env["NIGHTLAB_STATE_DIR"] ?? ""])
    rmSync(one, { recursive: true });
});

function uvRun(cwd: string, ...args: readonly string[]): { status: number | null; text: string } {
  const { status, stdout, stderr, error } = spawnSync(UV, ["run", ...args], {
    cwd,
    encoding: "utf8",
    timeout: 240_000,
  });
  assert.equal(error, undefined, `${UV}: ${String(error)}`);
  return { status, text: stdout + stderr };
}

function metricsIn(log: string): Record<string, number>[] {
  const found = readFileSync(log, "utf8").matchAll(new RegExp(METRIC, "gm"));
  return [...found].map(([, json]) => JSON.parse(json ?? "") as Record<string, number>);
}

describe("an experiment made by nightlab new", () => {
  it("trains and evaluates as it stands", async () => {
    const { path, exitCode, text } = await newExperiment("learning rate_1", { cwd: lab });
    assert.equal(exitCode, 0, text);
    assert.ok(path !== undefined);
    assert.deepEqual(readdirSync(path).toSorted(), [
      "IGNORED_RUNS.md",
      "JOURNAL.md",
      "eval.py",
      "train.py",
    ]);

    const trained = uvRun(path, "train.py", "de-risk", "--epochs", "3");
    assert.equal(trained.status, 0, trained.text);
    const [run = "", ...others] = readdirSync(join(path, "runs"));
    assert.deepEqual(others, []);
    assert.match(run, /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-de-risk$/);
    const folder = join(path, "runs", run);
    assert.deepEqual(readdirSync(folder).toSorted(), ["checkpoints", "data", "logs", "plots"]);
    const logged = metricsIn(join(folder, "logs", "train.log"));
    assert.equal(logged.length, 3);
    assert.deepEqual(Object.keys(logged[0] ?? {}), ["epoch", "step", "train/loss", "val/loss"]);
    assert.equal(trained.text.split("\n").filter((line) => METRIC.test(line)).length, 3);

    const evaluated = uvRun(path, "eval.py", join("runs", run));
    assert.equal(evaluated.status, 0, evaluated.text);
    assert.equal(typeof metricsIn(join(folder, "logs", "eval.log"))[0]?.["test/loss"], "number");

    for (const name of ["../out", "a b", "", ".hidden"]) {
      const refused = uvRun(path, "train.py", "--", name);
      assert.equal(refused.status, 2, `${name}: ${refused.text}`);
    }
    assert.deepEqual(readdirSync(join(path, "runs")), [run]);
  });

  it("has a journal that says whose turn it is, with nothing that would start", async () => {
    const nowMs = Date.UTC(2025, 1, 2, 12);
    const { path = "" } = await newExperiment("warm-up", { cwd: lab, nowMs });
    const journal = readFileSync(join(path, "JOURNAL.md"), "utf8");
    assert.match(journal, /^# Warm up$/m);
    assert.match(journal, /^## 2025-02-02$/m);
    for (const key of ["hypothesis", "success", "failure", "metrics", "script", "runner"]) {
      assert.match(journal, new RegExp(`^${key}: \\S`, "m"));
    }
    assert.doesNotMatch(journal, /^\s*(run|eval|script|stop|queue):\s(?!train\.py)/m);
    assert.doesNotMatch(journal, /\{\{/);
  });

  it("is known as made here, under the path of its lab as it is now", async () => {
    const { path = "" } = await newExperiment("made", { cwd: lab });
    const real = realpathSync(lab);
    const place = { lab: real, folder: stateOf(labPath(real)) };
    assert.ok(isLocalExperiment(place, path));
    assert.ok(!isLocalExperiment(place, join(real, "cloned")));
    await noteLocalExperiment(
      place,
      join(real, ...Array.from({ length: 8 }, () => "x".repeat(200))),
    );
  });

  it("leaves a folder alone that is there already", async () => {
    const folder = join(lab, "mine");
    mkdirSync(folder);
    const { exitCode, text, path } = await newExperiment("mine", { cwd: lab });
    assert.equal(exitCode, 2);
    assert.equal(path, undefined);
    assert.match(text, /exists already/);
    assert.deepEqual(readdirSync(folder), []);
  });

  it("refuses names that are paths, or that would never be found", async () => {
    const before = readdirSync(lab);
    const names = [
      "a/b",
      "../up",
      "/abs",
      "a\\b",
      ".",
      "..",
      "",
      " ",
      ".git",
      "-rf",
      "runs",
      "a\nb",
    ];
    for (const name of [...names, "node_modules", "x".repeat(101)]) {
      const { exitCode, text } = await newExperiment(name, { cwd: lab });
      assert.equal(exitCode, 2, name);
      assert.match(text, /^Cannot make the experiment/);
    }
    assert.deepEqual(readdirSync(lab), before);
  });

  it("wants to be in a lab, at a place where experiments are looked for", async () => {
    const outside = mkdtempSync(join(tmpdir(), "no-lab-"));
    after(() => rmSync(outside, { recursive: true }));
    assert.match((await newExperiment("x", { cwd: outside })).text, /nightlab init/);
    mkdirSync(join(lab, "one", "runs", "r"), { recursive: true });
    const inRun = await newExperiment("x", { cwd: join(lab, "one", "runs", "r") });
    assert.match(inRun.text, /never looks/);
    const deep = join(lab, ...Array.from({ length: 8 }, (_, i) => `d${i}`));
    mkdirSync(deep, { recursive: true });
    assert.match((await newExperiment("x", { cwd: deep })).text, /more than 8 folders/);
  });
});
