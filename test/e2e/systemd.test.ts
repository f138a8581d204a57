// Runs as services of the real systemd, booted for this test: what they get, outlive and take along.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { realUv } from "../contract/run-harness.ts";
import { bootSystemd, noSystemd } from "./systemd-machine.ts";

const LIFE = fileURLToPath(new URL("systemd-life.ts", import.meta.url));

interface Life {
  readonly leftLived: boolean;
  readonly during: string;
  readonly told: string;
  readonly group: string;
  /** The signals that its shim was started with ignored. */
  readonly ignored: string;
  readonly receipt: string;
  readonly stopped: { readonly code: number; readonly stderr: string };
  readonly after: string;
}

test(
  "a run is a service: it outlives the daemon, and nothing outlives it",
  { skip: noSystemd() },
  async (t) => {
    const machine = await bootSystemd();
    if ("why" in machine) {
      t.skip(machine.why);
      return;
    }
    try {
      const { PATH } = process.env;
      const env = { PATH, NIGHTLAB_UV: realUv(), UV_CACHE_DIR: "/tmp/uv-cache" };
      const life = JSON.parse(machine.run([process.execPath, LIFE], env)) as Life;
      assert.match(life.during, /^nightlab-\w+-1-[0-9a-f]{8}\.service loaded active running /);
      assert.match(life.group, /\/user@0\.service\/.*\/nightlab-\w+-1-[0-9a-f]{8}\.service$/m);
      assert.equal(life.ignored, "0000000000000000");
      assert.ok(life.leftLived, "there was something to take along");
      const args = ["--a", "$HOME", "--b", "${ODD}", "--c", "$$", "--d", "%h %n"];
      assert.deepEqual(JSON.parse(life.told), [
        [...args, "--e", 'a  b;"c"', "--f", String.raw`\n`],
        String.raw`b$ar "q" %i \ end`,
        "two\nlines $HOME",
      ]);
      assert.match(life.receipt, /val\/loss 0\.05/);
      assert.equal(life.stopped.code, 0, life.stopped.stderr);
      assert.equal(life.after, "");
    } finally {
      machine.close();
    }
  },
);
