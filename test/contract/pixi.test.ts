// The real pixi, where a machine has one: environments are built and scripts run through it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { chooseRunner, commandLine, findRunner } from "../../src/effects/environment/runner.ts";

test("pixi runs a script with its arguments exactly as written", async (t) => {
  const found = await findRunner("pixi");
  if (found.kind === "missing") {
    t.skip("this machine has no pixi; its command line is pinned in environment.test.ts");
    return;
  }
  const lab = mkdtempSync(join(tmpdir(), "nightlab pixi 'x' "));
  try {
    writeFileSync(
      join(lab, "pixi.toml"),
      '[workspace]\nname = "x"\nchannels = ["conda-forge"]\nplatforms = ["linux-64", "osx-arm64"]\n\n[dependencies]\npython = "*"\n',
    );
    writeFileSync(join(lab, "train.py"), "import json, sys\nprint(json.dumps(sys.argv[1:]))\n");
    const chosen = await chooseRunner(lab, lab, undefined);
    assert.equal(chosen.kind === "found" && chosen.runner, "pixi");
    const args = ["de-risk", "--note", 'it\'s $(touch pwned) "x" \\ {{ y }}'];
    const line = await commandLine(found, "train.py", args);
    if (line.kind === "refused") return;
    const [program = "", ...rest] = line.argv;
    const said = execFileSync(program, rest, { cwd: lab, encoding: "utf8" });
    assert.deepEqual(JSON.parse(said.trim().split("\n").at(-1) ?? ""), args);
  } finally {
    rmSync(lab, { recursive: true, force: true });
  }
});
