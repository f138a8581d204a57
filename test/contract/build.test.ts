import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const CHECKOUT = fileURLToPath(new URL("../../", import.meta.url));

test("what is published runs without its TypeScript, its shell script and fonts beside it", () => {
  const folder = mkdtempSync(join(tmpdir(), "nightlab build 'x' "));
  try {
    execFileSync(process.execPath, [join(CHECKOUT, "bin/build.js"), join(folder, "dist")]);
    for (const name of ["package.json", "bin/nightlab.js"]) {
      cpSync(join(CHECKOUT, name), join(folder, name), { recursive: true });
    }
    symlinkSync(join(CHECKOUT, "node_modules"), join(folder, "node_modules"));
    const log = join(folder, "train.log");
    writeFileSync(log, '2025-02-02 14:30:00 | INFO | metric {"step": 1, "loss": 0.512}\n');
    const launcher = join(folder, "bin/nightlab.js");
    const said = execFileSync(process.execPath, [launcher, "inspect", log], { encoding: "utf8" });
    assert.match(said, /0\.512/);
    for (const name of [
      "supervise/shim.sh",
      "render/fonts/Inter-Regular.otf",
      "render/live-page/page.css",
      "render/live-page/vega-notices.txt",
    ]) {
      assert.ok(existsSync(join(folder, "dist/effects", name)), name);
    }
    const scripts = readdirSync(join(folder, "dist/effects/render/live-page"));
    assert.deepEqual(
      scripts.filter((name) => /\.(js|ts)$/.test(name)),
      ["page.js"],
    );
    const bundle = readFileSync(join(folder, "dist/effects/render/live-page/page.js"), "utf8");
    assert.doesNotMatch(bundle, /\b(import|export)\b[^"]*\bfrom\b/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("the notices are those of the installed packages' licences", () => {
  const folder = mkdtempSync(join(tmpdir(), "nightlab-notices-"));
  try {
    execFileSync(process.execPath, [join(CHECKOUT, "bin/notices.js"), folder]);
    for (const path of ["THIRD-PARTY-NOTICES", "src/effects/render/live-page/vega-notices.txt"]) {
      const made = readFileSync(join(folder, path), "utf8");
      assert.equal(readFileSync(join(CHECKOUT, path), "utf8"), made, "run: node bin/notices.js");
      assert.match(made, /\(c\) 2015-2023, University of Washington Interactive Data Lab/);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
