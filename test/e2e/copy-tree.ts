// Copies a folder that a daemon works in, as a person would with `cp -a`.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";

/** With everything in it, FIFOs too; anew where the daemon takes a file away meanwhile. */
export function copyTree(from: string, to: string): void {
  for (let tries = 10; ; tries -= 1) {
    const { status, stderr } = spawnSync("cp", ["-a", from, to], { encoding: "utf8" });
    if (status === 0) return;
    assert.ok(tries > 0 && stderr.includes("No such file"), stderr);
    rmSync(to, { recursive: true, force: true });
  }
}
