// Programs started without a copy of this process: what they get, what they do not, and their end.
import assert from "node:assert/strict";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { posixSpawn, type Program } from "../../src/effects/supervise/posix-spawn.ts";
import { AWKWARD } from "./run-harness.ts";

const folder = mkdtempSync(join(tmpdir(), "nightlab-spawn-"));
// Nothing here keeps Node waiting for its children.
const awake = setInterval(() => undefined, 1_000);
after(() => {
  clearInterval(awake);
  rmSync(folder, { recursive: true, force: true });
});

/** What a shell prints that is started so; its descriptors 1 and 2 are the output. */
async function output(script: string, more: Partial<Program> = {}): Promise<string> {
  const path = join(folder, "output");
  const out = openSync(path, "w");
  const started = await posixSpawn({
    file: "/bin/sh",
    args: ["-c", script, "sh", ...(more.args ?? [])],
    cwd: more.cwd ?? folder,
    env: more.env ?? process.env,
    files: ["null", out, out, ...(more.files ?? [])],
  });
  closeSync(out);
  await started.ended;
  return readFileSync(path, "utf8");
}

test("arguments, folder and environment arrive as they are", async () => {
  const cwd = join(folder, AWKWARD);
  mkdirSync(cwd);
  const args = ["", "-n", "$(touch pwned)", "é\nλ 'x' \"y\""];
  const env = { PATH: process.env["PATH"], ODD: "a=b 'c'\nd", GONE: undefined };
  const said = await output('printf "%s|" "$PWD" "$ODD" "${GONE-none}" "$@"', { args, cwd, env });
  assert.equal(said, [cwd, env.ODD, "none", ...args, ""].join("|"));
});

test("it leads a session of its own, and no signal is ignored or held back", async () => {
  const [own, group, session, ignored, blocked] = (
    await output(
      "read -r stat </proc/$$/stat; set -- ${stat##*) }; echo $$ $3 $4; " +
        // By itself: while a shell waits for a child it may hold signals back.
        "while read -r name mask; do case $name in SigIgn:|SigBlk:) echo $mask; esac; done </proc/$$/status",
    )
  )
    .trim()
    .split(/\s+/);
  assert.equal(group, own);
  assert.equal(session, own);
  // Numbers 32 and 33 are the C library's own.
  const theirs = 0x1_8000_0000n;
  for (const mask of [ignored, blocked]) assert.equal(BigInt(`0x${mask}`) & ~theirs, 0n);
});

test("descriptors stand where they are wanted, even crosswise, and no other is open", async () => {
  const paths = ["a", "b", "c"].map((name) => join(folder, name));
  const files = paths.map((path) => openSync(path, "w"));
  const other = openSync(join(folder, "other"), "w");
  const [a = 0, b = 0, c = 0] = files;
  const listed = await output(
    "for fd in 3 4 5 6 7; do readlink /proc/$$/fd/$fd || echo none; done",
    {
      files: [c, a, "closed", b],
    },
  );
  for (const fd of [...files, other]) closeSync(fd);
  assert.deepEqual(listed.trim().split("\n"), [paths[2], paths[0], "none", paths[1], "none"]);
  assert.equal((await output("ls /proc/$$/fd")).trim(), "0\n1\n2");
});

test("what cannot be started is told", async () => {
  const base: Program = { file: "/bin/sh", args: [], cwd: folder, env: {}, files: [] };
  await assert.rejects(posixSpawn({ ...base, file: join(folder, "no program") }), /ENOENT/);
  await assert.rejects(posixSpawn({ ...base, cwd: join(folder, "no folder") }), /ENOENT/);
  await assert.rejects(posixSpawn({ ...base, args: ["a\0b"] }), /null bytes/);
});

test("every end is noticed, however many come at once", async () => {
  const base: Program = { file: "/bin/true", args: [], cwd: folder, env: {}, files: [] };
  const started = await Promise.all(Array.from({ length: 50 }, async () => posixSpawn(base)));
  await Promise.all(started.map(({ ended }) => ended));
});
