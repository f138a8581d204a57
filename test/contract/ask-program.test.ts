// Short programs: what they print, and what is told of those that print nothing of use.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { askProgram, textOf } from "../../src/effects/os/ask-program.ts";

const folder = mkdtempSync(join(tmpdir(), "nightlab-ask-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const sh = (script: string, more: Partial<Parameters<typeof askProgram>[2]> = {}) =>
  askProgram("sh", ["-c", script], { timeoutMs: 20_000, ...more });

test("what it prints is the answer, in its folder and with its environment alone", async () => {
  const env = { PATH: process.env["PATH"], ODD: "a=b 'c'\nd" };
  const answer = await sh('printf "  %s|%s|%s\\n" "$PWD" "$ODD" "${HOME-none}"', {
    env,
    cwd: folder,
  });
  assert.deepEqual(answer, { kind: "said", text: `${folder}|${env.ODD}|none` });
  assert.equal(textOf(await sh("cat; echo over")), "over", "nothing is on its standard input");
});

test("one that fails is told with its code, its signal, and what it said", async () => {
  const failed = await sh("echo seen; echo 'no luck' >&2; exit 3");
  assert.ok(failed.kind === "failed");
  const { what, ...rest } = failed;
  assert.match(what, /^`sh -c .*` ended with exit code 3: no luck$/);
  assert.deepEqual(rest, { kind: "failed", text: "seen", errors: "no luck", late: false, code: 3 });
  const killed = await sh("kill -KILL $$");
  assert.ok(killed.kind === "failed" && killed.code === undefined);
  assert.match(killed.what, /was ended by SIGKILL$/);
});

test("one that is not there, or is no program, is told", async () => {
  assert.deepEqual(await askProgram("no-such-program", [], { timeoutMs: 5_000 }), {
    kind: "absent",
  });
  const file = join(folder, "file");
  writeFileSync(file, "");
  const answer = await askProgram(file, [], { timeoutMs: 5_000 });
  assert.match(answer.kind === "failed" ? answer.what : "", /cannot be started \(EACCES\)/);
  const nul = await askProgram("echo", ["a\0b"], { timeoutMs: 5_000 });
  assert.match(nul.kind === "failed" ? nul.what : "", /cannot be started/);
});

test("one that hangs is not waited for, and ends, even where it ignores TERM", async () => {
  const pid = join(folder, "pid");
  // It ends by itself, should nothing end it.
  const answer = await sh(
    `trap "" TERM; echo $$ >${pid}; n=0; while [ $n -lt 300 ]; do sleep 0.1; n=$((n+1)); done`,
    {
      timeoutMs: 1_500,
    },
  );
  assert.ok(answer.kind === "failed" && answer.late);
  assert.match(answer.what, /said nothing for 1.5 s$/);
  const process = Number(readFileSync(pid, "utf8"));
  const deadline = performance.now() + 20_000;
  while (existsSync(`/proc/${process}`) && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(existsSync(`/proc/${process}`), false);
});

test("one that is given up ends at once", async () => {
  const answer = await sh("exec sleep 30", { signal: AbortSignal.timeout(300) });
  assert.ok(answer.kind === "failed" && !answer.late);
});
