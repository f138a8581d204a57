// `nightlab demo` as a newcomer runs it, in an empty home: what it shows is there, whole and final.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const LAUNCHER = fileURLToPath(new URL("../../bin/nightlab.js", import.meta.url));

test("the demo ends with receipt, plots, page and a report of the run's end, and leaves no mess", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "nightlab-demo-"));
  t.after(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));
  const home = join(root, "home");
  mkdirSync(home);
  const { NIGHTLAB_STATE_DIR: _, ...rest } = process.env;
  // The cache of downloads is shared, as it is between a person's projects.
  const cache = process.env["UV_CACHE_DIR"] ?? join(homedir(), ".cache", "uv");
  const env = { ...rest, HOME: home, UV_CACHE_DIR: cache };
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [LAUNCHER, "demo"], { cwd: root, env });
  const experiment = join(root, "nightlab-demo", "one-small-layer");
  const [folder = ""] = readdirSync(join(experiment, "runs"));
  assert.match(stdout, /> \*\*done\*\* `[a-z0-9]{4}` .* val\/acc 0\.\d+/);
  assert.match(
    readFileSync(join(experiment, "JOURNAL.md"), "utf8"),
    /\nrun: de-risk\n\n> \*\*done/,
  );
  const report = readFileSync(join(experiment, "REPORT.md"), "utf8");
  assert.match(report, /There is 1 run; it is done\./);
  assert.match(report, new RegExp(`${folder}.*\\| done `));
  const shown = [...stdout.matchAll(/^(?:Plots|Report|Page| {4}) {3,4}(nightlab-demo\/\S+)/gm)];
  assert.ok(shown.length >= 5, stdout);
  for (const [, path = ""] of shown) assert.ok(existsSync(join(root, path)), path);
  assert.ok(stdout.includes("plots/index.html"));
  assert.deepEqual(readdirSync(home), [], "nothing is left in the home folder");
});
