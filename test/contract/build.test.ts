import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
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
      "render/live-page/page.browser.js",
    ]) {
      assert.ok(existsSync(join(folder, "dist/effects", name)), name);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
