// What a run's folder still says after a power cut, and who sees to it that it does.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { takeNotes } from "../../src/effects/supervise/attempt-notes.ts";
import { attemptDir, createAttempt, readAttempt } from "../../src/effects/supervise/attempts.ts";
import { hostFacts, identityOf } from "../../src/effects/os/process-identity.ts";
import { Supervisor } from "../../src/effects/supervise/supervisor.ts";
import { makeBench, until, type Bench } from "./run-harness.ts";

let bench: Bench;
let supervisor: Supervisor;
beforeEach(() => {
  bench = makeBench();
  supervisor = new Supervisor({ graceMs: 1_000, pollMs: 50 });
});
afterEach(async () => {
  await supervisor.stop(bench.spec(1));
  supervisor.close();
  bench.remove();
});

describe("an attempt whose claim the power cut took", () => {
  it("is none that may start, once its start had begun on an earlier boot", async () => {
    const spec = bench.spec(1);
    await createAttempt(spec);
    const dir = attemptDir(spec.lab, spec.attempt);
    const here = hostFacts();
    assert.deepEqual(await readAttempt(dir, here), { kind: "never-started" });
    await takeNotes(spec);
    assert.deepEqual(await readAttempt(dir, here), { kind: "never-started" });
    assert.deepEqual(await readAttempt(dir, { ...here, bootId: "later" }), {
      kind: "lost",
      why: "machine-restarted",
    });
    assert.deepEqual(await readAttempt(dir, { host: "node7", bootId: "its own" }), {
      kind: "unknown",
      why: `it runs on ${here.host}`,
    });
  });
});

/** A `sync` that writes down what it is asked for, and does it. */
const withSync = (): { readonly env: NodeJS.ProcessEnv; readonly asked: () => string } => {
  const bin = join(bench.lab, "bin");
  const log = join(bench.lab, "synced");
  const real = execFileSync("sh", ["-c", "command -v sync"], { encoding: "utf8" }).trim();
  mkdirSync(bin);
  writeFileSync(log, "");
  writeFileSync(
    join(bin, "sync"),
    `#!/bin/sh\necho "$@ $(head -n 1 "$1")" >>"$SYNCED"\nexec ${real} "$@"\n`,
  );
  chmodSync(join(bin, "sync"), 0o755);
  const { PATH = "", INVOCATION_ID: _service, ...rest } = process.env;
  const env = { ...rest, SYNCED: log, PATH: [bin, PATH].join(delimiter) };
  return { env, asked: () => readFileSync(log, "utf8") };
};

describe("an exit code", () => {
  it("is brought to the disk by its shim where the daemon is gone", async () => {
    const { env, asked } = withSync();
    const spec = bench.spec(1);
    await createAttempt(spec);
    const gate = join(bench.lab, "gate");
    writeFileSync(gate, "");
    const url = new URL("../../src/effects/supervise/supervisor.ts", import.meta.url).href;
    const daemon = spawn(
      process.execPath,
      [
        "--input-type=module",
        "-e",
        `const { Supervisor } = await import(${JSON.stringify(url)});
         const [spec, argv] = JSON.parse(process.argv[1]);
         await new Supervisor().start(spec, argv, process.env, 60000);
         process.kill(process.pid, "SIGKILL");`,
        JSON.stringify([
          spec,
          ["sh", "-c", `while [ -e "$0" ]; do sleep 0.02; done; exit 3`, gate],
        ]),
      ],
      { env, stdio: ["ignore", "inherit", "inherit"] },
    );
    await new Promise((resolve) => daemon.once("exit", resolve));
    assert.equal(asked(), "");
    rmSync(gate);
    await until("the exit code on the disk", () => asked() === "./exit . 3\n");
  });

  it("costs no program more where the daemon is there to see to it", async () => {
    const { env, asked } = withSync();
    const spec = bench.spec(1);
    const { pid } = await supervisor.start(spec, ["true"], env, 60_000);
    await new Promise((resolve) => supervisor.onExit(spec, resolve));
    await until("the run's end", () => identityOf(pid) === undefined);
    assert.equal(asked(), "");
  });
});
